"""Key specs and usages: the only place that says what a kind of key can be used for.

From the table of crypto.md, section 8. The order of algorithms is that of AWS's examples.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kmspec.names import ErrorCode, KeySpec, KeyUsage
from kmspec_impl.errors import ServiceError
from kmspec_impl.hsm.interface import Oaep, Signing
from kmspec_impl.kms.grants import check_tokens
from kmspec_impl.kms.identifiers import find_key
from kmspec_impl.kms.key_state import require_usable
from kmspec_impl.kms.requests import not_in_this_region
from kmspec_impl.kms.state import Key
from kmspec_impl.realm import Parameters, Realm

SYMMETRIC: Final = KeySpec.SYMMETRIC_DEFAULT

_RSA_ENCRYPTION: Final = (Oaep.SHA_1, Oaep.SHA_256)
_RSA_SIGNING: Final = (
    Signing.RSASSA_PKCS1_V1_5_SHA_256,
    Signing.RSASSA_PKCS1_V1_5_SHA_384,
    Signing.RSASSA_PKCS1_V1_5_SHA_512,
    Signing.RSASSA_PSS_SHA_256,
    Signing.RSASSA_PSS_SHA_384,
    Signing.RSASSA_PSS_SHA_512,
)
_RSA: Final = {
    KeyUsage.ENCRYPT_DECRYPT: _RSA_ENCRYPTION,
    KeyUsage.SIGN_VERIFY: _RSA_SIGNING,
}
_ML_DSA: Final = {KeyUsage.SIGN_VERIFY: (Signing.ML_DSA_SHAKE_256,)}
_ML_KEM: Final = {KeyUsage.ENCAPSULATE_DECAPSULATE: ("ML_KEM",)}


def _curve(algorithm: Signing) -> dict[KeyUsage, tuple[str, ...]]:
    return {KeyUsage.SIGN_VERIFY: (algorithm,), KeyUsage.KEY_AGREEMENT: ("ECDH",)}


def _hmac(algorithm: str) -> dict[KeyUsage, tuple[str, ...]]:
    return {KeyUsage.GENERATE_VERIFY_MAC: (algorithm,)}


ALGORITHMS: Final[Mapping[KeySpec, Mapping[KeyUsage, tuple[str, ...]]]] = MappingProxyType(
    {
        KeySpec.SYMMETRIC_DEFAULT: {KeyUsage.ENCRYPT_DECRYPT: (SYMMETRIC,)},
        KeySpec.RSA_2048: _RSA,
        KeySpec.RSA_3072: _RSA,
        KeySpec.RSA_4096: _RSA,
        KeySpec.ECC_NIST_P256: _curve(Signing.ECDSA_SHA_256),
        KeySpec.ECC_NIST_P384: _curve(Signing.ECDSA_SHA_384),
        KeySpec.ECC_NIST_P521: _curve(Signing.ECDSA_SHA_512),
        KeySpec.ECC_SECG_P256K1: {KeyUsage.SIGN_VERIFY: (Signing.ECDSA_SHA_256,)},
        KeySpec.ECC_NIST_EDWARDS25519: {
            KeyUsage.SIGN_VERIFY: (Signing.ED25519_SHA_512, Signing.ED25519_PH_SHA_512)
        },
        KeySpec.SM2: {
            KeyUsage.ENCRYPT_DECRYPT: ("SM2PKE",),
            KeyUsage.SIGN_VERIFY: ("SM2DSA",),
            KeyUsage.KEY_AGREEMENT: ("ECDH",),
        },
        KeySpec.HMAC_224: _hmac("HMAC_SHA_224"),
        KeySpec.HMAC_256: _hmac("HMAC_SHA_256"),
        KeySpec.HMAC_384: _hmac("HMAC_SHA_384"),
        KeySpec.HMAC_512: _hmac("HMAC_SHA_512"),
        KeySpec.ML_DSA_44: _ML_DSA,
        KeySpec.ML_DSA_65: _ML_DSA,
        KeySpec.ML_DSA_87: _ML_DSA,
        KeySpec.ML_KEM_512: _ML_KEM,
        KeySpec.ML_KEM_768: _ML_KEM,
        KeySpec.ML_KEM_1024: _ML_KEM,
    }
)
"""What a key does, by spec and usage."""

_LISTS: Final = {
    KeyUsage.ENCRYPT_DECRYPT: "EncryptionAlgorithms",
    KeyUsage.SIGN_VERIFY: "SigningAlgorithms",
    KeyUsage.GENERATE_VERIFY_MAC: "MacAlgorithms",
    KeyUsage.KEY_AGREEMENT: "KeyAgreementAlgorithms",
    KeyUsage.ENCAPSULATE_DECAPSULATE: "EncapsulationAlgorithms",
}
_SECRETS: Final = (
    KeySpec.SYMMETRIC_DEFAULT,
    KeySpec.HMAC_224,
    KeySpec.HMAC_256,
    KeySpec.HMAC_384,
    KeySpec.HMAC_512,
)


def is_asymmetric(spec: KeySpec) -> bool:
    """Whether a key of that spec is a key pair."""
    return spec not in _SECRETS


def shown(spec: KeySpec, usage: KeyUsage) -> dict[str, list[str]]:
    """The algorithms of a key, in the list that its usage has."""
    return {_LISTS[usage]: [str(name) for name in ALGORITHMS[spec][usage]]}


def refuse_sm2(spec: str) -> None:
    """Refuse SM2, which AWS offers in China Regions only, and no library of ours.

    :raises ServiceError: UnsupportedOperationException.
    """
    if spec == KeySpec.SM2:
        raise not_in_this_region(f"KeySpec {spec}")


def key_to_use(
    realm: Realm, parameters: Parameters, usage: KeyUsage, operation: str, now: float
) -> Key:
    """The key that a request names, Enabled, of the usage that the operation needs, and counted.

    :raises ServiceError: in this order NotFoundException, InvalidGrantTokenException, what
        the key state is answered with, InvalidKeyUsageException, ThrottlingException.
    """
    key = find_key(realm, parameters["KeyId"])
    check_tokens(realm, parameters)
    require_usable(realm, key)
    require_usage(key, usage, operation)
    count(realm, operation, now, key)
    return key


def count(realm: Realm, operation: str, now: float, *keys: Key) -> None:
    """One request with these keys, towards the quotas of their key specs.

    :raises ServiceError: ThrottlingException.
    """
    quotas = realm.shared.quotas
    if quotas.counts_operations:
        quotas.charge_keys(realm.caller, operation, [key.spec for key in keys], now)


def require_usage(key: Key, usage: KeyUsage, operation: str) -> None:
    """Refuse a key that is not for this.

    :raises ServiceError: InvalidKeyUsageException [REC].
    """
    if key.usage is not usage:
        message = f"{key.arn} key usage is {key.usage} which is not valid for {operation}."
        raise ServiceError(ErrorCode.INVALID_KEY_USAGE, message)


def require_algorithm(key: Key, algorithm: str) -> None:
    """Refuse an algorithm that keys of this spec and usage do not have.

    :raises ServiceError: InvalidKeyUsageException [REC].
    """
    if algorithm not in ALGORITHMS[key.spec][key.usage]:
        message = f"Algorithm {algorithm} is incompatible with key spec {key.spec}."
        raise ServiceError(ErrorCode.INVALID_KEY_USAGE, message)


def require_symmetric(key: Key, operation: str) -> None:
    """Refuse a key that encrypts no data keys: one that is not SYMMETRIC_DEFAULT.

    :raises ServiceError: InvalidKeyUsageException.
    """
    if key.spec is not SYMMETRIC:
        require_usage(key, KeyUsage.ENCRYPT_DECRYPT, operation)
        require_algorithm(key, SYMMETRIC)
