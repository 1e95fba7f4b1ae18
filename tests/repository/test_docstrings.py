"""Docstrings: every module says what it is for, every public name what it promises."""

import ast
from collections.abc import Iterator

from tests.helpers.source import PACKAGES, Function, python_files, tree


def public_without_docstring(body: list[ast.stmt], inside: str = "") -> Iterator[str]:
    """Names in a module or class body that a user may use and that say nothing of themselves."""
    for node in body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None and not overrides(node):
            yield f"{inside}{node.name} (line {node.lineno})"
        if isinstance(node, ast.ClassDef):
            yield from public_without_docstring(node.body, f"{inside}{node.name}.")


def overrides(node: Function | ast.ClassDef) -> bool:
    """Whether the name is documented elsewhere: an overload, a setter, an override."""
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"overload", "setter", "override"})


def test_every_module_says_what_it_is_for() -> None:
    silent = [name for name in python_files() if ast.get_docstring(tree(name)) is None]
    assert not silent, (
        f"begin these modules with a docstring that says what each is the only place for: {silent}"
    )


def test_every_public_name_of_the_packages_is_documented() -> None:
    silent = [
        f"{name}: {found}"
        for name in python_files(*PACKAGES, "typer_cli.py", "typer_hsm.py", "typer_words.py")
        for found in public_without_docstring(tree(name).body)
    ]
    assert not silent, f"write a docstring for, or make private with an underscore: {silent}"
