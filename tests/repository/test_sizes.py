"""Sizes: a module, a function and a line stay small enough to be held in the head."""

from typing import Final

from tests.helpers.source import functions, python_files, text

MODULE_LINES: Final = 500
FUNCTION_LINES: Final = 60
LINE_CHARACTERS: Final = 100


def test_modules_are_short() -> None:
    long = {name: text(name).count("\n") for name in python_files()}
    long = {name: lines for name, lines in long.items() if lines > MODULE_LINES}
    assert not long, f"split these modules: at most {MODULE_LINES} lines each: {long}"


def test_functions_are_short() -> None:
    long = [
        f"{name}:{function.lineno} {function.name} has {lines}"
        for name in python_files()
        for function in functions(name)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, f"split these functions: at most {FUNCTION_LINES} lines each: {long}"


def test_lines_are_short() -> None:
    long = [
        f"{name}:{number}"
        for name in python_files()
        for number, line in enumerate(text(name).splitlines(), 1)
        if len(line) > LINE_CHARACTERS
    ]
    assert not long, f"break these lines: at most {LINE_CHARACTERS} characters: {long}"
