"""Effects on the membership of HSMs, and the backups that it makes."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.effects.backups import backed_up
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Mark, members
from kmspec_model.states import active_hsms, has_hsm, is_activated, newest_contents
from kmspec_model.world import NONE, Cluster, Contents, Hsm, World


def create(moves: Moves, case: Case) -> tuple[Change, ...]:
    """An HSM that is being created, filled as its cluster is or from the newest backup."""
    cluster, world = case.cluster, case.world
    if cluster is None:
        return ()
    rules: tuple[str, ...] = ()
    if is_activated(cluster) and active_hsms(cluster):
        world = backed_up(moves, world, cluster)
        rules = ("effect/CreateHsm/backup",)
    elif not keeps(cluster) and (is_activated(cluster) or cluster.source != NONE):
        cluster = cluster._replace(contents=newest_contents(world, cluster).at_rest())
        rules = ("effect/CreateHsm/restores",)
    index = world.made.hsms
    zone = case.arguments["AvailabilityZone"].index
    address = case.arguments.get("IpAddress", "")
    hsm = Hsm(index, zone, moves.initial["hsm"], world.now, address)
    world = world.with_cluster(cluster._replace(hsms=(*cluster.hsms, hsm)))
    world = world._replace(made=world.made._replace(hsms=index + 1))
    answer = members(
        HsmId=Bind(Ref("hsm", index)),
        ClusterId=Ref("cluster", cluster.index),
        AvailabilityZone=Ref("zone", zone),
        State=hsm.state,
        EniIp=address or Mark.PRESENT,
    )
    return (Change(world, members(Hsm=answer), rules),)


def delete(moves: Moves, case: Case) -> tuple[Change, ...]:
    """The HSM is going; a backup of the cluster is made first."""
    cluster, hsm, world = case.cluster, case.hsm, case.world
    if cluster is None or hsm is None:
        return ()
    rules: tuple[str, ...] = ()
    if is_activated(cluster) and hsm in active_hsms(cluster):
        world = backed_up(moves, world, cluster)
        rules = ("effect/DeleteHsm/backup",)
    move = moves.of("hsm", "DeleteHsm", hsm.state)
    answer = members(HsmId=Ref("hsm", hsm.index))
    return tuple(
        Change(
            world.with_cluster(
                with_hsm(
                    cluster, hsm._replace(state=state, since=moves.since("hsm", state, world.now))
                )
            ),
            answer,
            (*move.rule, *rules),
        )
        for state in move.states
    )


def with_hsm(cluster: Cluster, hsm: Hsm) -> Cluster:
    """The cluster with this HSM in the place of the one of the same index.

    When no HSM works or is about to, nothing is held any more.
    """
    hsms = tuple(hsm if old.index == hsm.index else old for old in cluster.hsms)
    return emptied(cluster._replace(hsms=hsms))


def without_hsm(cluster: Cluster, hsm: Hsm) -> Cluster:
    """The cluster without this HSM."""
    return emptied(
        cluster._replace(hsms=tuple(old for old in cluster.hsms if old.index != hsm.index))
    )


def emptied(cluster: Cluster) -> Cluster:
    """A cluster whose last HSM is gone holds neither users nor material."""
    return cluster if keeps(cluster) else cluster._replace(contents=Contents())


def keeps(cluster: Cluster) -> bool:
    """Whether some HSM is left that keeps what the cluster holds; a degraded one does."""
    return has_hsm(cluster) or any(hsm.since is None for hsm in cluster.hsms)


def lose(world: World, cluster: Cluster, hsm: Hsm) -> World:
    """The HSM is gone at once, without a backup."""
    return world.with_cluster(without_hsm(cluster, hsm))


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "CreateHsm": create,
    "DeleteHsm": delete,
}
