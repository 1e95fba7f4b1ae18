"""The small parts: bindings, statuses, profiles, the file of expected violations, the wire."""

import hashlib
import itertools
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kmspec_check import certificates, expected, profile, wire
from kmspec_check.binding import Binding, Unbound
from kmspec_check.cells import Board, Cell, Status
from kmspec_check.target import Answer, Garbled
from kmspec_model import Pairs, Ref
from tests.unit.check.support import PLACE, binding

CELL = Cell("matrix", "nothing made", "CreateKey")


def test_symbols_become_values_and_values_symbols() -> None:
    bound = binding().extended({Ref("key", 0): "1234-5678", Ref("ciphertext", 0): b"\x00\x01"})
    assert bound.resolved((Ref("key", 0), Pairs((("a", Ref("key", 0, "arn")),)))) == [
        "1234-5678",
        {"a": "arn:aws:kms:us-east-1:123456789012:key/1234-5678"},
    ]
    assert bound.symbolic({"K": "1234-5678", "C": b"\x00\x01", "P": b"abc"}) == {
        "K": "key#0",
        "C": "ciphertext#0",
        "P": "<3 bytes>",
    }
    assert bound.symbolic("no key/1234-5678 here") == "no key/key#0 here"


def test_what_a_caller_chooses_repeats_and_differs() -> None:
    again = Binding(PLACE)
    for kind in ("alias", "name", "plaintext", "subnet", "zone"):
        values = [binding().value(Ref(kind, index)) for index in range(3)]
        assert values == [again.value(Ref(kind, index)) for index in range(3)]
        assert len({str(value) for value in values}) == 3


def test_what_nothing_was_bound_to() -> None:
    assert str(binding().value(Ref("cluster", 2))).startswith("cluster-")
    with pytest.raises(Unbound):
        binding().value(Ref("certificate", 0, "0"))


def test_digests_are_those_of_their_message() -> None:
    message = binding().value(Ref("message", 3))
    assert binding().value(Ref("message", 3, "sha384")) == hashlib.sha384(message).digest()


@pytest.mark.parametrize(("form", "curve"), [("p256", 256), ("p384", 384), ("p521", 521)])
def test_public_keys_of_a_caller_are_on_their_curve(form: str, curve: int) -> None:
    made = serialization.load_der_public_key(binding().value(Ref("public", 0, form)))
    assert isinstance(made, ec.EllipticCurvePublicKey)
    assert made.curve.key_size == curve
    assert binding().value(Ref("public", 1, form)) != binding().value(Ref("public", 0, form))
    with pytest.raises(ValueError, match="no form"):
        binding().value(Ref("public", 0, "none"))


@pytest.mark.parametrize("kind", ["ciphertext", "signature", "mac"])
def test_what_a_target_made_can_be_damaged(kind: str) -> None:
    bound = binding().extended({Ref(kind, 0): b"\x00\x01\x02\x03"})
    assert bound.value(Ref(kind, 0, "corrupt")) == b"\x00\x01\x02\x02"
    assert bound.value(Ref(kind, 0, "short")) == b"\x00\x01"
    assert binding().value(Ref(kind, 0)) != bound.value(Ref(kind, 0))


def test_certificates_are_signed_by_their_authority() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    made = x509.load_pem_x509_certificate(certificates.signed(csr, 1).encode())
    made.verify_directly_issued_by(certificates.authority(1).certificate)
    assert made.public_key() == key.public_key()


@pytest.mark.parametrize(("first", "second"), list(itertools.product(Status, Status)))
def test_a_status_is_only_raised(first: Status, second: Status) -> None:
    board = Board()
    board.decide(CELL, first)
    board.decide(CELL, second)
    assert board.status(CELL) is max(first, second)


def test_statuses_are_spelled_as_reports_spell_them() -> None:
    words = ["unsupported", "skip", "pass", "expected-fail", "unexpected-pass", "fail", "error"]
    assert [status.word for status in Status] == words


@pytest.mark.parametrize("name", profile.names())
def test_our_profiles_load(name: str) -> None:
    assert profile.load(name).name == name


@pytest.mark.parametrize(
    ("text", "says"),
    [("= 1", "is no TOML"), ('title = "x"\nisolation = "maybe"', "isolation"), ("x = 1", "title")],
)
def test_a_wrong_profile(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(profile.ProfileError, match=says):
        profile.load(str(file))


def test_no_such_profile() -> None:
    with pytest.raises(profile.ProfileError, match="there is no profile 'x'; give one of"):
        profile.load("x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no/such/rule reason", "no rule has the id"),
        ("a/b", "say after the rule id why"),
        ("a/b one\na/b two", "listed twice"),
        ('a/b = "known"', "write the rule id, a space, and the reason"),
        ('"a/b" known', "no rule has the id"),
    ],
)
def test_a_wrong_file_of_expected_violations(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "expected"
    file.write_text(text)
    with pytest.raises(expected.ExpectationError, match=says):
        expected.read(file, ["a/b"])


def test_expected_violations(tmp_path: Path) -> None:
    file = tmp_path / "expected"
    file.write_text("# known\n\na/b  because so\n")
    assert expected.read(file, ["a/b"]) == {"a/b": "because so"}


def test_answers_are_plain_data() -> None:
    body = b'{"CiphertextBlob": "AAE=", "KeyId": "k"}'
    assert wire.answer("kms", "Encrypt", 200, body).body["CiphertextBlob"] == b"\x00\x01"
    stores = b'{"CustomKeyStores": [{"CreationDate": "2026-01-02T03:04:05Z"}]}'
    listed = wire.answer("kms", "DescribeCustomKeyStores", 200, stores)
    assert listed.body["CustomKeyStores"][0]["CreationDate"] == 1767323045.0
    assert wire.answer("kms", "EnableKey", 200, b"null") == Answer(200, {})


def test_what_cannot_be_read() -> None:
    with pytest.raises(Garbled):
        wire.answer("kms", "Encrypt", 200, b"<html>")
    with pytest.raises(Garbled):
        wire.answer("kms", "Encrypt", 200, b"[]")
    page = wire.answer("kms", "Encrypt", 500, b"<html>")
    assert (page.status, page.code, page.message) == (500, "", "<html>")
