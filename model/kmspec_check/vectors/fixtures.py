"""Fixtures: the only place that spells out what the symbols of vectors stand for.

A program that runs vectors makes nothing up: what a caller chooses stands here as a value, and of
what only a call can tell, what there is to know.
"""

from collections.abc import Callable, Iterable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from kmspec_check import attestations, certificates, resolve, wrapping
from kmspec_check.binding import UNKNOWN_HANDLE, Binding, Place
from kmspec_check.trace import encoded
from kmspec_model import Ref
from kmspec_model.command import BY_KEY, DATA_KEY_PLAINTEXTS, MADE
from kmspec_model.materials import read

_BINDING = Binding(Place("${account}", "us-east-1", "${tag}"))
_IN_THE_REGION = Binding(Place("${account}", "${region}", "${tag}"))
_OF_KINDS = ("key", "alias", "service", "backup", "cluster")
"""What has an ARN."""
_CHOSEN_FORMS = ("message", "public", "policy", "attestation")
"""Of which a form is something else altogether."""
_LOOKED_UP = ("certificate", "material", "moment", "handle")
_ECDSA_SHA_256 = bytes.fromhex("300a06082a8648ce3d040302")
"""The DER of an AlgorithmIdentifier (RFC 5758)."""


def fixtures(texts: Iterable[str]) -> dict[str, Any]:
    """What the references among these texts stand for; others are left out."""
    said = {Ref.parse(text) for text in texts}
    under = {Ref("wrapping", read(ref).parameters) for ref in said if ref.kind == "material"}
    refs = sorted(said | under)
    return {
        "values": _values(ref for ref in refs if ref.kind not in MADE),
        "unbound": _values(ref for ref in refs if ref.kind in MADE and ref.kind != "handle"),
        "forms": {f"{kind}.arn": _arn(kind) for kind in _OF_KINDS},
        "authorities": _told(refs, "ca", _authority),
        "certificates": _told(refs, "certificate", _certificate),
        "signatureAlgorithm": encoded(_ECDSA_SHA_256),
        "otherRequest": resolve.stray_csr(),
        "materials": _told(refs, "material", _material),
        "moments": _told(refs, "moment", lambda ref: ref.index),
        "handles": _told(refs, "handle", lambda ref: str(Ref("key", ref.index, "arn"))),
        "otherHandle": UNKNOWN_HANDLE,
        "enclave": {"privateKey": attestations.private_key()},
    }


def _told(refs: Iterable[Ref], kind: str, tell: Callable[[Ref], object]) -> dict[str, object]:
    return {str(ref): tell(ref) for ref in refs if ref.kind == kind}


def _values(refs: Iterable[Ref]) -> dict[str, object]:
    """What is the same for every vector: of a choice with a form, the form of it."""
    found: dict[str, object] = {}
    for ref in refs:
        if ref.kind in _LOOKED_UP or _is_told_by_a_target(ref):
            continue
        name = ref if ref.kind in _CHOSEN_FORMS else ref.plain
        binding = _IN_THE_REGION if ref.kind == "zone" else _BINDING
        value = binding.value(name)
        found[str(name)] = {"$map": value} if isinstance(value, dict) else encoded(value)
    return found


def _is_told_by_a_target(ref: Ref) -> bool:
    """Whether it is among what a target makes and a caller may choose as well."""
    first = {"plaintext": DATA_KEY_PLAINTEXTS, "public": BY_KEY}
    return ref.kind in first and ref.index >= first[ref.kind]


def _arn(kind: str) -> str:
    ref = Ref(kind, 0)
    return str(_IN_THE_REGION.extended({ref: "${value}"}).value(ref._replace(form="arn")))


def _authority(ref: Ref) -> object:
    """Its private key, and the DER that its certificates begin with.

    That is all of a TBSCertificate (RFC 5280) before the subject.
    """
    found = certificates.authority(ref.index)
    issued = x509.load_pem_x509_certificate(
        certificates.signed(resolve.stray_csr(), ref.index).encode()
    )
    content = issued.tbs_certificate_bytes
    begins = content.index(b"\xa0")
    return {
        "privateKey": found.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        "beforeSubject": encoded(content[begins : content.rindex(issued.subject.public_bytes())]),
    }


def _certificate(ref: Ref) -> object:
    return {"cluster": str(Ref("cluster", ref.index)), "authority": f"ca#{ref.form}"}


def _material(ref: Ref) -> object:
    said = read(ref)
    return {
        "content": encoded(wrapping.material(said.material)),
        "under": str(Ref("wrapping", said.parameters)),
        "algorithm": said.algorithm.value,
        "corrupt": said.corrupt,
    }
