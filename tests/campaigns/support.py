"""Campaigns to compare, and work that ends whoever does it."""

import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from kmspec_check import report_json
from kmspec_check.campaign.campaign import Campaign
from kmspec_check.campaign.workers import Workers
from kmspec_check.conform import conform
from kmspec_check.plan import Explored
from kmspec_check.result import Result
from kmspec_impl.embedded import Embedded
from kmspec_model.model import Model

MUTANT = "cancel-brings-back-policy"
ONLY = ("walks", "key", "policy")
SEED, SEEDS = 1, 2
"""Both find the mutant, in two situations."""


class Fatal(NamedTuple):
    """Ends the process that does it first."""

    mark: Path
    """A file that is made before."""

    def strike(self) -> None:
        """End this process, unless that was done before."""
        try:
            self.mark.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def target(fatal: Fatal | None = None) -> Embedded:
    """The emulator that is wrong; the first time that it is made can be fatal."""
    if fatal is not None:
        fatal.strike()
    return Embedded(mutant=MUTANT)


def campaign(workers: Workers, fatal: Fatal | None = None, seeds: int = SEEDS) -> Result:
    """A small one, with as little explored as walks need."""
    spread = Campaign(seeds, partial(target, fatal), shared=False, workers=workers)
    explored = Explored(Model(), ("keys",))
    return conform(target(), only=ONLY, seed=SEED, explored=explored, campaign=spread)


def bytes_of(result: Result) -> str:
    """The JSON report, without how long anything took."""
    phases = tuple(phase._replace(seconds=0.0) for phase in result.phases)
    return report_json.dumps(result._replace(seconds=0.0, phases=phases))


def told(result: Result) -> list[dict[str, Any]]:
    """The violations, without the accounts and times in what was answered."""
    found: list[dict[str, Any]] = json.loads(bytes_of(result))["violations"]
    for violation in found:
        violation.pop("boto3"), violation.pop("cli")
        for step in violation["trace"]["steps"] if violation["trace"] else ():
            step.pop("recorded")
    return found
