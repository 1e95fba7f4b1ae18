"""State names: in the model only the guard module compares them, all else asks the tables.

Whoever adds a comparison elsewhere moves a rule out of its row; the few places that may are
listed here with the reason.
"""

import ast
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from kmspec.names import BackupState, ClusterState, ConnectionState, HsmState, KeyState
from tests.helpers.source import python_files, tree

STATES: Final[tuple[type[StrEnum], ...]] = (
    BackupState,
    ClusterState,
    ConnectionState,
    HsmState,
    KeyState,
)
CLASSES: Final = {states.__name__ for states in STATES}
WORDS: Final = {str(state) for states in STATES for state in states}

ALLOWED: Final = {
    "model/kmspec_model/states.py": "the guard module",
}


def is_state(node: ast.AST) -> bool:
    """Whether an expression is the name of a state, or a collection that holds one."""
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and node.value.id in CLASSES
    if isinstance(node, ast.Constant):
        return node.value in WORDS
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(is_state(element) for element in node.elts)
    return False


def comparisons(name: str) -> Iterator[int]:
    """Lines of a file on which something is compared with the name of a state."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Compare):
            if any(is_state(side) for side in (node.left, *node.comparators)):
                yield node.lineno
        elif isinstance(node, ast.MatchValue) and is_state(node.value):
            yield node.lineno


def test_states_are_compared_in_the_guard_module_only() -> None:
    found = [
        f"{name}:{line}"
        for name in python_files("model/")
        if name not in ALLOWED
        for line in comparisons(name)
    ]
    assert not found, f"ask a question of kmspec_model.states, or write a row instead: {found}"


def test_the_allowed_list_is_not_stale() -> None:
    stale = [name for name in ALLOWED if not any(comparisons(name))]
    assert not stale, f"remove these lines from ALLOWED, nothing needs them: {stale}"
