"""The checker against moto, an emulator that we did not write, as its authors would run it.

What it finds there was compared by hand with AWS's documents; docs/results says how.
"""

import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from kmspec_check import profile
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.endpoint import Endpoint
from kmspec_check.plan import Explored
from kmspec_check.report_expected import dumps
from kmspec_check.result import Result
from kmspec_model import Model, Timing
from tests.helpers.server import environment

MOTO = str(Path(sys.executable).with_name("moto_server"))
AREAS = ("identity", "key", "alias", "cryptography", "store", "import")
"""Where custom key stores begin. Rotation, grants, policies, tags and Regions, which the profile
claims as well, take longer than this test may; docs/results has a run of all of them."""
MOST = 8000
"""Steps. Two quiet cores take less than a minute for as many."""
WRONG = {
    "store/exists": "a made-up key store is taken by CreateKey and GenerateRandom",
    "create-key/store-and-origin": "CreateKey with Origin AWS_CLOUDHSM and no key store",
    "key-state/Encrypt/Disabled": "Encrypt with a disabled key",
    "key-state/Encrypt/PendingDeletion": "Encrypt with a key that is to be deleted",
    "key-state/Decrypt/Disabled": "Decrypt with a disabled key",
    "key-state/EnableKey/PendingDeletion": "EnableKey revives a key that is to be deleted",
    "key-state/CancelKeyDeletion/Enabled": "CancelKeyDeletion of a key that is not to be deleted",
    "key-state/ScheduleKeyDeletion/PendingDeletion": "a second ScheduleKeyDeletion",
    "key/deletion-window": "waiting periods of fewer than 7 days",
    "key/dry-run": "DryRun is ignored",
    "effect/CreateKey/answer": "a key without MultiRegion; one of origin EXTERNAL is Enabled",
    "usage/fits-operation": "Encrypt with a key for signing",
    "public-key/asymmetric": "GetPublicKey of a symmetric key",
    "ciphertext/context": "Decrypt with a multi-Region key and another context: AccessDenied",
    "managed/unchanged": "an AWS managed key is disabled",
}
"""Behaviours of moto 5.2.5 that AWS documents otherwise, by the rule that says so."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A moto server."""
    with subprocess.Popen(
        [MOTO, "-p", "0"], env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", one) for one in lines)))
        log = threading.Thread(target=deque, args=(lines, 0))  # it must not fill its pipe
        log.start()
        yield found.group()
        process.terminate()
        log.join()


@pytest.fixture(scope="module")
def explored() -> Explored:
    """The model of a target whose transitions take no time."""
    return Explored(Model(timing=Timing(0, 0, 0)))


_RUNS = count()


def check(
    url: str,
    explored: Explored,
    only: tuple[str, ...],
    expect: Path | None = None,
    areas: tuple[str, ...] = AREAS,
) -> Result:
    """A run of its own accounts, that claims these areas."""
    moment = datetime(2026, 1, 1, microsecond=next(_RUNS), tzinfo=UTC)
    moto = profile.load("moto")
    with Endpoint(url, moto.model_copy(update={"areas": areas})) as target:
        return conform(target, only=only, expect=expect, now=moment, explored=explored)


def test_what_moto_does_otherwise_is_found_and_nothing_is_in_error(
    url: str, explored: Explored
) -> None:
    result = check(url, explored, AREAS)
    rules = {violation.rule for violation in result.violations}
    assert rules >= WRONG.keys()
    seen = {text for violation in result.violations for text in violation.observed}
    assert "KeyMetadata.KeyState: 'Enabled'" in seen, "a key of origin EXTERNAL waits for material"
    assert result.exit_code == 1
    assert result.trouble == ""
    assert result.count(Status.ERROR) == 0
    assert result.steps < MOST
    first = {violation.rule: violation for violation in reversed(result.violations)}
    assert all(violation.trace for violation in first.values()), "each rule can be shown again"


def test_the_file_of_violations_is_strict_both_ways(
    url: str, explored: Explored, tmp_path: Path
) -> None:
    only = ("alias", "matrix")
    found = check(url, explored, only)
    assert found.exit_code == 1
    file = tmp_path / "expected.txt"
    file.write_text(dumps(found), "utf-8")
    assert check(url, explored, only, file).exit_code == 0

    lines = file.read_text("utf-8").splitlines()
    listed = [line for line in lines if line and not line.startswith("#")]
    file.write_text("\n".join(line for line in lines if line != listed[0]), "utf-8")
    removed = check(url, explored, only, file)
    assert removed.exit_code == 1
    assert listed[0].split()[0] in {violation.rule for violation in removed.violations}

    kept = "alias/name-free"
    file.write_text("\n".join([*lines, f"{kept} was wrong once"]), "utf-8")
    mended = check(url, explored, only, file)
    assert mended.exit_code == 1
    assert mended.unexpected_passes == (kept,)


def test_a_view_that_is_wrong_is_told_of_itself(url: str, explored: Explored) -> None:
    """After a rotation moto lists no key materials: ListKeyRotations, and nothing that follows."""
    found = check(url, explored, ("matrix", "rotation", "identity"), areas=(*AREAS, "rotation"))
    rules = {violation.rule for violation in found.violations}
    assert "effect/ListKeyRotations/answer" in rules
    assert "effect/GetCallerIdentity/answer" not in rules
    assert not {rule for rule in rules if rule.endswith("KeyRotation/rotation")}
