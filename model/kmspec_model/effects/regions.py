"""Effects on multi-Region keys: replicating them, and changing their primary Region."""

from collections.abc import Callable, Mapping

from kmspec.names import KeyState, MultiRegionKeyType
from kmspec_model.case import Case
from kmspec_model.effects.keys import metadata
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Mark, members
from kmspec_model.predicates.attributes import tag_pairs


def replicate(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A replica key in another Region, with what related keys share and nothing else."""
    key, world = case.key, case.world
    region = case.arguments["ReplicaRegion"].index
    if key is None:
        return ()
    replica = key._replace(
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
    )
    return (Change(world, answer),)


def update_primary(moves: Moves, case: Case) -> tuple[Change, ...]:
    """Both keys are Updating; what is under way already stays as it is."""
    if case.key is None or case.related is None:
        return ()
    world = case.world
    rules: tuple[str, ...] = ()
    for key in (case.key, case.related):
        move = moves.of("key", "UpdatePrimaryRegion", key.state)
        rules = move.rule
        if key.since is None:
            resumes = move.resumes or ""
            moved = key._replace(state=move.states[0], resumes=resumes, since=world.now)
            world = world.with_key(moved)
    return (Change(world, rules=rules),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "ReplicateKey": replicate,
    "UpdatePrimaryRegion": update_primary,
}
