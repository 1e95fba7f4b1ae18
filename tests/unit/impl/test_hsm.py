"""HSMs: every kind of key, held against published vectors and against other libraries.

What HSMs do together is held of both backends.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from kyber_py import ml_kem

from kmspec.names import KeySpec
from kmspec_impl.hsm.backend import Backend, MaskingKey, maker
from kmspec_impl.hsm.interface import (
    Device,
    Form,
    MaterialError,
    Oaep,
    PublicKeyError,
    SealError,
    Signing,
)
from kmspec_impl.hsm.software import SoftwareDevice
from kmspec_impl.storage.tables import Table
from tests.helpers import softhsm

PAIRS: Final = [
    spec
    for spec in KeySpec
    if spec not in (KeySpec.SYMMETRIC_DEFAULT, KeySpec.SM2) and not spec.startswith("HMAC")
]


def pkcs8(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(params=Backend)
def new_device(request: pytest.FixtureRequest) -> Callable[[], Device]:
    """Makes HSMs of one backend."""
    if request.param is Backend.PKCS11:
        softhsm.require()
    make = maker(request.param, Table[MaskingKey]())
    return lambda: make(Table(), Table(), Table())


def test_what_one_hsm_seals_all_others_open(new_device: Callable[[], Device]) -> None:
    device, other, restored = (new_device() for _ in range(3))
    handles = [device.generate("kms", f"label {number}") for number in range(3)]
    for handle in handles:
        other.unwrap(device.wrap(handle))
    kept = device.backup()
    sealed = {
        (by, handle): by.encrypt(handle, b"text", b"a")
        for by in (device, other)
        for handle in handles
    }
    device.erase()
    restored.restore(kept)
    for (_, handle), text in sealed.items():
        for opening in (other, restored):
            assert opening.decrypt(handle, text, b"a") == b"text"
            for wrong in (
                b"",
                text[:11],
                text[:-1],
                text + b"0",
                text[:-1] + bytes([text[-1] ^ 1]),
            ):
                with pytest.raises(SealError):
                    opening.decrypt(handle, wrong, b"a")
            with pytest.raises(SealError):
                opening.decrypt(handle, text, b"")
            with pytest.raises(SealError):
                opening.decrypt(handles[handle == handles[0]], text, b"a")
    other.delete(handles[0])
    assert [key.handle for key in other.entries()] == handles[1:]
    with pytest.raises(KeyError):
        other.encrypt(handles[0], b"text", b"")
    assert len(other.random(33)) == 33


@pytest.mark.parametrize("spec", [spec for spec in PAIRS if not spec.startswith("RSA_4")])
def test_every_kind_goes_to_other_hsms_and_comes_back_from_backups(
    spec: KeySpec, new_device: Callable[[], Device]
) -> None:
    device, other, restored = (new_device() for _ in range(3))
    handle = device.generate("kms", "label", spec)
    other.unwrap(device.wrap(handle))
    restored.restore(device.backup())
    public = device.public_key(handle)
    assert public == other.public_key(handle) == restored.public_key(handle)
    assert device.entries() == other.entries() == restored.entries()
    assert device.entries()[0].spec is spec


@pytest.mark.parametrize("spec", [spec for spec in PAIRS if not spec.startswith("RSA_4")])
def test_a_pair_that_is_handed_out_can_be_imported(spec: KeySpec) -> None:
    device = SoftwareDevice()
    private, public = device.generate_pair(spec)
    assert device.public_key(device.import_key("kms", "label", spec, private)) == public
    assert device.generate_pair(spec)[1] != public


def test_material_of_another_kind_is_not_imported(new_device: Callable[[], Device]) -> None:
    device = new_device()
    wrong = [(spec, material) for spec in KeySpec for material in (b"", b"k" * 27)]
    wrong.append((KeySpec.ECC_NIST_P256, pkcs8(ec.generate_private_key(ec.SECP384R1()))))
    wrong.append((KeySpec.RSA_3072, pkcs8(rsa.generate_private_key(65537, 2048))))
    wrong.append((KeySpec.ML_KEM_512, device.generate_pair(KeySpec.ML_KEM_768)[0]))
    for spec, material in wrong:
        with pytest.raises(MaterialError):
            device.import_key("kms", "label", spec, material)
    assert device.entries() == ()


def test_ed25519_of_rfc_8032() -> None:
    # Section 7.1, TEST 2, and section 7.3
    vectors = [
        (
            Signing.ED25519_SHA_512,
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            Signing.ED25519_PH_SHA_512,
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "616263",
            (
                "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
                "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
            ),
        ),
    ]
    for algorithm, secret, message, signature in vectors:
        device = SoftwareDevice()
        key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
        handle = device.import_key("kms", "label", KeySpec.ECC_NIST_EDWARDS25519, pkcs8(key))
        signed = device.sign(handle, algorithm, bytes.fromhex(message), Form.RAW)
        assert signed.hex() == signature
        for form in Form:
            assert device.verify(handle, algorithm, bytes.fromhex(message), form, signed)
            assert not device.verify(handle, algorithm, b"other", form, signed)
            assert not device.verify(handle, algorithm, b"other", form, signed[:-1])
        other = next(one for one in (vectors[0][0], vectors[1][0]) if one is not algorithm)
        assert not device.verify(handle, other, bytes.fromhex(message), Form.RAW, signed)


def test_hmac_of_rfc_4231() -> None:
    # Test case 1; zeros after the key change nothing, and make it long enough
    secret = b"\x0b" * 20 + bytes(44)
    wanted = {
        KeySpec.HMAC_224: "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
        KeySpec.HMAC_256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        KeySpec.HMAC_384: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
        "faea9ea9076ede7f4af152e8b2fa9cb6",
        KeySpec.HMAC_512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    }
    for spec, mac in wanted.items():
        device = SoftwareDevice()
        handle = device.import_key("kms", "label", spec, secret)
        assert device.mac(handle, b"Hi There").hex() == mac
        name = "sha" + spec[-3:]
        assert device.mac(handle, b"x") == hmac.digest(secret, b"x", name)
        generated = device.generate("kms", "other", spec)
        assert device.mac(generated, b"x") != device.mac(handle, b"x")
        assert len(device.mac(generated, b"x")) == hashlib.new(name).digest_size


def test_ecdh_of_nist() -> None:
    # CAVS 14.1, ECC CDH Primitive, P-256, count 0
    numbers = ec.EllipticCurvePublicNumbers(
        0x700C48F77F56584C5CC632CA65640DB91B6BACCE3A4DF6B42CE7CC838833D287,
        0xDB71E509E3FD9B060DDB20BA5C51DCC5948D46FBF640DFE0441782CAB85FA4AC,
        ec.SECP256R1(),
    )
    other = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    secret = 0x7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534
    device = SoftwareDevice()
    key = pkcs8(ec.derive_private_key(secret, ec.SECP256R1()))
    handle = device.import_key("kms", "label", KeySpec.ECC_NIST_P256, key)
    assert device.derive(handle, other).hex() == (
        "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"
    )
    wrong = device.generate_pair(KeySpec.ECC_NIST_P384)[1]
    for public in (b"", other[:-1], wrong, device.generate_pair(KeySpec.RSA_2048)[1]):
        with pytest.raises(PublicKeyError):
            device.derive(handle, public)


@pytest.mark.parametrize("algorithm", Oaep)
def test_rsa_decrypts_what_others_encrypt(algorithm: Oaep) -> None:
    device = SoftwareDevice()
    handle = device.generate("kms", "label", KeySpec.RSA_2048)
    public = load_der_public_key(device.public_key(handle))
    assert isinstance(public, rsa.RSAPublicKey)
    used = hashes.SHA1() if algorithm is Oaep.SHA_1 else hashes.SHA256()  # noqa: S303 - AWS's
    sealed = public.encrypt(b"text", padding.OAEP(padding.MGF1(used), used, None))
    assert device.decrypt_rsa(handle, algorithm, sealed) == b"text"
    again = device.encrypt_rsa(handle, algorithm, b"text")
    assert again != sealed
    assert device.decrypt_rsa(handle, algorithm, again) == b"text"
    other = next(one for one in Oaep if one is not algorithm)
    for broken in (b"", sealed[:-1], sealed + b"0", bytes(256)):
        with pytest.raises(SealError):
            device.decrypt_rsa(handle, algorithm, broken)
    with pytest.raises(SealError):
        device.decrypt_rsa(handle, other, sealed)


def test_ml_dsa_agrees_with_mu() -> None:
    device = SoftwareDevice()
    for spec in (KeySpec.ML_DSA_44, KeySpec.ML_DSA_65, KeySpec.ML_DSA_87):
        handle = device.generate("kms", spec, spec)
        public = device.public_key(handle)
        key = load_der_public_key(public)
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        digest = hashlib.shake_256(raw).digest(64)
        mu = hashlib.shake_256(digest + b"\0\0message").digest(64)  # FIPS 204, algorithm 7
        by_mu = device.sign(handle, Signing.ML_DSA_SHAKE_256, mu, Form.EXTERNAL_MU)
        assert device.verify(handle, Signing.ML_DSA_SHAKE_256, b"message", Form.RAW, by_mu)
        by_message = device.sign(handle, Signing.ML_DSA_SHAKE_256, b"message", Form.RAW)
        assert device.verify(handle, Signing.ML_DSA_SHAKE_256, mu, Form.EXTERNAL_MU, by_message)
        assert not device.verify(handle, Signing.ML_DSA_SHAKE_256, mu, Form.RAW, by_message)
        assert isinstance(
            key, mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey
        )
        key.verify(by_mu, b"message")
        with pytest.raises(InvalidSignature):
            key.verify(by_mu, b"other")


@pytest.mark.parametrize(
    ("spec", "length", "library"),
    [
        (KeySpec.ML_KEM_512, 768, ml_kem.ML_KEM_512),
        (KeySpec.ML_KEM_768, 1088, ml_kem.ML_KEM_768),
        (KeySpec.ML_KEM_1024, 1568, ml_kem.ML_KEM_1024),
    ],
)
def test_ml_kem_agrees_with_another_library(
    spec: KeySpec, length: int, library: ml_kem.ml_kem.ML_KEM
) -> None:
    device = SoftwareDevice()
    private, public = device.generate_pair(spec)
    theirs, secret_key = library.key_derive(private[-64:])
    assert public.endswith(theirs)
    handle = device.import_key("kms", "label", spec, private)
    secret, ciphertext = device.encapsulate(handle)
    assert (len(secret), len(ciphertext)) == (32, length)
    assert library.decaps(secret_key, ciphertext) == secret
    agreed, sent = library.encaps(theirs)
    assert device.decapsulate(handle, sent) == agreed
    altered = bytes([sent[0] ^ 1]) + sent[1:]
    implicit = device.decapsulate(handle, altered)
    assert implicit == library.decaps(secret_key, altered) != agreed
    assert len(implicit) == 32


def test_ml_kem_512_is_written_like_the_others() -> None:
    device = SoftwareDevice()
    small, large = (device.generate_pair(spec) for spec in (KeySpec.ML_KEM_512, KeySpec.ML_KEM_768))
    assert len(small[0]) == len(large[0]) == 86
    assert isinstance(load_der_private_key(large[0], None), mlkem.MLKEM768PrivateKey)
    assert small[0][:-64].replace(b"\x04\x01\x04\x42", b"\x04\x02\x04\x42") == large[0][:-64]


def test_labels_outlive_what_replaced_them(new_device: Callable[[], Device]) -> None:
    device = new_device()
    first, second = device.generate("kms", "label"), device.generate("kms", "label")
    device.delete(first)
    assert device.find("label") == second
    device.delete(second)
    assert device.find("label") is None
