"""Attestation documents: what comes for an enclave is opened, and who is asked for one."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from kmspec_check import attestations, report_json, trace
from kmspec_check.binding import Binding
from kmspec_check.cells import Status
from kmspec_check.conform import conform
from kmspec_check.patterns import binds, describe, fit
from kmspec_check.profile import load
from kmspec_check.target import Answer
from kmspec_impl.embedded import Embedded
from kmspec_model import Bind, Mark, Pattern, Ref, Success, members
from kmspec_model.outcome import Sealed
from tests.helpers.machine import explored
from tests.unit.check.support import Altered, binding
from tests.unit.check.support import Answer as Reply

DOCUMENT = Ref("attestation", 0)
SECRET = Ref("secret", 1000)
FORMS = ("", "malformed", "forged", "keyless", "curve")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the enclave's key, as OpenSSL wants one to encrypt for it."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    key = load_pem_private_key(attestations.private_key().encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    name = x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.public_key(key.public_key())
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    made = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("enclave") / "enclave.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    return file


def sealed(content: bytes, certificate: Path, *more: str) -> bytes:
    """Content encrypted for the enclave by OpenSSL."""
    words = ["openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform", "DER", "-keyid"]
    oaep = ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]
    words += [*more, "-recip", str(certificate), *oaep]
    return subprocess.run(words, input=content, capture_output=True, check=True).stdout


def _fits(pattern: Pattern, message: object, where: Binding | None = None) -> bool:
    answer = Answer(200, {"CiphertextForRecipient": message})
    expected = Success(members(CiphertextForRecipient=Sealed(DOCUMENT, pattern)))
    return not fit(expected, answer, where or binding()).mismatches


def test_what_openssl_seals_is_opened(certificate: Path) -> None:
    message = sealed(b"secret", certificate)
    assert attestations.opened(message) == b"secret"
    assert attestations.opened(message[:-1]) is None
    assert attestations.opened(message[:-1] + bytes([message[-1] ^ 1])) is None
    assert attestations.opened(None) is None
    assert attestations.can_be_read(message)
    assert not attestations.can_be_read(sealed(b"secret", certificate, "-stream"))


def test_a_sealed_answer_fits_by_its_content(certificate: Path) -> None:
    message = sealed(b"secret", certificate)
    assert _fits(b"secret", message)
    assert _fits(Mark.PRESENT, message)
    assert not _fits(b"other", message)
    assert not _fits(b"secret", b"secret")
    assert not _fits(Mark.PRESENT, None)
    known = binding().extended({SECRET: b"secret"})
    assert _fits(Bind(SECRET), message, known)
    assert not _fits(Bind(SECRET), sealed(b"other", certificate), known)
    assert _fits(b"other", sealed(b"secret", certificate, "-stream"))  # BER, not looked into


def test_what_is_sealed_is_bound_and_is_nowhere_in_the_answer(certificate: Path) -> None:
    pattern = Sealed(DOCUMENT, Bind(SECRET))
    assert list(binds(pattern)) == [SECRET]
    assert describe(Sealed(DOCUMENT, SECRET)) == "secret#1000, encrypted for attestation#0"
    answer = Answer(200, {"CiphertextForRecipient": sealed(b"secret", certificate)})
    found = fit(Success(members(CiphertextForRecipient=pattern)), answer, binding())
    assert (found.new, found.paths) == ({SECRET: b"secret"}, {})


def test_documents_are_the_same_each_time_and_differ_by_form() -> None:
    documents = [binding().value(DOCUMENT._replace(form=form)) for form in FORMS]
    assert len(set(documents)) == len(FORMS)
    assert documents == [attestations.document(form) for form in FORMS]
    with pytest.raises(ValueError, match="no form 'other'"):
        attestations.document("other")


def test_who_takes_only_genuine_documents_is_not_asked_for_ours() -> None:
    given = set()

    def note(_operation: str, parameters: Mapping[str, Any], answer: Reply) -> Reply:
        if "Recipient" in parameters:
            given.add(parameters["Recipient"].get("AttestationDocument"))
        return answer

    target = Altered(note)
    profile = load("embedded").model_copy(update={"attestation": "genuine"})
    rules = ["effect/GenerateRandom/recipient", "recipient/document-signed"]
    result = conform(target, profile=profile, only=["matrix"], rules=rules, explored=explored())
    found = [one for one in result.cells if re.search(r"/recipient(-dry-run)?$", one.cell.probe)]
    assert {one.status for one in found} == {Status.UNSUPPORTED}
    assert all("genuine attestation documents only" in one.reason for one in found)
    assert not result.violations
    assert given == {attestations.document("forged")}


def test_a_trace_keeps_what_must_be_sealed() -> None:
    target, rule = Embedded(mutant="seals-another-plaintext"), "effect/Decrypt/recipient"
    result = conform(target, rules=[rule], only=["matrix"], explored=explored())
    (found,) = {one["rule"]: one for one in report_json.to_data(result)["violations"]}.values()
    assert "encrypted for attestation#0" in str(found["expected"])
    assert "AttestationDocument@=fileb://<(base64 -d <<< " in str(found["cli"])
    recorded = result.violations[0].trace
    assert recorded is not None
    assert trace.loads(trace.dumps(recorded)).steps[-1].expected == recorded.steps[-1].expected
