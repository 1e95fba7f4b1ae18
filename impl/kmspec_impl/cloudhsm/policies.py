"""Resource policies: the only place that keeps and reads those of backups.

A policy lets another account restore a cluster from a backup. Being listed there takes AWS RAM
besides, which is not emulated [API:PutResourcePolicy] [API:DescribeBackups].
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from kmspec.names import BackupState, ErrorCode
from kmspec_impl.caller import Caller
from kmspec_impl.cloudhsm.requests import invalid
from kmspec_impl.cloudhsm.state import Backup
from kmspec_impl.errors import ServiceError
from kmspec_impl.identity import backup_arn, root_arn
from kmspec_impl.realm import Parameters, Realm, Response

_STATEMENT: Final = ("Effect", "Principal", "Action")
_RESTORING: Final = ("cloudhsm:CreateCluster", "cloudhsm:*", "*")


def put_resource_policy(realm: Realm, parameters: Parameters, now: float) -> Response:
    """PutResourcePolicy: only of a backup that is READY and the caller's own."""
    del now
    policy = parameters.get("Policy")
    if policy is None or not _is_policy(policy):
        raise invalid("Policy must be a policy document in JSON.")
    backup = _owned(realm, parameters)
    if backup.state is not BackupState.READY:
        raise invalid(f"Backup {backup.id} is {backup.state}; it must be READY to be shared.")
    realm.backups.put(replace(backup, policy=policy))
    return {"ResourceArn": parameters["ResourceArn"], "Policy": policy}


def get_resource_policy(realm: Realm, parameters: Parameters, now: float) -> Response:
    """GetResourcePolicy; of a backup that has none, an answer without a policy."""
    del now
    policy = _owned(realm, parameters).policy
    return {} if policy is None else {"Policy": policy}


def delete_resource_policy(realm: Realm, parameters: Parameters, now: float) -> Response:
    """DeleteResourcePolicy: clusters that were made from the backup stay as they are."""
    del now
    backup = _owned(realm, parameters)
    realm.backups.put(replace(backup, policy=None))
    response = {"ResourceArn": parameters["ResourceArn"]}
    return response if backup.policy is None else {**response, "Policy": backup.policy}


def may_restore(backup: Backup, caller: Caller) -> bool:
    """Whether the policy of a backup lets another account make a cluster from it."""
    statements = list(_statements(json.loads(backup.policy))) if backup.policy else []
    effects = {one["Effect"] for one in statements if _concerns(one, caller)}
    return effects == {"Allow"}


def _concerns(statement: dict[str, Any], caller: Caller) -> bool:
    principal = statement["Principal"]
    named = principal.get("AWS", ()) if isinstance(principal, dict) else principal
    who = ("*", caller.account, root_arn(caller))
    return any(one in who for one in _listed(named)) and any(
        one in _RESTORING for one in _listed(statement["Action"])
    )


def _is_policy(text: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not (isinstance(document, dict) and document.get("Statement")):
        return False
    return all(
        isinstance(one, dict)
        and all(name in one for name in _STATEMENT)
        and one["Effect"] in ("Allow", "Deny")
        for one in _statements(document)
    )


def _statements(document: dict[str, Any]) -> Iterator[Any]:
    return iter(_listed(document["Statement"]))


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON as the customer wrote it
    return list(value) if isinstance(value, list | tuple) else [value]


def _owned(realm: Realm, parameters: Parameters) -> Backup:
    arn = parameters.get("ResourceArn")
    if arn is None:
        raise invalid("ResourceArn is required.")
    if ":backup/" not in arn:
        raise invalid(f"{arn} is no backup; only backups have a resource policy.")
    backup = realm.backups.get(arn.rpartition("/")[2])
    if backup is None or arn != backup_arn(realm.caller, backup.id):
        message = f"CloudHSM couldn't find {arn} in this account and Region."
        raise ServiceError(ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND, message)
    return backup
