"""Private keys: the only module that knows which library does what with a key pair.

All is done by pyca/cryptography, but Ed25519ph (RFC 8032, section 5.1) by libsodium, and
ML-KEM-512 in a module of its own.
"""

import os
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from nacl import bindings as sodium
from nacl.exceptions import BadSignatureError

from kmspec.names import KeySpec
from kmspec_impl.hsm.interface import (
    Form,
    MaterialError,
    Oaep,
    PublicKeyError,
    SealError,
    Signing,
)
from kmspec_impl.hsm.ml_kem_512 import SEED_BYTES, MlKem512

MlDsa: TypeAlias = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
Signer: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | MlDsa
)
Kem: TypeAlias = mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey | MlKem512
PrivateKey: TypeAlias = Signer | Kem

_EXPONENT: Final = 65537
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = MappingProxyType(
    {"SHA_256": hashes.SHA256(), "SHA_384": hashes.SHA384(), "SHA_512": hashes.SHA512()}
)
_OAEP_HASHES: Final[Mapping[Oaep, hashes.HashAlgorithm]] = MappingProxyType(
    {Oaep.SHA_1: hashes.SHA1(), Oaep.SHA_256: hashes.SHA256()}  # noqa: S303 - AWS offers it
)
_RSA_BITS: Final = {2048: KeySpec.RSA_2048, 3072: KeySpec.RSA_3072, 4096: KeySpec.RSA_4096}
_CURVES: Final[Mapping[KeySpec, ec.EllipticCurve]] = MappingProxyType(
    {
        KeySpec.ECC_NIST_P256: ec.SECP256R1(),
        KeySpec.ECC_NIST_P384: ec.SECP384R1(),
        KeySpec.ECC_NIST_P521: ec.SECP521R1(),
        KeySpec.ECC_SECG_P256K1: ec.SECP256K1(),
    }
)
_SPEC_OF_CURVE: Final = {curve.name: spec for spec, curve in _CURVES.items()}
_CLASSES: Final[Mapping[KeySpec, type[PrivateKey]]] = MappingProxyType(
    {
        KeySpec.ECC_NIST_EDWARDS25519: ed25519.Ed25519PrivateKey,
        KeySpec.ML_DSA_44: mldsa.MLDSA44PrivateKey,
        KeySpec.ML_DSA_65: mldsa.MLDSA65PrivateKey,
        KeySpec.ML_DSA_87: mldsa.MLDSA87PrivateKey,
        KeySpec.ML_KEM_512: MlKem512,
        KeySpec.ML_KEM_768: mlkem.MLKEM768PrivateKey,
        KeySpec.ML_KEM_1024: mlkem.MLKEM1024PrivateKey,
    }
)
_GENERATORS: Final[Mapping[KeySpec, Callable[[], PrivateKey]]] = MappingProxyType(
    {
        **{spec: partial(rsa.generate_private_key, _EXPONENT, n) for n, spec in _RSA_BITS.items()},
        **{spec: partial(ec.generate_private_key, curve) for spec, curve in _CURVES.items()},
        KeySpec.ECC_NIST_EDWARDS25519: ed25519.Ed25519PrivateKey.generate,
        KeySpec.ML_DSA_44: mldsa.MLDSA44PrivateKey.generate,
        KeySpec.ML_DSA_65: mldsa.MLDSA65PrivateKey.generate,
        KeySpec.ML_DSA_87: mldsa.MLDSA87PrivateKey.generate,
        KeySpec.ML_KEM_512: lambda: MlKem512(os.urandom(SEED_BYTES)),
        KeySpec.ML_KEM_768: mlkem.MLKEM768PrivateKey.generate,
        KeySpec.ML_KEM_1024: mlkem.MLKEM1024PrivateKey.generate,
    }
)


def generate(spec: KeySpec) -> PrivateKey:
    """A new private key of that kind."""
    return _GENERATORS[spec]()


@lru_cache(maxsize=8)
def load(spec: KeySpec, der: bytes) -> PrivateKey:
    """The private key in a PKCS #8 document.

    What is imported is read to see what it is and again to be held: that it is sound is slow to
    see, and seen once.

    :raises MaterialError: there is none in it of that kind.
    """
    try:
        if spec is KeySpec.ML_KEM_512:
            return MlKem512.from_pkcs8(der)
        key = load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as cause:
        raise MaterialError("This is no PKCS #8 private key in DER.") from cause
    if not _is_pkcs8(der):
        raise MaterialError("This is a private key in another form than PKCS #8.")
    if _spec_of(key) is not spec:
        raise MaterialError(f"This is no private key of KeySpec {spec}.")
    return key  # type: ignore[return-value]  # by its spec it is one of ours


def pkcs8(key: PrivateKey) -> bytes:
    """The private key in DER; that of ML-DSA and ML-KEM as its seed."""
    if isinstance(key, MlKem512):
        return key.pkcs8()
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def spki(key: PrivateKey) -> bytes:
    """The public key in DER."""
    if isinstance(key, MlKem512):
        return key.spki()
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: PrivateKey, algorithm: Signing, message: bytes, form: Form) -> bytes:
    """A signature."""
    match key:
        case rsa.RSAPrivateKey():
            return key.sign(message, _padding(algorithm), _hash(algorithm, form))
        case ec.EllipticCurvePrivateKey():
            return key.sign(message, ec.ECDSA(_hash(algorithm, form)))
        case ed25519.Ed25519PrivateKey():
            if algorithm is not Signing.ED25519_PH_SHA_512:
                return key.sign(message)
            pair = sodium.crypto_sign_seed_keypair(key.private_bytes_raw())
            return sodium.crypto_sign_ed25519ph_final_create(_hashed(message), pair[1])
        case mldsa.MLDSA44PrivateKey() | mldsa.MLDSA65PrivateKey() | mldsa.MLDSA87PrivateKey():
            return key.sign_mu(message) if form is Form.EXTERNAL_MU else key.sign(message)
        case _:
            raise _no_signer(key)


