"""What is printed of a violation is run as it is printed: script, AWS CLI lines, and trace.

Each shows the fault on the wrong emulator, and on ours as it should be it does not.
"""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from kmspec.names import Service
from kmspec_check import report_json, trace, wire
from kmspec_check.binding import Binding, Place
from kmspec_check.conform import conform
from kmspec_check.patterns import fit
from kmspec_check.replay import Ending
from kmspec_check.target import Answer
from kmspec_impl.embedded import Embedded
from kmspec_impl.mutants import of_computation
from kmspec_impl.mutants.catalogue import CATALOGUE
from kmspec_impl.mutants.mutant import Mutant
from kmspec_model import Command, Ref, Success
from tests.helpers.catalogue import drawn
from tests.helpers.machine import explored
from tests.helpers.warm import Warm

DRAWN: Final = 30
PHASES: Final = ("matrix", "tour", "values")
BEFORE: Final = "trap 'echo @next@' DEBUG\n"
AFTER: Final = "\ncode=$?; trap - DEBUG; echo @ended@ $code; declare -p\n"
"""What is run before and after the printed lines, to know what was answered to the last of them."""
_ERROR: Final = re.compile(
    r"An error occurred \((\w+)\) when calling the \w+ operation(?: \(.*?\))?: ?(.*)", re.DOTALL
)
_VARIABLE: Final = re.compile(r'declare -\S+ ([a-z]+)_([0-9]+)="(.*)"')


def chosen() -> list[Mutant]:
    """Some of the catalogue, and all that only a computation shows."""
    found = drawn((one for one in CATALOGUE if not one.found_by), DRAWN)
    return list(dict.fromkeys((*found, *of_computation.MUTANTS)))


class Violation(NamedTuple):
    """What is printed of it."""

    boto3: str
    cli: str
    trace: trace.Trace
    text: str
    """The trace as it is written."""


@cache
def violation(mutant: Mutant) -> Violation:
    """The first that is told in full, of the rule that the mutant breaks if there is one."""
    target = Embedded(mutant=mutant.name)
    result = conform(target, rules=[mutant.rule], only=PHASES, explored=explored())
    told = [one for one in report_json.to_data(result)["violations"] if one["trace"]]
    found = min(told, key=lambda one: one["rule"] != mutant.rule)
    text = json.dumps(found["trace"])
    return Violation(found["boto3"], found["cli"], trace.loads(text), text)


@pytest.fixture(scope="module")
def right(warm: Warm) -> Iterator[str]:
    """The emulator as it should be."""
    with warm.serving("--clock", "virtual") as url:
        yield url


@pytest.mark.parametrize("mutant", chosen(), ids=lambda one: one.name)
def test_what_is_printed_shows_it(mutant: Mutant, warm: Warm, right: str, tmp_path: Path) -> None:
    printed = violation(mutant)
    (tmp_path / "show.py").write_text(printed.boto3)
    (tmp_path / "show.sh").write_text(BEFORE + printed.cli + AFTER)
    (tmp_path / "trace.json").write_text(printed.text)
    with warm.serving("--clock", "virtual", "--mutant", mutant.name) as wrong:
        for url, shows in ((wrong, True), (right, False)):
            script = warm.run("python3", "show.py", url, cwd=tmp_path)
            assert (script.returncode, script.stderr) == (shows, "")
            again = warm.run("kmspec", "replay", "trace.json", "--endpoint-url", url, cwd=tmp_path)
            assert (again.returncode, again.stderr) == (shows, "")
            ending = Ending.REPRODUCED if shows else Ending.FIXED
            assert again.stdout.startswith(ending.value)
            lines = warm.run("bash", "show.sh", url, cwd=tmp_path)
            if mutant in of_computation.MUTANTS:  # the AWS CLI shows an answer, computes nothing
                assert "@ended@ 0\n" in lines.stdout
            else:
                assert deviates(printed.trace, lines, tmp_path) == shows, lines


def deviates(shown: trace.Trace, ran: subprocess.CompletedProcess[str], folder: Path) -> bool:
    """Whether the last of the lines was answered otherwise than is permitted."""
    last = shown.steps[-1]
    before, _, after = ran.stdout.partition("@ended@ ")
    *_, said, _, _ = before.split("@next@\n")
    failed = not after.startswith("0\n")
    if last.command.service == Service.OPERATOR:
        return failed == any(isinstance(outcome, Success) for outcome in last.expected)
    binding = named(shown, after, folder).within(last.command.region)
    answer = answered(last.command, said, ran.stderr, failed=failed)
    fits = [fit(outcome, answer, binding) for outcome in last.expected]
    return all(any(one.path != ("HTTP status",) for one in found.mismatches) for found in fits)


def named(shown: trace.Trace, variables: str, folder: Path) -> Binding:
    """What the variables of the shell say, and the certificates that it made."""
    found = dict(re.findall(r'declare -\S+ (run|account)="(.*)"', variables))
    binding = Binding(Place(found["account"], shown.region, found["run"]))
    anchors = folder.glob("ca*.pem")
    values: dict[Ref, Any] = {Ref("ca", int(one.stem[2:])): one.read_text() for one in anchors}
    for kind, index, value in _VARIABLE.findall(variables):
        blob = kind in ("ciphertext", "signature", "mac", "wrapping", "token")
        held = base64.b64decode(value) if blob else int(value) if kind == "handle" else value
        values[Ref(kind, int(index))] = held
    return binding.extended(values)


def answered(command: Command, stdout: str, stderr: str, *, failed: bool) -> Answer:
    """What the AWS CLI says of the last answer."""
    if failed:
        code, message = _ERROR.findall(stderr)[-1]
        return Answer(400, {"__type": code, "message": message.strip()})
    told = stdout if stdout.startswith("{") else "{}"
    return wire.answer(command.service, command.operation, 200, told.encode())
