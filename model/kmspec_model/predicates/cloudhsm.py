"""Predicates of requests about clusters, HSMs and backups."""

from collections.abc import Mapping

from kmspec import limits
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.predicates.kinds import OfCase
from kmspec_model.states import active_hsms, is_uninitialized
from kmspec_model.world import NONE


def _no_csr(case: Case) -> bool:
    cluster = case.cluster
    if cluster is None or not is_uninitialized(cluster):
        return False
    return cluster.source != NONE or not active_hsms(cluster)


def _wrong_signer(case: Case) -> bool:
    """``certificate#1.0`` is the certificate of ``cluster#1`` signed by ``ca#0``."""
    certificate = case.arguments.get("SignedCert")
    anchor = case.arguments.get("TrustAnchor")
    if case.cluster is None or not isinstance(certificate, Ref) or not isinstance(anchor, Ref):
        return False
    return certificate != Ref("certificate", case.cluster.index, str(anchor.index))


def _second_hsm_before_activation(case: Case) -> bool:
    cluster = case.cluster
    return cluster is not None and is_uninitialized(cluster) and bool(cluster.hsms)


def _zone_without_subnet(case: Case) -> bool:
    zone = case.arguments.get("AvailabilityZone")
    if case.cluster is None or not isinstance(zone, Ref):
        return False
    return zone.index not in case.cluster.zones


OF_CASE: Mapping[str, OfCase] = {
    "four-clusters": lambda case: len(case.world.clusters) >= limits.CLUSTERS,
    "no-csr": _no_csr,
    "wrong-signer": _wrong_signer,
    "cluster-has-hsms": lambda case: case.cluster is not None and bool(case.cluster.hsms),
    "second-hsm-before-activation": _second_hsm_before_activation,
    "zone-without-subnet": _zone_without_subnet,
    "six-hsms": lambda case: (
        sum(len(cluster.hsms) for cluster in case.world.clusters) >= limits.HSMS
    ),
    "hsm-unknown": lambda case: "HsmId" in case.arguments and case.hsm is None,
    "backup-unknown": lambda case: case.operation.backup in case.arguments and case.backup is None,
}
"""By the word the tables use."""
