"""Freedom: where the documents or the timing leave it, several worlds are possible."""

from kmspec import limits
from kmspec_model.command import Command, advance
from kmspec_model.model import Model
from kmspec_model.outcome import Success
from kmspec_model.setup import (
    CONNECTED_STORE,
    STORE_KEY,
    active_cluster,
    create_hsm,
    create_store,
    delete_hsm,
    of_key,
    of_store,
    schedule,
)
from kmspec_model.time import Timing
from kmspec_model.world import EMPTY, World

REAL = Timing(low=0, high=limits.CONNECT_WITHIN, deletion_slack=limits.DELETION_MAY_TAKE_LONGER)


def first(model: Model, *steps: Command, start: World = EMPTY) -> World:
    world = start
    for step in steps:
        world = model.permitted(world, step)[0].world
    return world


def states(model: Model, world: World, seconds: float) -> set[str]:
    later = model.permitted(world, advance(seconds))
    return {one.world.stores[0].state for one in later}


def test_a_connect_of_unknown_length_may_be_over_at_any_time_until_it_must_be() -> None:
    model = Model(timing=REAL)
    # the preamble's steps are long enough for our emulator only; here they may still be under way
    ready = Model()
    world = first(ready, *CONNECTED_STORE[:-1])
    assert states(model, world, 0) == {"CONNECTING", "CONNECTED"}
    assert states(model, world, 600) == {"CONNECTING", "CONNECTED"}
    assert states(model, world, limits.CONNECT_WITHIN) == {"CONNECTED"}


def test_a_connect_of_known_length_is_over_exactly_then() -> None:
    model = Model(timing=Timing(low=0.2, high=0.2))
    world = first(model, *CONNECTED_STORE[:-1])
    assert states(model, world, 0.1) == {"CONNECTING"}
    assert states(model, world, 0.2) == {"CONNECTED"}


def test_a_key_may_live_a_day_longer_than_its_waiting_period() -> None:
    model = Model(timing=Timing(deletion_slack=limits.DELETION_MAY_TAKE_LONGER))
    world = first(model, *STORE_KEY, schedule())
    week = 7 * limits.DAY

    def left(seconds: float) -> set[int]:
        return {len(one.world.keys) for one in model.permitted(world, advance(seconds))}

    assert left(week - 1) == {1}
    assert left(week + 3600) == {0, 1}
    assert left(week + limits.DAY) == {0}


def test_an_accepted_disconnect_may_show_either_state() -> None:
    model = Model()
    world = first(model, *CONNECTED_STORE)
    permitted = model.permitted(world, of_store("DisconnectCustomKeyStore"))
    assert [one.world.stores[0].state for one in permitted] == ["DISCONNECTING", "DISCONNECTED"]


def test_connect_while_connected_may_succeed_or_be_refused() -> None:
    model = Model()
    world = first(model, *CONNECTED_STORE)
    permitted = model.permitted(world, of_store("ConnectCustomKeyStore"))
    assert isinstance(permitted[0].outcome, Success)
    assert [getattr(one.outcome, "code", "success") for one in permitted] == [
        "success",
        "CustomKeyStoreInvalidStateException",
    ]


def test_a_deletion_cancelled_while_disconnected_may_show_either_state() -> None:
    model = Model()
    steps = (schedule(), of_store("DisconnectCustomKeyStore"), advance(1))
    world = first(model, *STORE_KEY, *steps)
    permitted = model.permitted(world, of_key("CancelKeyDeletion"))
    assert [one.world.keys[0].state for one in permitted] == ["Unavailable", "Disabled"]
    for one in permitted:
        back = first(model, of_store("ConnectCustomKeyStore"), advance(1), start=one.world)
        assert back.keys[0].state == "Disabled"


def test_things_that_end_at_one_moment_may_end_in_any_order() -> None:
    """A connect and the last HSM's creation: the connect finds the HSM, or does not."""
    model = Model()
    gone = (delete_hsm(0, 0), delete_hsm(0, 1), advance(1))
    together = (create_hsm(0, 0), of_store("ConnectCustomKeyStore"))
    world = first(model, *active_cluster(), create_store(), *gone, *together)
    ends = {one.world.stores[0].state for one in model.permitted(world, advance(1))}
    assert ends == {"CONNECTED", "FAILED"}
