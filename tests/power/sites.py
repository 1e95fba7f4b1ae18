"""Where a module can be mutated, and by what: the only place that knows the mutation tool.

cosmic-ray makes the mutants. Left out is what cannot be seen by any caller: annotations, type
aliases, decorators; comparisons are exchanged for their neighbours only, since `==` for `is` or
`<` for `!=` gives mostly what is the same.
"""

import ast
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

from tests.helpers.source import text, tree

GUARDS: Final = (
    *(
        f"cloudhsm/{name}"
        for name in (
            *("backups", "clusters", "copies", "hsms", "modification"),
            *("policies", "requests", "tags", "users"),
        )
    ),
    *("faults", "operator", "operator_input", "quotas"),
    *(
        f"kms/{name}"
        for name in (
            *("aliases", "connect", "creation", "crypto", "external_stores", "grants"),
            *("identifiers", "imports", "key_pairs", "key_policy", "key_state", "keys"),
            *("last_usage", "macs", "managed", "metadata", "multi_region", "public_keys"),
            *("recipients", "requests", "rotation", "shared_secrets", "signing", "store_keys"),
            *("stores", "tags", "usage"),
        )
    ),
)
"""The modules in which the emulator decides what is refused and what changes."""

_COMPARISONS: Final = (
    *("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is"),
    *("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_GtE", "LtE_Gt", "Gt_LtE", "GtE_Lt"),
)
_BINARY: Final = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "BitOr_BitAnd", "BitAnd_BitOr")
OPERATORS: Final = (
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceUnaryOperator_Delete_Not"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "NumberReplacer", "ExceptionReplacer"),
    *("ZeroIterationForLoop", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    *(f"ReplaceComparisonOperator_{name}" for name in _COMPARISONS),
    *(f"ReplaceBinaryOperator_{name}" for name in _BINARY),
)
"""Of cosmic-ray's operators."""


class Site(NamedTuple):
    """One mutant: of a module, by an operator, at one of the places where that applies."""

    module: str
    operator: str
    occurrence: int
    line: int
    within: str
    """The outermost function or method, as ``__qualname__`` has it; empty: none."""

    def source(self) -> str:
        """The mutated module."""
        code = mutate_code(text(file(self.module)), _operator(self.operator), self.occurrence)
        return str(code)

    def statement(self) -> range:
        """The lines of the innermost statement that is mutated, or of its head."""
        nodes = ast.walk(tree(file(self.module)))
        spans = [_head(node) for node in nodes if isinstance(node, ast.stmt)]
        return min((span for span in spans if self.line in span), key=len)

    def lines(self) -> frozenset[int]:
        """The lines by which the mutant can be told; none: it may be by any.

        Of a constant of the module's own those of the functions that name it.
        """
        if self.within:
            return frozenset(self.statement())
        parsed = tree(file(self.module))
        statement = next(node for node in parsed.body if self.line in _lines(node))
        return frozenset(_of_constant(parsed, statement) or ())

    def change(self) -> str:
        """The line as it was and as it is, for people."""
        before, after = text(file(self.module)).splitlines(), self.source().splitlines()
        start = next(
            (n for n, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1), 0
        )
        return f"{before[start].strip()} => {after[start].strip()}"


def sites(module: str) -> Iterator[Site]:
    """Every mutant of a module."""
    parsed = tree(file(module))
    hidden = _Spans(parsed)
    functions = list(_functions(parsed))
    nodes = list(ast_nodes(get_ast(text(file(module)))))
    for name in OPERATORS:
        operator = _operator(name)
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(places):
            if not hidden.cover(start):
                within = next((f for f, first, last in functions if first <= start[0] <= last), "")
                yield Site(module, name, occurrence, start[0], within)


def named(module: str) -> str:
    """The dotted name of a module."""
    return f"kmspec_impl.{module.replace('/', '.')}"


def _head(node: ast.stmt) -> range:
    """The lines of a statement; of what has a body, before it."""
    last = node.end_lineno or 0
    match node:
        case ast.FunctionDef() | ast.ClassDef() | ast.If() | ast.For() | ast.While() | ast.With():
            last = max(node.lineno, node.body[0].lineno - 1)
    return range(node.lineno, last + 1)


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or 0) + 1)


def _of_constant(parsed: ast.Module, statement: ast.stmt) -> set[int] | None:
    """The lines of the functions that name what a statement assigns; nothing: others may."""
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            if not name.startswith("_"):
                return None
        case _:
            return None
    found: set[int] = set()
    for node in parsed.body:
        if node is statement or name not in _named(node):
            continue
        inside = isinstance(node, ast.FunctionDef) and name not in _named(node.args)
        more = _inside(node) if inside else _of_constant(parsed, node)
        if more is None:
            return None
        found |= more
    return found


def _inside(node: ast.stmt) -> set[int]:
    """The lines of the body of a function."""
    body = node.body if isinstance(node, ast.FunctionDef) else []
    return {line for one in body for line in _lines(one)}


def _named(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


class _Spans:
    """What is left out of a module."""

    def __init__(self, tree: ast.Module) -> None:
        self._spans = [
            ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
            for node in _left_out(tree)
        ]

    def cover(self, place: tuple[int, int]) -> bool:
        return any(start <= place < end for start, end in self._spans)


def _left_out(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef():
                yield from (node.returns,) if node.returns else ()
                yield from node.decorator_list
            case ast.ClassDef():
                yield from node.decorator_list
            case ast.arg(annotation=ast.expr() as annotation):
                yield annotation
            case ast.AnnAssign(annotation=ast.Name(id="TypeAlias"), value=ast.expr() as value):
                yield value
            case ast.AnnAssign():
                yield node.annotation


def _functions(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node.lineno, node.end_lineno or 0
        elif isinstance(node, ast.ClassDef):
            for one in node.body:
                if isinstance(one, ast.FunctionDef):
                    yield f"{node.name}.{one.name}", one.lineno, one.end_lineno or 0


def file(module: str) -> str:
    """Where a module stands in the repository."""
    return f"impl/kmspec_impl/{module}.py"


@cache
def _operator(name: str) -> Operator:
    made: Operator = get_operator(f"core/{name}")()
    return made
