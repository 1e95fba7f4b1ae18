"""Our own sources, parsed: the only place where tests find and read the files of the repository."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("spec/", "model/", "impl/")


Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked() -> tuple[str, ...]:
    """Every file of the repository, as git lists them: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(sorted(name for name in listing.stdout.splitlines() if (ROOT / name).is_file()))


def python_files(*prefixes: str) -> tuple[str, ...]:
    """Our Python files, those under the prefixes if any are given."""
    names = (name for name in tracked() if name.endswith(".py"))
    return tuple(name for name in names if not prefixes or name.startswith(prefixes))


@cache
def text(name: str) -> str:
    """The text of one file."""
    return (ROOT / name).read_text("utf-8")


@cache
def tree(name: str) -> ast.Module:
    """One Python file, parsed."""
    return ast.parse(text(name), name)


def functions(name: str) -> Iterator[Function]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(tree(name)):
        if isinstance(node, Function):
            yield node


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of a chain of names and attributes; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
