"""Renaming: the only place that writes a command, a pattern or a path with other symbols."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from kmspec_check.patterns import binds
from kmspec_model import Command, Ref, Success

if TYPE_CHECKING:
    from kmspec_model.command import Value
    from kmspec_model.outcome import Outcome


def renaming(command: Command, renamed: Mapping[Ref, Ref]) -> Command:
    """A command with other symbols, each in the form that it had."""
    if not renamed:
        return command
    arguments = cast("tuple[tuple[str, Value], ...]", replaced(command.arguments, renamed))
    return command._replace(arguments=arguments)


def replaced(value: object, renamed: Mapping[Ref, Ref]) -> object:
    """Arguments, a pattern or a path with other symbols, each in the form that it had."""
    if isinstance(value, Ref):
        found = renamed.get(value.plain)
        return value if found is None else found._replace(form=value.form)
    if isinstance(value, tuple):
        parts: tuple[Any, ...] = tuple(replaced(part, renamed) for part in value)
        return type(value)(*parts) if hasattr(value, "_fields") else parts
    return value


def made(outcome: "Outcome") -> tuple[Ref, ...]:
    """What an answer names, each once."""
    found = binds(outcome.response) if isinstance(outcome, Success) else ()
    return tuple(dict.fromkeys(ref.plain for ref in found))
