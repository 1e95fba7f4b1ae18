"""Proofs: the only place that checks with a library of our own what a target has computed.

A signature must verify with the public key that the target tells, a secret must be what the other
side derives, and of key material that a caller imported all can be computed here. What cannot be
known from outside is not looked at, nor what is of a form that this library does not read.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from nacl import bindings as sodium
from nacl.exceptions import BadSignatureError

from kmspec_check import wrapping
from kmspec_check.binding import Binding, agreement_key
from kmspec_check.patterns import Fit, Mismatch
from kmspec_check.target import Answer
from kmspec_model import Command, Ref
from kmspec_model.command import BY_KEY
from kmspec_model.materials import read

_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "SHA_256": hashes.SHA256(),
    "SHA_384": hashes.SHA384(),
    "SHA_512": hashes.SHA512(),
}
_BAD = (InvalidSignature, BadSignatureError)
_MEMBERS = {
    "Sign": (
        "Signature",
        "a signature that the public key verifies; of PSS with a salt as long as the hash",
    ),
    "GenerateMac": ("Mac", "the HMAC by the key material that was imported"),
    "DeriveSharedSecret": ("SharedSecret", "the secret that the other side derives"),
    "GenerateDataKeyPair": ("PrivateKeyPlaintext", "the private key of the public key beside it"),
    "Encrypt": ("CiphertextBlob", "what the private key that was imported decrypts"),
    "GetPublicKey": ("PublicKey", "the public key of the private key that was imported"),
}
"""What is proved of an operation: which member, and what it must be."""
OPERATIONS = frozenset(_MEMBERS)
WORDS = frozenset(words for _, words in _MEMBERS.values())


class Right(NamedTuple):
    """What a value must be, in words; it can only be computed."""

    words: str

    def __str__(self) -> str:
        return self.words


class _Asked(NamedTuple):
    """A request, its answer, and what is known."""

    command: Command
    body: Mapping[str, Any]
    binding: Binding

    def argument(self, member: str) -> Any:  # noqa: ANN401 - arguments are of any type
        value = self.command.get(member)
        return None if value is None else self.binding.resolved(value)

    @property
    def key(self) -> int:
        """The number of the KMS key that is used; -1 where it is not named as such."""
        named = self.command.get("KeyId")
        return named.index if isinstance(named, Ref) and named.kind == "key" else -1

    def public(self) -> PublicKeyTypes | None:
        """The public key that the target told before."""
        ref = Ref("public", BY_KEY + self.key)
        return _public(self.binding.value(ref)) if self.binding.known(ref) else None

    def imported(self) -> bytes | None:
        """The key material that was imported into the KMS key."""
        ref = Ref("imported", self.key)
        return wrapping.material(self.binding.value(ref)) if self.binding.known(ref) else None


def proved(found: Fit, command: Command, answer: Answer, binding: Binding) -> Fit:
    """How an answer fits, computation included."""
    if command.operation not in _MEMBERS or answer.refused or found.mismatches:
        return found
    member, words = _MEMBERS[command.operation]
    value = answer.body.get(member)
    if not isinstance(value, bytes) or not value:
        return found
    if _CHECKS[command.operation](_Asked(command, answer.body, binding), value):
        return found
    return found._replace(mismatches=(Mismatch((member,), Right(words), value),))


def learned(command: Command, answer: Answer) -> dict[Ref, Any]:
    """Which key material a KMS key has from now on, if it was imported right now."""
    material, key = command.get("EncryptedKeyMaterial"), command.get("KeyId")
    if command.operation != "ImportKeyMaterial" or answer.refused:
        return {}
    if not isinstance(material, Ref) or not isinstance(key, Ref):
        return {}
    return {Ref("imported", key.index): read(material).material}


def _public(der: object) -> PublicKeyTypes | None:
    try:
        return serialization.load_der_public_key(der) if isinstance(der, bytes) else None
    except (ValueError, UnsupportedAlgorithm):
        return None


def _signature(asked: _Asked, signature: bytes) -> bool:
    public, message = asked.public(), asked.argument("Message")
    algorithm, form = str(asked.argument("SigningAlgorithm")), asked.argument("MessageType")
    try:
        match public:
            case rsa.RSAPublicKey():
                digest = _hash(algorithm, form)
                public.verify(signature, message, _padding(algorithm), digest)
            case ec.EllipticCurvePublicKey():
                public.verify(signature, message, ec.ECDSA(_hash(algorithm, form)))
            case ed25519.Ed25519PublicKey():
                _edwards(public, signature, message, algorithm)
            case mldsa.MLDSA44PublicKey() | mldsa.MLDSA65PublicKey() | mldsa.MLDSA87PublicKey():
                check = public.verify_mu if form == "EXTERNAL_MU" else public.verify
                check(signature, message)
    except _BAD:
        return False
    return True


def _hash(algorithm: str, form: object) -> hashes.HashAlgorithm | utils.Prehashed:
    found = _HASHES[algorithm[-7:]]
    return utils.Prehashed(found) if form == "DIGEST" else found


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    """Of PSS the salt is as long as the hash, as AWS documents it."""
    if "PKCS1" in algorithm:
        return padding.PKCS1v15()
    digest = _HASHES[algorithm[-7:]]
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


def _edwards(
    public: ed25519.Ed25519PublicKey, signature: bytes, message: bytes, algorithm: str
) -> None:
    if algorithm != "ED25519_PH_SHA_512":
        public.verify(signature, message)
        return
    state = sodium.crypto_sign_ed25519ph_state()
    sodium.crypto_sign_ed25519ph_update(state, message)
    raw = public.public_bytes_raw()
    if not sodium.crypto_sign_ed25519ph_final_verify(state, signature, raw):
        raise InvalidSignature


def _mac(asked: _Asked, mac: bytes) -> bool:
    secret, name = asked.imported(), str(asked.argument("MacAlgorithm")).rpartition("_")[2]
    return secret is None or hmac.digest(secret, asked.argument("Message"), f"sha{name}") == mac


def _secret(asked: _Asked, secret: bytes) -> bool:
    public, named = asked.public(), asked.command.get("PublicKey")
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(named, Ref):
        return True
    private = agreement_key(named.index, named.form)
    same = private.curve.name == public.curve.name
    return not same or private.exchange(ec.ECDH(), public) == secret


def _pair(asked: _Asked, private: bytes) -> bool:
    public = _public(asked.body.get("PublicKey"))
    try:
        return public is None or _private(private).public_key() == public
    except (ValueError, TypeError):
        return False
    except UnsupportedAlgorithm:
        return True


def _encrypted(asked: _Asked, blob: bytes) -> bool:
    material, algorithm = asked.imported(), str(asked.argument("EncryptionAlgorithm"))
    if material is None or not algorithm.startswith("RSAES"):
        return True
    try:
        opened = _private(material).decrypt(blob, wrapping.oaep(algorithm))
        return bool(opened == asked.argument("Plaintext"))
    except ValueError:
        return False


def _own_public(asked: _Asked, der: bytes) -> bool:
    material, public = asked.imported(), _public(der)
    return material is None or public is None or _private(material).public_key() == public


def _private(der: bytes) -> Any:  # noqa: ANN401 - of any kind
    return serialization.load_der_private_key(der, None)


_CHECKS: Mapping[str, Callable[[_Asked, bytes], bool]] = {
    "Sign": _signature,
    "GenerateMac": _mac,
    "DeriveSharedSecret": _secret,
    "GenerateDataKeyPair": _pair,
    "Encrypt": _encrypted,
    "GetPublicKey": _own_public,
}
