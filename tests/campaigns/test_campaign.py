"""A campaign finds the same in one process and in several, of which one is killed."""

import multiprocessing
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from kmspec_check.campaign.campaign import Campaign
from kmspec_check.campaign.processes import Processes
from kmspec_check.campaign.workers import MOST_LOSSES, Alone, in_order
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.endpoint import Endpoint
from kmspec_check.profile import load
from kmspec_check.target import Trouble
from tests.campaigns.support import (
    ONLY,
    SEED,
    SEEDS,
    Fatal,
    bytes_of,
    campaign,
    target,
    told,
)
from tests.helpers.machine import explored
from tests.helpers.server import serving

RULE = "effect/CancelKeyDeletion/answer"


def test_processes_find_what_one_finds_though_one_is_killed(tmp_path: Path) -> None:
    alone = campaign(Alone())
    assert [violation.rule for violation in alone.violations] == [RULE, RULE]
    assert len({violation.cell for violation in alone.violations}) == len(alone.violations)
    assert sum(violation.trace is not None for violation in alone.violations) == 1
    assert alone.identity.seeds == SEEDS
    fatal = Fatal(tmp_path / "killed")
    others = multiprocessing.active_children()
    assert bytes_of(campaign(Processes(2), fatal)) == bytes_of(alone)
    assert fatal.mark.exists()
    assert set(multiprocessing.active_children()) <= set(others)


def test_a_campaign_of_one_seed_finds_what_a_check_finds() -> None:
    one = conform(target(), only=ONLY, seed=SEED, explored=explored())
    spread = Campaign(1, target, shared=False)
    again = conform(target(), only=ONLY, seed=SEED, explored=explored(), campaign=spread)
    assert told(again) == told(one)
    assert again.steps == one.steps
    assert again.coverage == one.coverage


# ---- how pieces are handed out ----------------------------------------------------------------


def double(fatal: Fatal | None, piece: int) -> int:
    if fatal is not None and piece == 3:
        fatal.strike()
    return 2 * piece


def ends(piece: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return piece


def fails(piece: int) -> int:
    raise ValueError(str(piece))


@pytest.mark.parametrize("workers", [Alone(), Processes(3)], ids=["alone", "processes"])
def test_each_piece_is_answered_once(workers: Alone | Processes, tmp_path: Path) -> None:
    fatal = Fatal(tmp_path / "killed") if isinstance(workers, Processes) else None
    with workers.doing(partial(double, fatal)) as each:
        for size in (20, 0, 7):
            found = list(each(range(size)))
            assert sorted(found) == [(number, 2 * number) for number in range(size)]


def test_what_is_done_is_taken_in_order() -> None:
    assert list(in_order(iter([(2, "c"), (0, "a"), (1, "b")]))) == ["a", "b", "c"]


def test_work_that_ends_every_worker_is_given_up() -> None:
    with Processes(2).doing(ends) as each, pytest.raises(Trouble) as found:
        list(each([1]))
    assert f"ended {MOST_LOSSES} times and nothing was done meanwhile" in str(found.value)


def test_what_fails_in_a_process_fails_here() -> None:
    with Processes(1).doing(fails) as each, pytest.raises(ValueError, match=r"^7$"):
        list(each([7]))


# ---- one target for all -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("kmspec", "the target has one clock, which every worker would move; leave out --workers"),
        ("generic", "profile generic keeps no accounts apart, so workers would see each other"),
        ("ministack", ""),
    ],
)
def test_workers_share_an_endpoint_only_where_they_do_not_meet(profile: str, said: str) -> None:
    with serving() as url, Endpoint(url, load(profile)) as endpoint:
        make = partial(Endpoint, url, load(profile))
        spread = Campaign(3, make, shared=True, workers=Processes(2))
        only = ["values", "alias"]
        result = conform(endpoint, only=only, campaign=spread, explored=explored())
    assert result.trouble.startswith(said) if said else result.trouble == ""
    assert result.identity.seeds == (1 if said else 3)
    assert result.count(Status.FAIL) == 0
