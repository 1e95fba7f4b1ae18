"""Shrinking: the only place that leaves steps out of a way and keeps what the others mean.

What happens on a way is shrunk by playing it again and again; what happens after a way, to whoever
asks at once, first in the model alone.

The model numbers what is made in the order of its making. When what makes something is left out,
what is made after it has other numbers, and the steps that are kept name it by these.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from kmspec.names import Service
from kmspec_check.drawing import is_judged
from kmspec_check.oracle import Node
from kmspec_check.renaming import made, renaming
from kmspec_check.run import Run
from kmspec_model import EMPTY, Command, Ref

T = TypeVar("T")
Programs = tuple[tuple[Command, ...], ...]
Attempt = tuple[tuple[Command, ...], Programs]
"""A way, and what each of several clients asks after it."""
_PAIRS = 2
_OF = {"certificate": "cluster", "handle": "key", "material": "token"}
"""What a reference is about that is told by no answer."""


def shrunk(
    run: Run,
    way: Sequence[Command],
    shows: Callable[[tuple[Command, ...]], T | None],
    tries: int,
) -> T | None:
    """What the shortest way shows that is found in so many tries; the last step is always kept.

    ``shows`` is asked only about ways all of which the model can judge.
    """
    return _Shrinking(run, way, shows, tries).result()


def world_after(run: Run, way: Sequence[Command]) -> Node:
    """Where a way leads when each step is answered as we do it."""
    node = run.oracle.node(EMPTY)
    for command in way:
        node = node.permitted(command)[0].node
    return node


def fewest(run: Run, given: Attempt, same: Callable[[Attempt], bool]) -> Attempt:
    """The fewest steps after which it is the same, in the model; no request is made."""
    plain = tuple(map(_plain, given[0])), given[1]
    best = plain if same(plain) else given
    while (found := next((one for one in fewer(run, best) if same(one)), None)) is not None:
        best = found
    return best


def fewer(run: Run, given: Attempt) -> Iterator[Attempt]:
    """The same with some steps of the way left out: by halves, then one after the other."""
    way, programs = given
    size = len(way) // 2 or len(way)
    while size:
        for start in range(0, len(way) - size + 1, size):
            kept = (*range(start), *range(start + size, len(way)))
            every = [
                _renamed(run, (*way, *program), (*kept, *range(len(way), len(way) + len(program))))
                for program in programs
            ]
            told = [one for one in every if one is not None]
            if len(told) == len(programs):
                yield told[0][: len(kept)], tuple(one[len(kept) :] for one in told)
        size //= 2


class _Shrinking(Generic[T]):
    """Steps are numbers of the way that is shrunk."""

    def __init__(
        self,
        run: Run,
        way: Sequence[Command],
        shows: Callable[[tuple[Command, ...]], T | None],
        tries: int,
    ) -> None:
        self._run, self._way, self._shows = run, tuple(way), shows
        self._left = tries
        self._kept = tuple(range(len(way)))
        self._best: T | None = None

    def result(self) -> T | None:
        """First what has to do with the last step and changes anything, then by halves.

        With keys in no key store, if that shows the same: a key store takes many steps.
        """
        given = self._way
        for way in dict.fromkeys((tuple(map(_plain, given)), given)):
            self._way = way
            every = _related(self._run, way)
            if any(
                self._try(tuple(_changing(self._run, way, one))) or self._try(one) for one in every
            ):
                break
        size = len(self._kept) // 2
        while size:
            shorter = self._without(size)
            if size > 1 or not shorter:
                size //= 2
        return self._best

    def _without(self, size: int) -> bool:
        """Leave out so many steps in a row, wherever they are not needed; whether there are any."""
        start, shorter = 0, False
        while start + size < len(self._kept) and self._left and not self._run.spent:
            if self._try((*self._kept[:start], *self._kept[start + size :])):
                shorter = True
            else:
                start += 1 if size <= _PAIRS else size
        return shorter

    def _try(self, kept: tuple[int, ...]) -> bool:
        """Keep only these, if that shows the same."""
        way = _renamed(self._run, self._way, kept) if len(kept) < len(self._kept) else None
        if way is None or not self._left:
            return False
        self._left -= 1
        found = self._shows(way)
        if found is None:
            return False
        self._kept, self._best = kept, found
        return True


def _plain(command: Command) -> Command:
    """The same; of a new key nothing but whether it is a multi-Region key."""
    if command.operation != "CreateKey":
        return command
    kept = tuple(pair for pair in command.arguments if pair[0] == "MultiRegion")
    return command._replace(arguments=kept)


def _renamed(run: Run, way: Sequence[Command], kept: Sequence[int]) -> tuple[Command, ...] | None:
    """The steps of a way that are kept; ``None`` where the model cannot say what follows."""
    then = now = run.oracle.node(EMPTY)
    renamed: dict[Ref, Ref] = {}
    commands = []
    for number, command in enumerate(way):
        if not then.permitted(command):
            return None
        was = then.permitted(command)[0]
        if number in kept:
            again = renaming(command, renamed)
            if not is_judged(now, again):
                return None
            is_now = now.permitted(again)[0]
            renamed.update(zip(made(was.outcome), made(is_now.outcome), strict=False))
            commands.append(again)
            now = is_now.node
        then = was.node
    return tuple(commands)


def _related(run: Run, way: Sequence[Command]) -> Iterator[tuple[int, ...]]:
    """The steps that have to do, over whatever others, with what the last one names; and time.

    First over what came before them, then over what came after them too, and so on.
    """
    node, names = run.oracle.node(EMPTY), []
    for command in way:
        ways = node.permitted(command)
        names.append({*_about(command), *(made(ways[0].outcome) if ways else ())})
        node = ways[0].node if ways else node
    needed, found, last = set(_about(way[-1])), tuple[int, ...](), None
    while found != last:
        last, kept = found, [len(way) - 1]
        for number in range(len(way) - 2, -1, -1):
            if way[number].service == Service.CLOCK or not names[number].isdisjoint(needed):
                needed |= names[number]
                kept.append(number)
        found = tuple(reversed(kept))
        if found != last:
            yield found


def _about(command: Command) -> Iterator[Ref]:
    for ref in command.references():
        if ref.kind not in ("plaintext", "context", "policy", "zone", "subnet", "region"):
            yield ref.plain
        if ref.kind in _OF:
            index = int(ref.form[:1]) if ref.kind == "material" and ref.form[:1].isdigit() else None
            yield Ref(_OF[ref.kind], ref.index if index is None else index)


def _changing(run: Run, way: Sequence[Command], kept: Sequence[int]) -> Iterator[int]:
    """Of these steps those that leave another world, and the last."""
    node = run.oracle.node(EMPTY)
    for number, command in enumerate(way):
        ways = node.permitted(command)
        after = ways[0].node if ways else node
        if number in kept and (after is not node or number == len(way) - 1):
            yield number
        node = after