def verify(
    key: PrivateKey, algorithm: Signing, message: bytes, form: Form, signature: bytes
) -> bool:
    """Whether it is a signature by this key."""
    try:
        _verify(key, algorithm, message, form, signature)
    except (InvalidSignature, BadSignatureError):
        return False
    return True


def encrypt(key: PrivateKey, algorithm: Oaep, plaintext: bytes) -> bytes:
    """Encrypt by RSA."""
    return _rsa(key).public_key().encrypt(plaintext, _oaep(algorithm))


def decrypt(key: PrivateKey, algorithm: Oaep, ciphertext: bytes) -> bytes:
    """Decrypt by RSA.

    :raises SealError: it was not encrypted for this key so.
    """
    try:
        return _rsa(key).decrypt(ciphertext, _oaep(algorithm))
    except ValueError as cause:
        raise SealError from cause


def derive(key: PrivateKey, public_key: bytes) -> bytes:
    """ECDH with a public key in DER: the x-coordinate, as long as the field is.

    :raises PublicKeyError: it is none of this curve.
    """
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{type(key).__name__} does not agree")
    try:
        other = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm) as cause:
        raise PublicKeyError from cause
    if not isinstance(other, ec.EllipticCurvePublicKey) or other.curve.name != key.curve.name:
        raise PublicKeyError
    return key.exchange(ec.ECDH(), other)


def encapsulate(key: PrivateKey) -> tuple[bytes, bytes]:
    """A fresh shared secret and its ciphertext."""
    kem = _kem(key)
    return kem.encapsulate() if isinstance(kem, MlKem512) else kem.public_key().encapsulate()


def decapsulate(key: PrivateKey, ciphertext: bytes) -> bytes:
    """The shared secret in a ciphertext of the right length."""
    return _kem(key).decapsulate(ciphertext)


def _verify(
    key: PrivateKey, algorithm: Signing, message: bytes, form: Form, signature: bytes
) -> None:
    match key:
        case rsa.RSAPrivateKey():
            public = key.public_key()
            public.verify(signature, message, _padding(algorithm), _hash(algorithm, form))
        case ec.EllipticCurvePrivateKey():
            key.public_key().verify(signature, message, ec.ECDSA(_hash(algorithm, form)))
        case ed25519.Ed25519PrivateKey():
            edwards = key.public_key()
            if algorithm is not Signing.ED25519_PH_SHA_512:
                edwards.verify(signature, message)
                return
            if len(signature) != sodium.crypto_sign_BYTES:
                raise InvalidSignature
            point = edwards.public_bytes_raw()
            sodium.crypto_sign_ed25519ph_final_verify(_hashed(message), signature, point)
        case mldsa.MLDSA44PrivateKey() | mldsa.MLDSA65PrivateKey() | mldsa.MLDSA87PrivateKey():
            lattice = key.public_key()
            if form is Form.EXTERNAL_MU:
                lattice.verify_mu(signature, message)
            else:
                lattice.verify(signature, message)
        case _:
            raise _no_signer(key)


def _is_pkcs8(der: bytes) -> bool:
    """Whether a private key is preceded by its algorithm, a SEQUENCE after the version.

    It is not in the older forms, which are loaded as well.
    """
    header = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
    return der[header + 3 : header + 4] == b"\x30"


def _spec_of(key: object) -> KeySpec | None:
    if isinstance(key, rsa.RSAPrivateKey):
        return _RSA_BITS.get(key.key_size)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _SPEC_OF_CURVE.get(key.curve.name)
    return next((spec for spec, kind in _CLASSES.items() if isinstance(key, kind)), None)


def _padding(algorithm: Signing) -> padding.AsymmetricPadding:
    if "PSS" not in algorithm:
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(_HASHES[algorithm[-7:]]), padding.PSS.DIGEST_LENGTH)


def _hash(algorithm: Signing, form: Form) -> hashes.HashAlgorithm | utils.Prehashed:
    used = _HASHES[algorithm[-7:]]
    return utils.Prehashed(used) if form is Form.DIGEST else used


def _hashed(message: bytes) -> sodium.crypto_sign_ed25519ph_state:
    state = sodium.crypto_sign_ed25519ph_state()
    sodium.crypto_sign_ed25519ph_update(state, message)
    return state


def _oaep(algorithm: Oaep) -> padding.OAEP:
    used = _OAEP_HASHES[algorithm]
    return padding.OAEP(padding.MGF1(used), used, None)


def _rsa(key: PrivateKey) -> rsa.RSAPrivateKey:
    if isinstance(key, rsa.RSAPrivateKey):
        return key
    raise TypeError(f"{type(key).__name__} does not encrypt")


def _kem(key: PrivateKey) -> Kem:
    if isinstance(key, MlKem512 | mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey):
        return key
    raise TypeError(f"{type(key).__name__} does not encapsulate")


def _no_signer(key: PrivateKey) -> TypeError:
    return TypeError(f"{type(key).__name__} does not sign")
