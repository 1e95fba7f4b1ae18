"""Ground: the only place that says which explored model a piece of work stands on.

It is not sent along: a worker explores it once, or is a copy of a process that has.
"""

from typing import NamedTuple

from kmspec.tables import load
from kmspec_check.plan import Explored
from kmspec_check.target import Trouble
from kmspec_model import Model, Timing

_explored: dict["Ground", Explored] = {}
"""What this process has explored, or the one that it is a copy of."""


class Ground(NamedTuple):
    """What tells one explored model from another."""

    edition: str
    timing: Timing
    scopes: tuple[str, ...]

    @classmethod
    def of(cls, explored: Explored) -> "Ground":
        """That of what is explored already, which is remembered in this process."""
        ground = cls(explored.edition, explored.oracle.model.timing, tuple(explored.graphs))
        _explored[ground] = explored
        return ground

    def explored(self) -> Explored:
        """What is explored, by now.

        :raises Trouble: the tables here are others.
        """
        if self not in _explored:
            model = Model(load(), self.timing)
            if Ground.of(Explored(model, self.scopes)) != self:
                raise Trouble("a worker has other tables", "install the same kmspec everywhere")
        return _explored[self]
