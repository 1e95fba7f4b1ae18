"""What is carried over: the only place that takes a run apart and puts it together elsewhere.

A world takes the place of its node, which is of one process only.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from kmspec_check.plan import Explored, Plan
from kmspec_check.run import Reached, Run
from kmspec_model import Command, World


class Carried(NamedTuple):
    """All that a run found before its seed mattered, as far as anything follows from it."""

    violated_rules: frozenset[str]
    unsupported: frozenset[tuple[str, str]]
    known: frozenset[tuple[str, str]]
    nonsense: Mapping[str, tuple[int, str, str]]
    untold: frozenset[tuple[str, str]]
    kept: Mapping[str, frozenset[str]]
    edges: frozenset[tuple[World, Command]]
    looked: frozenset[World]
    broken: Mapping[tuple[World, Command], str]
    deviations: Counter[str]
    costly: Counter[tuple[str, str]]

    @classmethod
    def of(cls, run: Run, plan: Plan) -> "Carried":
        """What is carried over of a run."""
        reached = run.reached
        return cls(
            frozenset(run.violated_rules),
            frozenset(run.unsupported),
            frozenset(run.known),
            dict(run.nonsense),
            frozenset(run.untold),
            {operation: frozenset(rules) for operation, rules in reached.kept.items()},
            frozenset((node.world, command) for node, command in reached.edges),
            frozenset(node.world for node in reached.looked),
            {(node.world, command): rule for (node, command), rule in plan.broken.items()},
            Counter(plan.deviations),
            Counter(plan.costly),
        )

    def reached(self, explored: Explored) -> Reached:
        """What was come by, in this process."""
        node = explored.oracle.node
        reached = Reached(
            edges={(node(world), command) for world, command in self.edges},
            looked=set(map(node, self.looked)),
        )
        for operation, rules in self.kept.items():
            reached.kept[operation] = set(rules)
        return reached

    def plan(self, explored: Explored) -> Plan:
        """What is known to be impassable, in this process."""
        node = explored.oracle.node
        broken = {(node(world), command): rule for (world, command), rule in self.broken.items()}
        return Plan(explored, broken, Counter(self.deviations), Counter(self.costly))
