"""Mutants in what lists show, and in what an operator is shown."""

from typing import Final

from kmspec.names import Service
from kmspec_impl.cloudhsm import backups, clusters
from kmspec_impl.cloudhsm import tags as cloudhsm_tags
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.kms import aliases, grants, rotation, tags
from kmspec_impl.mutants.mutant import Mutant, Patch
from kmspec_impl.mutants.of_operators import operator_patch
from kmspec_impl.operator_input import Arguments
from kmspec_impl.realm import Handler, Parameters, Realm, Response

_LISTS: Final[tuple[tuple[Service, str, Handler], ...]] = (
    (Service.KMS, "ListAliases", aliases.list_aliases),
    (Service.KMS, "ListGrants", grants.list_grants),
    (Service.KMS, "ListResourceTags", tags.list_resource_tags),
    (Service.KMS, "ListKeyRotations", rotation.list_key_rotations),
    (Service.CLOUDHSM, "ListTags", cloudhsm_tags.list_tags),
    (Service.CLOUDHSM, "DescribeBackups", backups.describe_backups),
    (Service.CLOUDHSM, "DescribeClusters", clusters.describe_clusters),
)


def _whole(handler: Handler) -> Handler:
    """All that there is, however little is asked for."""

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        limits = ("Limit", "MaxResults")
        rest = {name: value for name, value in parameters.items() if name not in limits}
        return handler(realm, rest, now)

    return answer


def _nobody(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del realm, cluster, arguments, now
    return {"Users": []}


def _nothing(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    del realm, cluster, arguments, now
    return {"Faults": []}


def _not_noted(realm: Realm, cluster: Cluster, now: float) -> Cluster:
    del realm, now
    return cluster


MUTANTS: Final = (
    *(
        Mutant(
            f"whole-list-{operation}",
            f"effect/{operation}/page",
            f"{operation} answers all that there is, however little is asked for.",
            handlers=((service, operation, _whole(handler)),),
        )
        for service, operation, handler in _LISTS
    ),
    *(
        Mutant(
            f"idle-{operation}",
            f"effect/{operation}/answer",
            f"{operation} succeeds and does nothing.",
            idle=frozenset({operation}),
        )
        for operation in ("CreateUser", "ChangePassword", "LockUser", "LogoutUser", "DeleteUser")
    ),
    Mutant(
        "no-daily-backups",
        "effect/Advance/backup",
        "AWS CloudHSM makes no backup of a cluster by itself.",
        (Patch(backups, "note_automatic", _not_noted),),
    ),
    Mutant(
        "lists-no-users",
        "effect/ListUsers/answer",
        "ListUsers lists nobody.",
        (operator_patch("ListUsers", _nobody),),
    ),
    Mutant(
        "lists-no-faults",
        "effect/ListFaults/answer",
        "ListFaults lists nothing.",
        (operator_patch("ListFaults", _nothing),),
    ),
)
