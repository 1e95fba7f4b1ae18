"""Expected violations: the only place that reads and applies the file of known deviations.

One line a rule: its id, a space, then the reason in words. Strict both ways: a rule named here
that is kept is an unexpected pass, and an id that no rule has is an error of the file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

_FORM = "give a text file with a rule id and a reason in each line"


class ExpectationError(ValueError):
    """The file cannot be used; the text is one line with the remedy."""


def read(path: Path, rules: Iterable[str]) -> Mapping[str, str]:
    """The reasons in the file by rule id.

    Blank lines and lines that begin with ``#`` are comments.

    :raises ExpectationError: it cannot be read, or a line is not as it must be.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as fault:
        raise ExpectationError(f"cannot read {path}: {fault.strerror}; {_FORM}") from fault
    except UnicodeDecodeError as fault:
        raise ExpectationError(f"{path} is not text; {_FORM}") from fault
    known, found = frozenset(rules), dict[str, str]()
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        rule, _, reason = stripped.partition(" ")
        where = f"{path}:{number}"
        if rule not in known:
            raise ExpectationError(f"{where}: no rule has the id {rule!r}; remove the line")
        if not reason.strip():
            raise ExpectationError(f"{where}: say after the rule id why it is expected to fail")
        if not reason.strip()[0].isalnum():
            raise ExpectationError(f"{where}: write the rule id, a space, and the reason in words")
        if rule in found:
            raise ExpectationError(f"{where}: {rule} is listed twice; remove one line")
        found[rule] = reason.strip()
    return found
