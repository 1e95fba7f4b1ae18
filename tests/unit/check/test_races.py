"""Several clients at once: who is asked, what is a race and what is not, and how it is told."""

import json
import random
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import pytest

from kmspec_check import report_json, trace
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.contention import Contention, contention
from kmspec_check.drawing import starts
from kmspec_check.histories import History, Judge, Racing
from kmspec_check.matrix import reach
from kmspec_check.plan import Plan
from kmspec_check.profile import load
from kmspec_check.races import races
from kmspec_check.replay import Ending, replay
from kmspec_check.run import Run
from kmspec_check.session import Session
from kmspec_check.target import Answer as Answered
from kmspec_check.target import TimedOut
from kmspec_check.violation import lines
from kmspec_impl.embedded import Embedded
from kmspec_model import Command, Ref
from kmspec_model.command import command
from kmspec_model.setup import create_alias, of_key
from tests.helpers import schemas
from tests.helpers.machine import explored
from tests.unit.check.support import Altered, Answer, run_of

RULE = "race/linearizable"
CREATE = command("kms", "CreateKey")


@cache
def histories() -> tuple[tuple[Run, History], ...]:
    """What clients of the embedded emulator saw, its requests in an order drawn by a seed."""

    def made() -> Iterator[tuple[Run, History]]:
        run, plan, rng = run_of(Embedded()), Plan(explored()), random.Random(5)
        with Racing(run, 4) as racing:
            for _, way in starts(run, plan, rng):
                session, result = reach(run, plan, way)
                assert result.fits
                planned = contention(run, session.node, rng)
                if planned is not None:
                    history = racing.history(session, planned)
                    assert history is not None
                    yield run, history

    return tuple(islice(made(), 100))


def test_what_was_done_in_some_order_is_always_explained() -> None:
    for _, history in histories():
        assert history.left
        assert history.overlapped
        for _, order in history.left:
            assert sorted(order) == list(range(len(history.requests)))


def test_a_wrong_answer_is_not_explained() -> None:
    rng = random.Random(6)
    for run, history in histories():
        requests = list(history.requests)
        number = rng.randrange(len(requests))
        wrong = Answered(400, {"__type": "TeapotException"})
        requests[number] = requests[number]._replace(answer=wrong, partial=False)
        assert not Judge(run, history.starts, requests).ends()


def race(*programs: tuple[Command, ...]) -> History:
    """Clients of an account with one KMS key."""
    run = run_of(Embedded())
    session = Session(run)
    assert session.step(CREATE).fits
    with Racing(run, len(programs)) as racing:
        history = racing.history(session, Contention(programs))
    assert history is not None
    return history


def with_answer(history: History, client: int, answer: Mapping[str, Any]) -> bool:
    """Whether a history is explained when a client's last request was answered so."""
    requests = [one for one in history.requests if one.client]
    last = [number for number, one in enumerate(requests) if one.client == client][-1]
    status = 400 if "__type" in answer else 200
    requests[last] = requests[last]._replace(answer=Answered(status, answer))
    return bool(Judge(run_of(Embedded()), history.starts, requests).ends())


def test_only_one_of_two_makes_an_alias() -> None:
    history = race((create_alias(),), (create_alias(),))
    assert {one.answer.code for one in history.requests if one.client} == {
        "",
        "AlreadyExistsException",
    }
    for client in (1, 2):
        answers = [one.answer.code for one in history.requests if one.client == 3 - client]
        refused = {"__type": "AlreadyExistsException"}
        assert with_answer(history, client, {}) is (answers != [""])
        assert with_answer(history, client, refused) is (answers == [""])


def test_each_client_goes_on_with_what_it_made_itself() -> None:
    own = of_key("DisableKey", 1)
    history = race((CREATE, own), (CREATE, own), (CREATE, own))
    assert history.left
    stands = [one.stands[Ref("key", 1)] for one in history.requests if one.command == own]
    assert len(set(stands)) == 3
    assert {one.operation for one in history.taken} == {"CreateKey", "DisableKey"}
    assert {one.get("KeyId") for one in history.taken if one.operation == "DisableKey"} == {
        Ref("key", number) for number in (1, 2, 3)
    }


def test_what_deviates_also_without_others_is_no_race() -> None:
    run = run_of(Embedded(mutant="encrypts-with-disabled-key"))
    run.areas = frozenset({"key", "cryptography"})
    races(run, Plan(explored()), 30)
    assert run.violated_rules
    assert all(rule.endswith("/Disabled") for rule in run.violated_rules)
    assert not any(one.status is Status.ERROR for one in run.board.all())


@pytest.mark.parametrize(
    ("options", "status", "reason"),
    [
        ({"profile": "generic"}, Status.UNSUPPORTED, "does not claim"),
        ({"level": "must"}, Status.SKIP, "only should"),
    ],
    ids=["eventual", "must"],
)
def test_who_does_not_claim_it_is_not_held_to_it(
    options: dict[str, Any], status: Status, reason: str
) -> None:
    result = conform(Embedded(), only=["races"], explored=explored(), **options)
    (cell,) = [one for one in result.cells if one.cell.phase == "races"]
    assert cell.status is status
    assert reason in cell.reason


def test_nothing_is_said_when_there_is_no_answer() -> None:
    asked = 0

    def silent(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
        nonlocal asked
        del parameters
        asked += operation == "CreateAlias"
        if asked > 3:
            raise TimedOut("it did not answer")
        return answer

    result = conform(Altered(silent), only=["races"], explored=explored())
    assert result.trouble
    assert result.exit_code == 2
    assert not result.violations


def both_succeed(operation: str, _: Mapping[str, Any], answer: Answer) -> Answer:
    """CreateAlias of what somebody else made is answered with success."""
    exists = answer[1].get("__type") == "AlreadyExistsException"
    return (200, {}) if operation == "CreateAlias" and exists else answer


class Branch(Altered):
    """A connection of one of several clients."""

    def close(self) -> None:
        """Nothing is kept."""


class Once(Embedded):
    """A target that is wrong only when it is not asked in turns.

    Two who make an alias at the same time both succeed, as long as the other has not been told.
    """

    def another(self) -> Branch:
        """For one of several clients."""
        return Branch(both_succeed, self)


def test_a_race_is_told_in_full() -> None:
    result = conform(
        Once(), profile=load("embedded"), only=["races", "alias", "key"], explored=explored()
    )
    told = next(one for one in result.violations if one.trace is not None)
    assert told.rule == RULE
    found = told.trace
    assert found is not None
    assert found.at_once is not None
    assert found.at_once.seen >= 2
    clients = [step for step in found.steps if step.client]
    assert len({step.client for step in clients}) >= 2
    assert "CreateAlias" in {step.command.operation for step in clients}
    text = "\n".join(lines(told))
    assert "client 1 |" in text
    assert "must be answered AlreadyExistsException, HTTP 400, and was answered success" in text
    assert f"seen in {found.at_once.seen} of {found.at_once.tries} tries" in text
    data = report_json.to_data(result)
    schemas.validate(data, "report-1")
    written = trace.to_json(found)
    schemas.validate(written, "trace-3")
    again = trace.loads(json.dumps(written))
    assert trace.to_json(again) == written
    shown = next(one for one in data["violations"] if one["boto3"])
    compile(shown["boto3"], "show.py", "exec")
    assert "at_once(client_" in shown["boto3"]
    assert "client 2, at once" in shown["cli"]
    replayed = replay(again, Embedded(), load("embedded"))
    assert replayed.ending is Ending.AT_ONCE
    assert replayed.exit_code == 2
    assert len(replayed.steps) == len(found.steps)
