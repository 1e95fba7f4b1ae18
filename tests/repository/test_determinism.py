"""Time and chance: both are passed in, so that every run can be repeated from its seed.

The modules that are allowed to touch them are listed here with the reason.
"""

import ast
from collections.abc import Iterator
from typing import Final

from tests.helpers.source import dotted, python_files, tree

FORBIDDEN: Final = {
    "time.sleep": "advance a clock, or poll through the one polling module",
    "asyncio.sleep": "advance a clock",
    "time.time": "take a clock as a parameter",
    "time.time_ns": "take a clock as a parameter",
    "datetime.now": "take a clock as a parameter",
    "datetime.utcnow": "take a clock as a parameter",
    "datetime.today": "take a clock as a parameter",
    "date.today": "take a clock as a parameter",
    "uuid.uuid1": "draw ids from the seeded generator",
    "uuid.uuid4": "draw ids from the seeded generator",
    "random.SystemRandom": "use random.Random(seed)",
}

ALLOWED: Final = {
    ("impl/kmspec_impl/clock.py", "time.time"): "the real clock",
    ("impl/kmspec_impl/client/polling.py", "time.sleep"): "bounded polling of a real endpoint",
    ("model/kmspec_check/resolve.py", "datetime.now"): "the time of a target without a clock",
    ("benchmarks/servers/server.py", "time.sleep"): "bounded polling of a server that starts",
    ("typer_cli.py", "datetime.now"): "a report says when it was made",
}


def forbidden_calls(name: str) -> Iterator[tuple[str, int, str]]:
    """Calls in a file that read the time, wait, or draw without a seed."""
    for node in ast.walk(tree(name)):
        if not isinstance(node, ast.Call):
            continue
        called = dotted(node.func)
        word = ".".join(called.split(".")[-2:])
        if word in FORBIDDEN:
            yield word, node.lineno, FORBIDDEN[word]
        elif called == "random.Random" and not (node.args or node.keywords):
            yield called, node.lineno, "give it a seed"
        elif called.startswith("random.") and called != "random.Random":
            yield called, node.lineno, "use random.Random(seed)"


def test_time_and_chance_are_passed_in() -> None:
    found = [
        f"{name}:{line} calls {word}: {remedy}"
        for name in python_files()
        for word, line, remedy in forbidden_calls(name)
        if (name, word) not in ALLOWED
    ]
    assert not found, f"mend, or list the module with its reason in {__name__}: {found}"


def test_forbidden_functions_are_not_imported_by_name() -> None:
    bare = {tuple(word.rsplit(".", 1)) for word in FORBIDDEN}
    found = [
        f"{name}:{node.lineno} imports {alias.name} from {node.module}"
        for name in python_files()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if (node.module, alias.name) in bare or node.module == "random"
    ]
    assert not found, f"import the module instead, so that its calls can be found: {found}"


def test_the_allowed_list_is_not_stale() -> None:
    used = {(name, word) for name in python_files() for word, _, _ in forbidden_calls(name)}
    stale = set(ALLOWED) - used
    assert not stale, f"remove these lines from ALLOWED, nothing needs them: {stale}"
