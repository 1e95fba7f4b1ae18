"""Mutants that are wrong where AWS's documents leave an answer open: theirs is none of those."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from kmspec.names import ErrorCode, Service
from kmspec_impl import operator
from kmspec_impl.cloudhsm import clusters, contents, modification, policies
from kmspec_impl.cloudhsm.state import Cluster
from kmspec_impl.errors import ServiceError
from kmspec_impl.kms import connect, crypto, grants, keys
from kmspec_impl.mutants.mutant import Mutant
from kmspec_impl.mutants.of_operators import operator_patch
from kmspec_impl.operator_input import Arguments
from kmspec_impl.realm import Handler, Parameters, Realm, Response

_Meant = Callable[[Realm, Parameters], bool]
_HSM1: Final = "hsm1.medium"


def _denied(handler: Handler, code: ErrorCode, meant: _Meant) -> Handler:
    """Refuse, whatever else there is, what is meant."""

    def answer(realm: Realm, parameters: Parameters, now: float) -> Response:
        if meant(realm, parameters):
            raise ServiceError(code)
        return handler(realm, parameters, now)

    return answer


def _cluster(realm: Realm, parameters: Parameters) -> Cluster | None:
    return realm.clusters.get(parameters.get("ClusterId", ""))


def _same_type(realm: Realm, parameters: Parameters) -> bool:
    cluster = _cluster(realm, parameters)
    return cluster is not None and parameters.get("HsmType") == cluster.hsm_type


def _hsms_change(realm: Realm, parameters: Parameters) -> bool:
    cluster = _cluster(realm, parameters)
    other = cluster is not None and parameters.get("HsmType") not in (None, cluster.hsm_type)
    at_rest = modification._AT_REST  # noqa: SLF001 - mutants reach inside
    return other and any(one.state not in at_rest for one in (cluster.hsms if cluster else ()))


def _nothing_to_modify(realm: Realm, parameters: Parameters) -> bool:
    del realm
    return not {"HsmType", "BackupRetentionPolicy"} & {
        name for name, value in parameters.items() if value is not None
    }


def _older_type(realm: Realm, parameters: Parameters) -> bool:
    del realm
    return parameters.get("HsmType") == _HSM1 and parameters.get("SourceBackupId") is None


def _no_policy(realm: Realm, parameters: Parameters) -> bool:
    return policies._owned(realm, parameters).policy is None  # noqa: SLF001 - the same


def _nothing_listed(realm: Realm, parameters: Parameters) -> bool:
    return bool(parameters.get("GrantId")) and not _grants_of(realm, parameters)


def _grants_of(realm: Realm, parameters: Parameters) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = grants.list_grants(realm, parameters, 0.0)["Grants"]
    return found


def _token_unknown(realm: Realm, parameters: Parameters) -> bool:
    return any(one not in realm.grant_of_token for one in parameters.get("GrantTokens") or ())


def _by_service(realm: Realm, parameters: Parameters) -> bool:
    del realm
    return "alias/aws/" in parameters["KeyId"]


def _no_active_hsm(realm: Realm, parameters: Parameters) -> bool:
    store = realm.stores.get(parameters["CustomKeyStoreId"])
    cluster = None if store is None else realm.clusters.get(store.cluster)
    return cluster is not None and contents.active_device(realm, cluster) is None


def _clears_nothing(realm: Realm, cluster: Cluster, arguments: Arguments, now: float) -> Response:
    of_hsm = arguments.optional_text("HsmId") is not None
    if not of_hsm and arguments.fault("Name") not in cluster.faults:
        raise ServiceError(ErrorCode.CLOUDHSM_INVALID_REQUEST)
    response: Response = _OPERATIONS["ClearFault"][0](realm, cluster, arguments, now)
    return response


_OPERATIONS: Final = operator._OPERATIONS  # noqa: SLF001 - the same
_MISSING: Final = ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND
_DENIED: Final = ErrorCode.CLOUDHSM_ACCESS_DENIED
_KMS, _CLOUDHSM = Service.KMS, Service.CLOUDHSM

_ANSWERS: Final[tuple[tuple[str, Service, str, Handler, ErrorCode, _Meant], ...]] = (
    ("cluster/another-type", _CLOUDHSM, "ModifyCluster", modification.modify_cluster, _MISSING,
     _same_type),
    ("cluster/hsms-at-rest", _CLOUDHSM, "ModifyCluster", modification.modify_cluster, _MISSING,
     _hsms_change),
    ("cluster/something-to-modify", _CLOUDHSM, "ModifyCluster", modification.modify_cluster,
     _MISSING, _nothing_to_modify),
    ("cluster/type-offered", _CLOUDHSM, "CreateCluster", clusters.create_cluster, _MISSING,
     _older_type),
    ("policy/there", _CLOUDHSM, "GetResourcePolicy", policies.get_resource_policy, _DENIED,
     _no_policy),
    ("grant/listed-id", _KMS, "ListGrants", grants.list_grants, ErrorCode.DISABLED,
     _nothing_listed),
    ("grant/token", _KMS, "DescribeKey", keys.describe_key, ErrorCode.DISABLED, _token_unknown),
    ("managed/use", _KMS, "Encrypt", crypto.encrypt, ErrorCode.DISABLED, _by_service),
    ("store/connect-active-hsm", _KMS, "ConnectCustomKeyStore", connect.connect_custom_key_store,
     ErrorCode.KMS_INVALID_STATE, _no_active_hsm),
)  # fmt: skip
"""Rule, operation and its handler, the answer that is none of those, and when it is given."""

MUTANTS: Final = (
    *(
        Mutant(
            f"other-{rule.replace('/', '-')}",
            rule,
            f"{operation} is refused with {code}, where other answers are documented.",
            handlers=((service, operation, _denied(handler, code, meant)),),
        )
        for rule, service, operation, handler, code, meant in _ANSWERS
    ),
    Mutant(
        "other-operator-fault-set",
        "operator/fault-set",
        "To clear a fault that is not set is refused as AWS CloudHSM would.",
        (operator_patch("ClearFault", _clears_nothing),),
    ),
)
