"""The tour: the only place that takes every transition of the explored graphs.

From where it is, it takes a transition not yet taken; when there is none it goes to the nearest
world that has one, and when there is no way it begins again. Where the target takes another
permitted way, the tour follows it. What a run has compared before is not taken again.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kmspec_check.cells import Cell, Status
from kmspec_check.confirm import Looking, play, report
from kmspec_check.events import Progressed
from kmspec_check.matrix import is_harmless, reach, retaken, tell_asides, tried
from kmspec_check.oracle import Node
from kmspec_check.plan import OFTEN, Plan, Stop, label_of
from kmspec_check.run import ENOUGH, SPENT, Run
from kmspec_check.session import Result, Session, Verdict
from kmspec_model import Command

PHASE = "tour"
_TELL_EVERY = 50


class Missed(NamedTuple):
    """A transition that was not taken, and why."""

    scope: str
    situation: str
    command: str
    reason: str


class Toured(NamedTuple):
    """What the tour came by."""

    total: int
    """Of the areas that were asked for."""
    taken: int
    missed: tuple[Missed, ...]
    """Not taken and not unsupported."""
    unsupported: int

    @property
    def out_of_time(self) -> bool:
        """Whether the budget was used up before the end."""
        return any(missed.reason == SPENT for missed in self.missed)


def tour(run: Run, plan: Plan) -> Toured:
    """Take every transition of every scope; on a used-up budget, as many as there was time for."""
    tours = [_Tour(run, plan, name) for name in plan.graphs]
    for one in tours:
        one.walk()
    return Toured(
        plan.transitions(run),
        sum(one.taken for one in tours),
        tuple(missed for one in tours for missed in one.missed()),
        sum(one.unsupported for one in tours),
    )


class _Tour:
    """The tour of one scope. A transition is (world index, position among its edges)."""

    def __init__(self, run: Run, plan: Plan, scope: str) -> None:
        self._run, self._plan, self._scope = run, plan, scope
        self._graph = plan.graphs[scope]
        self._nodes = [plan.oracle.node(world) for world in self._graph.worlds]
        self._index = {node: index for index, node in enumerate(self._nodes)}
        self._left: dict[int, list[int]] = {}
        self._reasons: dict[tuple[int, int], str] = {}
        self._unseen: list[tuple[int, int]] = []
        self._elsewhere: set[tuple[int, int]] = set()
        """Transitions by which the target does not come to the world of the graph."""
        self._stopped = ""
        self.taken = 0
        self.unsupported = 0
        for index, edges in enumerate(self._graph.edges):
            for number, edge in enumerate(edges):
                self._sort(index, number, edge.command)

    def _sort(self, index: int, number: int, command: Command) -> None:
        """Put a transition among those taken, impossible, or still to take."""
        if not self._run.asks(command):
            return
        if (self._nodes[index], command) in self._run.reached.edges:
            self.taken += 1
        elif not self._run.wants(self._nodes[index], command):
            return
        elif not self._run.offers(command):
            self.unsupported += 1
        elif (self._nodes[index], command) in self._plan.broken:
            self._reasons[index, number] = self._violated(self._nodes[index], command)
        else:
            self._left.setdefault(index, []).append(number)

    def _violated(self, node: Node, command: Command) -> str:
        return f"{self._plan.broken[node, command]} is violated by it"

    def walk(self) -> None:
        """Take what is left."""
        self._give_up(rule for rule, times in self._plan.deviations.items() if times >= OFTEN)
        session: Session | None = None
        while self._left:
            if self._out_of_time():
                return
            if session is None:
                session = self._begin()
                if session is None:
                    return
                fresh = True
            position = self._index.get(session.node.home)
            ahead = self._ahead(position) if position is not None else None
            if ahead is None and fresh:
                self._stopped = "no way leads there that the target can go"
                return
            fresh = False
            if ahead is None:
                self._look(session)
                session = None
            elif not self._go(session, ahead):
                session = None
        if session is not None:
            self._look(session)

    def _out_of_time(self) -> bool:
        run = self._run
        if run.has_enough:
            self._stopped = ENOUGH
            return True
        if run.deadline is not None and run.clock() >= run.deadline:
            self._stopped = SPENT
            return True
        return False

    def _begin(self) -> Session | None:
        """A session at the beginning of the scope."""
        session, result = reach(self._run, self._plan, self._plan.way_to(Stop(self._scope, 0)))
        if result.fits:
            return session
        self._stopped = result.reason or "the beginning of the scope was not reached"
        if result.verdict is Verdict.UNSUPPORTED:
            self.unsupported += sum(len(numbers) for numbers in self._left.values())
            self._left.clear()
        elif result.verdict is Verdict.TROUBLE:
            self._run.troubled(Cell(PHASE, "-", self._scope), result.reason)
        return None

    def _ahead(self, start: int) -> list[tuple[int, int]] | None:
        """The transitions to the nearest one not yet taken, that one included."""
        came: dict[int, tuple[int, int] | None] = {start: None}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            if here in self._left:
                way = [(here, self._next(here))]
                step = came[here]
                while step is not None:
                    way.append(step)
                    step = came[step[0]]
                return way[::-1]
            for number, target in self._passable(here):
                if target not in came:
                    came[target] = (here, number)
                    queue.append(target)
        return None

    def _next(self, index: int) -> int:
        """Which transition to take first: one that stays, so that the others are not lost."""
        edges = self._graph.edges[index]
        return min(self._left[index], key=lambda number: edges[number].target != index)

    def _passable(self, index: int) -> Iterator[tuple[int, int]]:
        node = self._nodes[index]
        for number, edge in enumerate(self._graph.edges[index]):
            passable = edge.target != index and (node, edge.command) not in self._plan.broken
            if (index, number) in self._elsewhere:
                continue
            if passable and self._run.offers(edge.command):
                yield number, edge.target

    def _go(self, session: Session, way: list[tuple[int, int]]) -> bool:
        """Take the transitions; whether the session can be used further."""
        for index, number in way:
            node, edge = self._nodes[index], self._graph.edges[index][number]
            if session.node.home is not node:
                return self._look(session)
            if edge.target == index:
                return self._stay(session, index, number)
            if not self._look(session):
                return False
            if (node, edge.command) in self._run.reached.edges:
                result = retaken(session, edge.command)
            else:
                result = tried(session, edge.command)
            self._note(session, index, number, result)
            tell_asides(self._run, session)
            if not result.fits or session.node.home is not self._nodes[edge.target]:
                self._elsewhere.add((index, number))
            if not result.fits:
                return False
        return True

    def _stay(self, session: Session, index: int, number: int) -> bool:
        """Take a transition that leads nowhere else; the state is compared once after several."""
        command = self._graph.edges[index][number].command
        known = self._run.violated_rules.intersection(
            self._nodes[index].permitted(command)[0].rules
        )
        if known and not self._look(session):
            return False
        result = session.step(command)
        stayed = session.node.home is self._nodes[index]
        if result.fits and result.finding is None and stayed:
            self._drop(index, number)
            self._unseen.append((index, number))
            return True
        self._again()
        self._note(session, index, number, result)
        return result.fits or (bool(known) and is_harmless(self._run, session, command, result))

    def _look(self, session: Session) -> bool:
        """Compare the state after the transitions that left it as it was."""
        if not self._unseen:
            return True
        result = session.observe()
        tell_asides(self._run, session)
        if not result.fits:
            self._again()
            return False
        for index, number in self._unseen:
            self._left.setdefault(index, []).append(number)
            self._note(session, index, number, result)
        self._unseen.clear()
        return True

    def _again(self) -> None:
        """Take each of the transitions after which the state was not compared by itself."""
        unseen, self._unseen = self._unseen, []
        for index, number in unseen:
            self._left.setdefault(index, []).append(number)
            command = self._graph.edges[index][number].command
            way = (*self._plan.way_to(Stop(self._scope, index)), command)
            alone, result = play(self._run, way, Looking.LAST)
            self._note(alone, index, number, result)

    def _note(self, session: Session, index: int, number: int, result: Result) -> None:
        run, node = self._run, self._nodes[index]
        command = self._graph.edges[index][number].command
        cell = Cell(PHASE, str(node.situation), label_of(node, command))
        was_left = self._drop(index, number)
        if result.fits:
            run.reached.edges.add((node, command))
            if was_left:
                self.taken += 1
                run.decide(cell, Status.PASS, rules=node.permitted(command)[0].rules)
                if self.taken % _TELL_EVERY == 0:
                    run.tell(Progressed(PHASE, self.taken))
        elif result.verdict is Verdict.UNSUPPORTED:
            self.unsupported += was_left
            run.decide(cell, Status.UNSUPPORTED, result.reason)
        elif result.verdict is Verdict.TROUBLE:
            self._reasons[index, number] = result.reason
            run.troubled(cell, result.reason)
        if result.finding is not None:
            if not result.fits:
                self._plan.broken[node, command] = result.finding.rule
                self._reasons[index, number] = self._violated(node, command)
                self._plan.deviations[result.finding.rule] += 1
                if self._plan.deviations[result.finding.rule] == OFTEN:
                    self._give_up((result.finding.rule,))
            shortest = (*self._plan.way_to(Stop(self._scope, index)), command)
            taken = [step.command for step in session.steps if not step.view]
            report(run, cell, result.finding, shortest, taken)

    def _give_up(self, rules: Iterable[str]) -> None:
        """Leave out what else rules decide: they were violated so often that more tells nothing."""
        often = set(rules)
        for index, numbers in list(self._left.items()) if often else ():
            node, edges = self._nodes[index], self._graph.edges[index]
            for number in list(numbers):
                found = often.intersection(node.permitted(edges[number].command)[0].rules)
                if found:
                    self._drop(index, number)
                    reason = f"{min(found)} is violated {OFTEN} times by others"
                    self._reasons[index, number] = reason

    def _drop(self, index: int, number: int) -> bool:
        """Take a transition off the list; whether it was on it."""
        numbers = self._left.get(index, [])
        if number not in numbers:
            return False
        numbers.remove(number)
        if not numbers:
            del self._left[index]
        return True

    def missed(self) -> Iterator[Missed]:
        """What was not taken."""
        reasons = dict(self._reasons)
        for index, numbers in self._left.items():
            reasons.update({(index, number): self._stopped for number in numbers})
        for (index, number), reason in reasons.items():
            command = self._graph.edges[index][number].command
            yield Missed(self._scope, str(self._nodes[index].situation), str(command), reason)


def reasons(missed: tuple[Missed, ...]) -> Counter[str]:
    """How many transitions were missed for which reason."""
    return Counter(one.reason for one in missed)
