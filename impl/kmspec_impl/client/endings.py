"""Endings: the only place that turns what ended a command into an exit code and one line."""

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Final, Protocol

from kmspec_impl.client.errors import RefusedError, UseError

WRONG_USE: Final = 2
REFUSED: Final = 1
UNREAD: Final = 141
"""As a shell says it of a program that SIGPIPE ended: never 1, which means violations."""


class Misreading(Protocol):
    """What Typer raises when it cannot read a command line."""

    def format_message(self) -> str:
        """What is wrong, in its words."""
        ...


def misread(error: Misreading) -> UseError:
    """What Typer complains of, as our own complaint."""
    text = " ".join(error.format_message().split()).rstrip(".").replace(": Value error, ", ": ")
    near = getattr(error, "possibilities", None)
    if near:
        what = f"no such option {getattr(error, 'option_name', '')}"
        return UseError(what, f"did you mean {near[0]}?")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "kmspec"
    return UseError(f"{text[:1].lower()}{text[1:]}", f"see `{command} --help`")


def run(command: Callable[[], int]) -> int:
    """The exit code of a command; what went wrong is one line on standard error."""
    try:
        code = command()
        sys.stdout.flush()
    except UseError as error:
        complain(str(error))
        return WRONG_USE
    except RefusedError as error:
        complain(str(error))
        return REFUSED
    except BrokenPipeError:
        _discard_output()
        return UNREAD
    except SystemExit as ended:
        if ended.code != 1:  # so Typer and Rich end when a pipe is closed
            raise
        _discard_output()
        return UNREAD
    except OSError as error:
        _discard_output()
        what = f"cannot use {error.filename}" if error.filename else "cannot write the output"
        complain(f"{what}: {error.strerror or error}; make room or choose another place")
        return WRONG_USE
    return code


def complain(text: str) -> None:
    """One line on standard error, if anybody reads it."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"kmspec: {text}\n")


def _discard_output() -> None:
    """Leave nothing for the interpreter to flush to an output that takes nothing."""
    if sys.__stdout__ is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.__stdout__.fileno())
        os.close(nowhere)
