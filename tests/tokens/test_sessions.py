"""Sessions: there are only so many, and what is answered without one is what AWS documents."""

from dataclasses import replace
from typing import Any, Final

import pkcs11
import pytest

from kmspec.names import ErrorCode
from kmspec_impl.embedded import Embedded
from kmspec_impl.hsm import tokens
from kmspec_impl.hsm.interface import DeviceError, NoSessionError
from kmspec_impl.hsm.library import library
from tests.unit.impl.support import PASSWORD, Customer

NO_SESSION: Final = "PKCS #11 session"


@pytest.fixture
def customer(monkeypatch: pytest.MonkeyPatch) -> Customer:
    """One whose HSMs have two sessions each."""
    monkeypatch.setattr(library(), "sessions", 2)
    monkeypatch.setattr(tokens, "tokens", tokens.Tokens)
    made = Customer(Embedded(hsm="pkcs11")).build_store()
    for name in ("anna", "bert"):
        made.operate("CreateUser", UserName=name, Password=PASSWORD)
    return made


def test_without_a_session_nothing_is_done(customer: Customer) -> None:
    key_id = customer.create_key()
    blob = customer.encrypt(key_id)
    store = {"CustomKeyStoreId": customer.store_id}
    customer.operate("LoginUser", UserName="anna", Password=PASSWORD)
    assert customer.decrypt(blob) == b"secret"
    customer.operate("LoginUser", UserName="bert", Password=PASSWORD)
    refusals: dict[str, dict[str, Any]] = {
        "Decrypt": {"CiphertextBlob": blob},
        "Encrypt": {"KeyId": key_id, "Plaintext": b"x"},
        "GenerateDataKey": {"KeyId": key_id, "KeySpec": "AES_256"},
        "GenerateRandom": {"NumberOfBytes": 8, **store},
        "CreateKey": {"Origin": "AWS_CLOUDHSM", **store},
    }
    before = customer.kms("ListKeys")["Keys"]
    for operation, parameters in refusals.items():
        status, body = customer.call("kms", operation, **parameters)
        assert (status, body["__type"]) == (500, ErrorCode.KMS_INTERNAL), operation
        assert NO_SESSION in body["message"]
    assert customer.kms("ListKeys")["Keys"] == before
    assert len(customer.operate("ListHsmKeys")["Keys"]) == 1
    customer.operate("LogoutUser", UserName="anna")
    assert customer.decrypt(blob) == b"secret"


def test_nobody_logs_in_without_a_session(customer: Customer) -> None:
    customer.operate("CreateUser", UserName="carl", Password=PASSWORD)
    for name in ("anna", "bert"):
        customer.operate("LoginUser", UserName=name, Password=PASSWORD)
    login = {"ClusterId": customer.cluster_id, "UserName": "carl", "Password": PASSWORD}
    code = ErrorCode.OPERATOR_INVALID_REQUEST
    told = customer.refused(code, "operator", "LoginUser", **login)
    assert "all 2 sessions" in told
    customer.operate("LogoutUser", UserName="bert")
    customer.operate("LoginUser", UserName="carl", Password=PASSWORD)


def test_a_key_that_was_not_wrapped_is_not_left_in_a_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = tokens.Token(library().unused(), tokens.Masking(tokens.new_masking()), 8)

    def failing(*arguments: object) -> bytes:
        del arguments
        raise pkcs11.DeviceMemory

    with monkeypatch.context() as patched:
        patched.setattr(tokens.Token, "_wrap", failing)
        with pytest.raises(DeviceError):
            token.generate(1, "label")
    wrapped = tokens.Wrapped(1, "label", token.generate(1, "label"))
    sealed = token.encrypt(wrapped, bytes(12), b"text", b"")
    token.destroy(wrapped)
    assert token.decrypt(wrapped, bytes(12), sealed, b"") == b"text", "opened from what was wrapped"


class Refusing:
    """A token that answers everything with one error, or as it is again."""

    def __init__(self, token: pkcs11.Token, error: type[pkcs11.PKCS11Error]) -> None:
        self.token, self.error = token, error
        self.broken = True

    def open(self, *, rw: bool, user_pin: str) -> pkcs11.Session:
        if self.broken:
            raise self.error
        return self.token.open(rw=rw, user_pin=user_pin)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (pkcs11.SessionCount, NoSessionError),
        (pkcs11.DeviceError, DeviceError),
        (pkcs11.DeviceRemoved, DeviceError),
        (pkcs11.TokenNotPresent, DeviceError),
    ],
)
def test_what_the_library_refuses_is_told_as_what_it_is(
    error: type[pkcs11.PKCS11Error], told: type[DeviceError]
) -> None:
    opening = library().unused()
    token = tokens.Token(opening, tokens.Masking(tokens.new_masking()), 8)
    wrapped = tokens.Wrapped(1, "label", token.generate(1, "label"))
    sealed = token.encrypt(wrapped, bytes(12), b"text", b"")
    broken: Any = Refusing(opening.token, error)
    token._opening = replace(opening, token=broken)  # noqa: SLF001 - no SoftHSM ever fails so
    for session in token._free:  # noqa: SLF001 - the same
        session.of.close()
    with pytest.raises(DeviceError):
        token.random(8)  # the session is closed: it is trusted no more
    with pytest.raises(told):
        token.random(8)
    broken.broken = False
    assert token.decrypt(wrapped, bytes(12), sealed, b"") == b"text", "and it goes on"


def test_an_hsm_that_fails_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer(Embedded(hsm="pkcs11")).build_store()
    key_id = customer.create_key()
    blob = customer.encrypt(key_id)

    def failing(*arguments: object) -> bytes:
        del arguments
        raise DeviceError("the HSM answered DeviceRemoved()")

    with monkeypatch.context() as patched:
        for name in ("encrypt", "decrypt", "random", "generate"):
            patched.setattr(tokens.Token, name, failing)
        told = customer.decrypt_refused(ErrorCode.KMS_INVALID_STATE, blob)
        assert told.startswith("KMS cannot communicate with your CloudHSM cluster.")
        store = {"CustomKeyStoreId": customer.store_id}
        internal = ErrorCode.KMS_INTERNAL
        for operation, parameters in (
            ("GenerateRandom", {"NumberOfBytes": 8}),
            ("CreateKey", {"Origin": "AWS_CLOUDHSM"}),
        ):
            status, body = customer.call("kms", operation, **parameters, **store)
            assert (status, body["__type"]) == (500, internal)
    assert customer.decrypt(blob) == b"secret"
