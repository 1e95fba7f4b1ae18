"""Tracebacks: the only place that says of a defect where it is, and not what it is about.

What an exception says may quote a request, and with it a secret.
"""

import traceback


def places(error: BaseException) -> str:
    """The traceback of an exception and its causes: places in the code and types, no values."""
    cause = error.__cause__ or error.__context__
    before = "" if cause is None else f"{places(cause)}\n"
    lines = "".join(traceback.format_tb(error.__traceback__))
    return f"{before}Traceback (most recent call last):\n{lines}{type(error).__name__}"
