"""Effects on multi-Region keys: replicating them, and changing their primary Region."""

from collections.abc import Callable, Mapping

from kmspec.names import KeyState, MultiRegionKeyType
from kmspec_model.case import Case
from kmspec_model.effects.keys import metadata
from kmspec_model.materials import Material
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Mark, members
from kmspec_model.predicates.attributes import tag_pairs
from kmspec_model.states import is_external
from kmspec_model.world import Key


def _shared(key: Key, material: Material) -> Material:
    """Key material as a replica key has it: what was imported is not there yet."""
    if not is_external(key):
        return material
    return material._replace(present=False, valid_to=None, description="")


def replicate(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A replica key in another Region, with what related keys share and nothing else."""
    key, world = case.key, case.world
    region = case.arguments["ReplicaRegion"].index
    if key is None:
        return ()
    waits = None if key.pending is None else _shared(key, key.pending)
    replica = key._replace(
        materials=tuple(_shared(key, one) for one in key.materials),
        pending=waits,
        rotation=None,
        rotating=None,
        tags=tuple(sorted(tag_pairs(case))) or None,
        policy=case.arguments.get("Policy"),
        used="",
        state=KeyState.CREATING.value,
        description=str(case.arguments.get("Description", "")),
        region=region,
        role=MultiRegionKeyType.REPLICA.value,
        since=world.now,
    )
    world = world.with_key(replica)
    answer = members(
        ReplicaKeyMetadata=metadata(world, replica),
        ReplicaPolicy=case.arguments.get("Policy", Mark.PRESENT),
        **({} if case.arguments.get("Tags") else {"ReplicaTags": Mark.ABSENT}),
    )
    return (Change(world, answer),)


def update_primary(moves: Moves, case: Case) -> tuple[Change, ...]:
    """Both keys are Updating; what is under way already stays as it is."""
    if case.key is None or case.related is None:
        return ()
    world = case.world
    keys = (case.key, case.related)
    found = [moves.of("key", "UpdatePrimaryRegion", key.state) for key in keys]
    if not all(move.rule for move in found):
        return (Change(world),)
    for key, move in zip(keys, found, strict=True):
        if key.since is None:
            resumes = move.resumes or ""
            moved = key._replace(state=move.states[0], resumes=resumes, since=world.now)
            world = world.with_key(moved)
    return (Change(world, rules=found[-1].rule),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "ReplicateKey": replicate,
    "UpdatePrimaryRegion": update_primary,
}
