"""The reference state machine: what must happen, as pure functions on immutable worlds."""

from kmspec_model.command import Command, Pairs, Ref, advance, command
from kmspec_model.model import Model, Permitted
from kmspec_model.outcome import (
    Bind,
    Items,
    Mark,
    Members,
    OneOf,
    Outcome,
    Pattern,
    Refusal,
    Success,
    members,
)
from kmspec_model.time import Timing
from kmspec_model.views import views
from kmspec_model.world import EMPTY, World

__all__ = [
    "EMPTY",
    "Bind",
    "Command",
    "Items",
    "Mark",
    "Members",
    "Model",
    "OneOf",
    "Outcome",
    "Pairs",
    "Pattern",
    "Permitted",
    "Ref",
    "Refusal",
    "Success",
    "Timing",
    "World",
    "advance",
    "command",
    "members",
    "views",
]
