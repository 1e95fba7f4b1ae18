"""Resolving: the only place that turns a command into the parameters of a call.

Most symbols follow from the binding. Some need a look at the target first: a certificate is made
of the signing request that the cluster shows, a handle is found by the label it carries, a moment
is so much after the target's time; and key material is wrapped anew each time.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kmspec.names import Service
from kmspec_check import certificates, wrapping
from kmspec_check.binding import UNKNOWN_HANDLE, Binding
from kmspec_check.target import Answer, Trouble
from kmspec_model import Command, Ref

Asking = Callable[[str, str, Mapping[str, Any]], Answer]


def parameters(command: Command, binding: Binding, ask: Asking) -> dict[str, Any]:
    """The parameters of a command with every symbol replaced.

    :raises kmspec_check.target.Trouble: a look at the target failed.
    """
    looked = {
        ref: _look(ref, command, binding, ask)
        for ref in command.references()
        if ref.kind in _LOOKED_UP and not binding.known(ref)
    }
    if looked:
        binding = _Looked(binding, looked)
    return {name: binding.resolved(value) for name, value in command.arguments}


_LOOKED_UP = ("certificate", "handle", "material", "moment")


class _Looked(Binding):
    """A binding that for one command also knows what was looked up."""

    __slots__ = ("_looked",)

    def __init__(self, binding: Binding, looked: Mapping[Ref, Any]) -> None:
        super().__init__(binding.place, dict(binding.items()), binding.asked)
        self._looked = looked

    def value(self, ref: Ref) -> Any:  # noqa: ANN401 - symbols stand for values of any type
        """The value looked up, or else as bound."""
        return self._looked[ref] if ref in self._looked else super().value(ref)


def _look(ref: Ref, command: Command, binding: Binding, ask: Asking) -> object:
    if ref.kind == "certificate":
        cluster = binding.value(Ref("cluster", ref.index))
        return certificates.signed(_csr(cluster, ask) or stray_csr(), int(ref.form or "0"))
    if ref.kind == "material":
        return wrapping.wrapped(ref, binding)
    if ref.kind == "moment":
        moment = _now(ask) + ref.index
        return int(moment) if moment.is_integer() else moment
    where = command.get("ClusterId")
    cluster = binding.resolved(where) if where is not None else ""
    answer = ask(Service.OPERATOR, "ListHsmKeys", {"ClusterId": cluster})
    label = binding.value(Ref("key", ref.index, "arn"))
    for key in answer.body.get("Keys") or ():
        if key.get("Label") == label:
            return key["Handle"]
    return UNKNOWN_HANDLE


def _now(ask: Asking) -> float:
    """What time it is where the target is: as it says, or else as the machine does.

    In whole seconds then, as boto3 and the AWS CLI write moments.
    """
    try:
        return float(ask(Service.CLOCK, "Now", {}).body["Now"])
    except (Trouble, LookupError):
        return float(int(datetime.now(UTC).timestamp()))


def _csr(cluster: str, ask: Asking) -> str | None:
    """The signing request that a cluster shows, if it shows one."""
    answer = ask(Service.CLOUDHSM, "DescribeClusters", {"Filters": {"clusterIds": [cluster]}})
    for found in answer.body.get("Clusters") or ():
        if found.get("ClusterId") == cluster:
            csr = (found.get("Certificates") or {}).get("ClusterCsr")
            return str(csr) if csr else None
    return None


@cache
def stray_csr() -> str:
    """A signing request of no cluster, for where a command is tried though there is none."""
    key = ec.derive_private_key(0x7374726179, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "no cluster")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    request = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    return request.public_bytes(serialization.Encoding.PEM).decode()
