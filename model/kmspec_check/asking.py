"""Asking: the only place that makes a request of a command, and of its pages one answer."""

from collections.abc import Mapping
from typing import Any

from kmspec.names import Service
from kmspec_check import resolve
from kmspec_check.binding import Binding
from kmspec_check.load import burst
from kmspec_check.target import Answer, Target, Trouble, ask
from kmspec_model import Command, Ref

_SUBNETS = 10
"""As many as a cluster can have."""
_PAGES = 200
"""A list that goes on longer than this many pages never ends."""
_PAGING = {"Limit", "Marker", "MaxResults", "NextToken"}


def asked(target: Target, command: Command, binding: Binding) -> Answer:
    """What a target answers to a command.

    :raises kmspec_check.target.Trouble: there is no answer, or a look before it failed.
    """
    within = binding.within(command.region)
    account, region = binding.place.account, binding.region(command.region)

    def asking(service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        return ask(target, service, operation, parameters, account=account, region=region)

    return _all_pages(command, resolve.parameters(command, within, asking), asking)


def _all_pages(command: Command, parameters: dict[str, Any], asking: resolve.Asking) -> Answer:
    """The answer, of a list with all its pages unless the command asks for one."""
    if command.service == Service.LOAD:
        return burst(parameters, asking)
    first = answer = asking(command.service, command.operation, parameters)
    if answer.refused or not _PAGING.isdisjoint(parameters):
        return answer
    for _ in range(_PAGES):
        token = {
            theirs: answer.body[ours]
            for ours, theirs in (("NextMarker", "Marker"), ("NextToken", "NextToken"))
            if answer.body.get(ours)
        }
        if not token:
            return first
        answer = asking(command.service, command.operation, {**parameters, **token})
        if answer.refused:
            return answer
        first = Answer(answer.status, _joined(first.body, answer.body))
    raise Trouble(
        f"{command.operation} has more than {_PAGES} pages",
        "see that the last page of a list has no marker of a next one",
    )


def zones_of(command: Command, answer: Answer, binding: Binding) -> dict[Ref, Any]:
    """The Availability Zones that a new cluster shows for our subnets."""
    if command.operation != "CreateCluster" or command.region:
        return {}
    mapping = (answer.body.get("Cluster") or {}).get("SubnetMapping") or {}
    zones = {subnet: zone for zone, subnet in mapping.items()}
    found = {}
    for index in range(_SUBNETS):
        subnet = binding.value(Ref("subnet", index))
        if subnet in zones:
            found[Ref("zone", index)] = zones[subnet]
    return found


def _joined(first: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Two pages of a list as one: lists joined, all else of the later page."""
    joined = {name: value for name, value in first.items() if isinstance(value, list)}
    for name, value in more.items():
        joined[name] = joined.get(name, []) + value if isinstance(value, list) else value
    return joined
