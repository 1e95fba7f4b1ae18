"""Clients of several processes at once, with kills: short forms of the documented commands."""

from functools import partial

import pytest

from benchmarks.servers import postgres
from kmspec_check.plan import Explored
from kmspec_check.races import races
from kmspec_model import Model
from tests.crash.histories import judge
from tests.crash.run import crash

PROCESSES = 3
HISTORIES = 20


def test_what_a_killed_process_answered_is_known_to_the_others(
    server: postgres.Postgres, url: str
) -> None:
    words = ("--data-url", url)
    found = crash(6, 6, 0, *words, processes=PROCESSES, variables=server.key())
    assert found.faults == []
    assert found.answered > 60


def test_histories_of_three_processes_are_linearizable(
    server: postgres.Postgres, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kmspec_check.campaign.seeds.races", partial(races, histories=HISTORIES))
    found = judge(
        Explored(Model()),
        HISTORIES,
        *("--data-url", url),
        seed=1,
        share=0.005,
        processes=PROCESSES,
        variables=server.key(),
    )
    assert (found.violations, found.trouble) == ((), "")
    assert found.histories >= HISTORIES
