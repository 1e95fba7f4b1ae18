"""Request quotas that only keys of some key specs share."""

import pytest

from kmspec_impl.caller import DEFAULT_CALLER
from kmspec_impl.embedded import Embedded
from kmspec_impl.errors import ServiceError
from kmspec_impl.quotas import Enforced, Quotas


def asked(quotas: Quotas, operation: str, specs: tuple[str, ...], count: int) -> int:
    """How many of so many requests at one moment are throttled."""
    throttled = 0
    for _ in range(count):
        try:
            quotas.charge_keys(DEFAULT_CALLER, operation, specs, 0.0)
        except ServiceError:
            throttled += 1
    return throttled


def test_keys_of_one_family_share_a_quota_and_others_do_not() -> None:
    quotas = Quotas(Enforced.ALL)
    assert asked(quotas, "Sign", ("RSA_2048",), 600) == 0
    assert asked(quotas, "Decrypt", ("RSA_4096",), 500) == 100
    assert asked(quotas, "Verify", ("ECC_NIST_P256",), 1000) == 0
    assert asked(quotas, "Sign", ("ML_DSA_44",), 1001) == 1
    assert asked(quotas, "Encrypt", ("SYMMETRIC_DEFAULT",), 2000) == 0
    assert asked(quotas, "GenerateMac", ("HMAC_256",), 2000) == 0


def test_two_keys_of_one_quota_count_once_and_both_quotas_count() -> None:
    quotas = Quotas(Enforced.ALL)
    assert asked(quotas, "ReEncrypt", ("RSA_2048", "RSA_3072"), 1000) == 0
    assert asked(quotas, "ReEncrypt", ("SYMMETRIC_DEFAULT", "RSA_2048"), 1) == 1


@pytest.mark.parametrize(("spec", "rate"), [("RSA_4096", 1), ("RSA_3072", 4), ("RSA_2048", 20)])
def test_data_key_pairs_have_a_quota_each_spec(spec: str, rate: int) -> None:
    quotas = Quotas(Enforced.ALL)
    assert asked(quotas, "GenerateDataKeyPair", (spec,), rate) == 0
    assert asked(quotas, "GenerateDataKeyPairWithoutPlaintext", (spec,), 1) == 1
    assert asked(quotas, "GenerateDataKeyPair", ("ECC_NIST_P256",), 100) == 0


@pytest.mark.parametrize("enforced", [Enforced.NONE, Enforced.STORE])
def test_they_are_of_the_account(enforced: Enforced) -> None:
    assert asked(Quotas(enforced), "Sign", ("RSA_2048",), 1100) == 0


def test_the_emulator_counts_by_the_key() -> None:
    target = Embedded(quotas="all")
    key = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
    _, made = target.call("kms", "CreateKey", key)
    pair = {"KeyPairSpec": "RSA_4096"}
    _, other = target.call("kms", "CreateKey", {})
    signing = {
        "KeyId": made["KeyMetadata"]["KeyId"],
        "Message": b"message",
        "SigningAlgorithm": "ECDSA_SHA_256",
    }
    statuses = [target.call("kms", "Sign", signing)[0] for _ in range(1010)]
    assert statuses.count(400) == 10
    pair["KeyId"] = other["KeyMetadata"]["KeyId"]
    statuses = [target.call("kms", "GenerateDataKeyPair", pair)[0] for _ in range(2)]
    assert statuses == [200, 400]
    assert target.call("kms", "Encrypt", {"KeyId": pair["KeyId"], "Plaintext": b"x"})[0] == 200
