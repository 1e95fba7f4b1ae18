"""Replay: a trace is taken as a session takes it, with whatever the target calls its things."""

from collections.abc import Mapping
from typing import Any

from kmspec_check.confirm import trace_step
from kmspec_check.profile import load
from kmspec_check.replay import Ending, replay
from kmspec_check.session import Session
from kmspec_check.trace import Trace
from kmspec_impl.embedded import Embedded
from kmspec_model import Command
from kmspec_model.command import command
from kmspec_model.setup import create_alias, create_cluster, create_hsm
from tests.unit.check.support import Altered, Answer, run_of


def recorded(*commands: Command) -> Trace:
    """What the emulator answers to these."""
    session = Session(run_of(Embedded()))
    for one in commands:
        assert session.step(one).fits
    steps = tuple(trace_step(step) for step in session.steps)
    return Trace(
        rule="-",
        level="must",
        sentence="",
        cell="",
        profile="embedded",
        isolated=True,
        region=session.run.region,
        steps=steps,
    )


def test_the_zones_are_those_of_the_target() -> None:
    asked = []

    def elsewhere(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
        status, body = answer
        if operation == "CreateHsm":
            asked.append(parameters["AvailabilityZone"])
        if operation != "CreateCluster":
            return answer
        zones = body["Cluster"]["SubnetMapping"]
        mapping = {f"of-{subnet}": subnet for subnet in zones.values()}
        return status, {**body, "Cluster": {**body["Cluster"], "SubnetMapping": mapping}}

    trace = recorded(create_cluster(), create_hsm(0, 0))
    replay(trace, Altered(elsewhere), load("embedded"))
    assert [zone[:3] for zone in asked] == ["of-"]


def test_of_a_list_all_pages_are_asked_for() -> None:
    left: list[Any] = []

    def in_pages(operation: str, parameters: Mapping[str, Any], answer: Answer) -> Answer:
        if operation != "ListAliases":
            return answer
        if "Marker" not in parameters:
            left[:] = answer[1]["Aliases"]
        page = {"Aliases": [left.pop(0)], "Truncated": len(left) > 0}
        return 200, {**page, "NextMarker": "more"} if left else page

    made = (command("kms", "CreateKey"), create_alias(0), create_alias(1))
    trace = recorded(*made, command("kms", "ListAliases"))
    assert replay(trace, Altered(in_pages), load("embedded")).ending is Ending.FIXED
    assert left == []
