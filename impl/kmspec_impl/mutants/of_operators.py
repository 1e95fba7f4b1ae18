"""Mutants in what an operator does on HSMs, and in what else no request shows at once."""

from dataclasses import replace
from typing import Final

from kmspec.names import ClusterState, ErrorCode, HsmState, Service
from kmspec_impl import faults, operator
from kmspec_impl.cloudhsm import hsms, modification
from kmspec_impl.cloudhsm.hsms import with_hsm
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import creation
from kmspec_impl.mutants.mutant import Mutant, Patch, nothing
from kmspec_impl.operator_input import Arguments
from kmspec_impl.realm import Parameters, Realm, Response


def operator_patch(operation: str, does: operator.Operation) -> Patch:
    """Something else that an operation of the operator does."""
    _, *members = _OPERATIONS[operation]
    return Patch(operator, "_OPERATIONS", {**_OPERATIONS, operation: (does, *members)})


def _not_activated(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    if cluster.state is ClusterState.INITIALIZED:
        raise ServiceError(ErrorCode.OPERATOR_NOT_FOUND)
    response: Response = _OPERATIONS["ActivateCluster"][0](realm, cluster, arguments, now)
    return response


def _activated_in_vain(
    realm: Realm, cluster: Cluster, arguments: Arguments, now: float
) -> Response:
    response: Response = _OPERATIONS["ActivateCluster"][0](realm, cluster, arguments, now)
    realm.clusters.put(replace(realm.clusters[cluster.id], state=cluster.state))
    return response


def _begin_forward_only(realm: Realm, cluster: Cluster, hsm_type: str, now: float) -> Cluster:
    back = cluster.rollback_until is not None
    return cluster if back else _begin(realm, cluster, hsm_type, now)


def _deletes_again(realm: Realm, parameters: Parameters, now: float) -> Response:
    cluster = realm.clusters.get(parameters["ClusterId"])
    for hsm in cluster.hsms if cluster is not None else ():
        leaving = (parameters.get("HsmId"), HsmState.DELETE_IN_PROGRESS)
        if cluster is not None and (hsm.id, hsm.state) == leaving:
            realm.clusters.put(with_hsm(cluster, replace(hsm, state=HsmState.ACTIVE, due=None)))
            return {"HsmId": hsm.id}
    return hsms.delete_hsm(realm, parameters, now)


_OPERATIONS: Final = operator._OPERATIONS  # noqa: SLF001 - mutants reach inside
_begin = modification._begin  # noqa: SLF001 - the same

MUTANTS: Final = (
    Mutant(
        "refuses-to-activate",
        "cluster/ActivateCluster/INITIALIZED",
        "An INITIALIZED cluster cannot be activated.",
        (operator_patch("ActivateCluster", _not_activated),),
    ),
    Mutant(
        "activates-in-vain",
        "transition/cluster/ActivateCluster/INITIALIZED",
        "A cluster that was activated stays INITIALIZED.",
        (operator_patch("ActivateCluster", _activated_in_vain),),
    ),
    Mutant(
        "key-outside-the-cluster",
        "effect/CreateKey/material",
        "The key material of a KMS key in a key store is not made in its cluster.",
        (Patch(creation, "generate_material", nothing),),
    ),
    Mutant(
        "type-not-taken-back",
        "transition/cluster/ModifyCluster/ACTIVE/rolls-back",
        "ModifyCluster back to the former HSM type succeeds and does nothing.",
        (Patch(modification, "_begin", _begin_forward_only),),
    ),
    Mutant(
        "type-taken-back-for-ever",
        "effect/ModifyCluster/rollback",
        "A change of the HSM type can be taken back long after 24 hours.",
        (Patch(modification, "HSM_TYPE_ROLLBACK", 10**9),),
    ),
    Mutant(
        "hsm-never-fails",
        "transition/hsm/hsm-degraded-set/ACTIVE",
        "An HSM stays ACTIVE whatever happens to it.",
        (Patch(faults, "set_hsm_fault", nothing),),
    ),
    Mutant(
        "hsm-not-mended",
        "transition/hsm/hsm-degraded-cleared/DEGRADED",
        "An HSM stays DEGRADED when its fault is mended.",
        (Patch(faults, "mend_hsm", nothing),),
    ),
    Mutant(
        "hsm-deleted-twice",
        "transition/hsm/DeleteHsm/DELETE_IN_PROGRESS",
        "A second DeleteHsm succeeds, as it may, and takes the first one back.",
        handlers=((Service.CLOUDHSM, "DeleteHsm", _deletes_again),),
    ),
)
