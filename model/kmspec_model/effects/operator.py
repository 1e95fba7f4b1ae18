"""Effects of what an operator does on the HSMs, and of the faults that a user rehearses."""

from collections.abc import Callable, Mapping

from kmspec.names import KMSUSER, Fault
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.effects.backups import backed_up
from kmspec_model.effects.hsms import lose, with_hsm
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Items, members
from kmspec_model.states import is_connected, is_degraded
from kmspec_model.world import Cluster, Contents, User, World

_OWN_USERS = ("admin", "app_user")
"""Users that are there in every activated cluster [CHSM:activate-cluster]."""


def activate(moves: Moves, case: Case) -> tuple[Change, ...]:
    """The cluster has an administrator, and is backed up."""
    if case.cluster is None:
        return ()
    move = moves.of("cluster", "ActivateCluster", case.cluster.state)
    cluster = case.cluster._replace(state=move.states[0], since=None)
    world = backed_up(moves, case.world.with_cluster(cluster), cluster)
    return (Change(world, rules=move.rule),)


def _held(world: World, cluster: Cluster, contents: Contents) -> tuple[Change, ...]:
    return (Change(world.with_cluster(cluster._replace(contents=contents))),)


def create_user(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A crypto user on every HSM."""
    if case.cluster is None:
        return ()
    user = User(case.arguments["UserName"], case.arguments["Password"])
    return _held(case.world, case.cluster, case.cluster.contents.with_user(user))


def _on_user(change: Callable[[User, Case], User]) -> Callable[[Moves, Case], tuple[Change, ...]]:
    """An operation that changes one user."""

    def effect(_moves: Moves, case: Case) -> tuple[Change, ...]:
        if case.cluster is None:
            return ()
        user = case.cluster.contents.user(case.arguments["UserName"])
        if user is None:
            return ()
        contents = case.cluster.contents.with_user(change(user, case))
        return _held(case.world, case.cluster, contents)

    return effect


def delete_user(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The user is on no HSM any more."""
    if case.cluster is None:
        return ()
    contents = case.cluster.contents
    users = tuple(user for user in contents.users if user.name != case.arguments["UserName"])
    return _held(case.world, case.cluster, contents._replace(users=users))


def list_users(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The crypto users that were made; the others are the cluster's own."""
    cluster = case.cluster
    if cluster is None:
        return ()
    store = case.world.store_of(cluster.index)
    by_kms = store is not None and is_connected(store)
    entries = tuple(
        members(
            UserName=user.name,
            Locked=user.locked,
            LoggedIn=user.logged_in or (by_kms and user.name == KMSUSER),
        )
        for user in cluster.contents.users
    )
    own = tuple(members(UserName=name) for name in _OWN_USERS)
    return (Change(case.world, members(Users=Items("UserName", entries, also=own))),)


def list_faults(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """What is broken: the cluster, and HSMs that are degraded."""
    cluster = case.cluster
    if cluster is None:
        return ()
    of_hsms = (
        members(Name=Fault.HSM_DEGRADED.value, HsmId=Ref("hsm", hsm.index))
        for hsm in cluster.hsms
        if is_degraded(hsm)
    )
    entries = (*(members(Name=name) for name in cluster.faults), *of_hsms)
    return (Change(case.world, members(Faults=Items("Name", entries))),)


def list_material(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The key material that the cluster holds, by the ARN of its KMS key."""
    if case.cluster is None:
        return ()
    entries = tuple(
        members(Label=Ref("key", index, "arn"), Owner=KMSUSER)
        for index in case.cluster.contents.materials
    )
    return (Change(case.world, members(Keys=Items("Label", entries))),)


def delete_material(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """The key material is in no HSM of the cluster any more; backups keep it."""
    if case.cluster is None:
        return ()
    contents = case.cluster.contents
    gone = case.arguments["Handle"].index
    materials = tuple(index for index in contents.materials if index != gone)
    return _held(case.world, case.cluster, contents._replace(materials=materials))


def set_fault(moves: Moves, case: Case) -> tuple[Change, ...]:
    """Something is broken from now on."""
    cluster, fault = case.cluster, case.arguments["Name"]
    if cluster is None:
        return ()
    if case.hsm is not None and fault == Fault.HSM_LOST:
        return (Change(lose(case.world, cluster, case.hsm)),)
    if case.hsm is not None:
        move = moves.of("hsm", f"{fault} set", case.hsm.state)
        hsm = case.hsm._replace(state=move.states[0])
        return (Change(case.world.with_cluster(with_hsm(cluster, hsm)), rules=move.rule),)
    faults = tuple(sorted({*cluster.faults, fault}))
    return (Change(case.world.with_cluster(cluster._replace(faults=faults))),)


def clear_fault(moves: Moves, case: Case) -> tuple[Change, ...]:
    """What was broken works again."""
    cluster, fault = case.cluster, case.arguments["Name"]
    if cluster is None:
        return ()
    if case.hsm is not None:
        move = moves.of("hsm", f"{fault} cleared", case.hsm.state)
        hsm = case.hsm._replace(state=move.states[0])
        return (Change(case.world.with_cluster(with_hsm(cluster, hsm)), rules=move.rule),)
    faults = tuple(one for one in cluster.faults if one != fault)
    return (Change(case.world.with_cluster(cluster._replace(faults=faults))),)


def set_load(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Other work takes capacity of the cluster."""
    if case.cluster is None:
        return ()
    cluster = case.cluster._replace(load=int(case.arguments["Rate"]))
    return (Change(case.world.with_cluster(cluster)),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "ActivateCluster": activate,
    "CreateUser": create_user,
    "ChangePassword": _on_user(
        lambda user, case: user._replace(
            password=case.arguments["Password"], locked=False, failures=0
        )
    ),
    "LockUser": _on_user(lambda user, _: user._replace(locked=True)),
    "LoginUser": _on_user(lambda user, _: user._replace(logged_in=True, failures=0)),
    "LogoutUser": _on_user(lambda user, _: user._replace(logged_in=False)),
    "DeleteUser": delete_user,
    "ListUsers": list_users,
    "ListFaults": list_faults,
    "ListHsmKeys": list_material,
    "DeleteHsmKey": delete_material,
    "SetFault": set_fault,
    "ClearFault": clear_fault,
    "SetLoad": set_load,
}
