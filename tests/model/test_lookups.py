"""A failed look-up hides what was not found, and nothing else that the request names."""

import pytest

from kmspec.tables import load
from kmspec_model.command import Command, Ref, Value, command
from kmspec_model.model import Model
from kmspec_model.outcome import Refusal
from kmspec_model.setup import (
    STORE_KEY,
    create_cluster,
    create_store_key,
    encrypt,
    of_key,
    restore_cluster,
    schedule,
)
from kmspec_model.world import EMPTY

UNKNOWN = "00000000-0000-4000-8000-000000000000"
"""The id of no KMS key."""
TWO_KEYS = (*STORE_KEY, create_store_key(), encrypt(1))
DISABLED = of_key("DisableKey")
PENDING = "KMSInvalidStateException"


def re_encrypt(destination: Ref | str = UNKNOWN, context: int = 0, **more: Ref | str) -> Command:
    return command(
        "kms",
        "ReEncrypt",
        **{
            "CiphertextBlob": Ref("ciphertext", 0),
            "SourceEncryptionContext": Ref("context", context),
            "DestinationKeyId": destination,
            **more,
        },
    )


def decrypt(key: Ref | str) -> Command:
    blob, context = Ref("ciphertext", 0), Ref("context", 0)
    return command("kms", "Decrypt", CiphertextBlob=blob, EncryptionContext=context, KeyId=key)


def to_alias(operation: str, alias: int, target: Ref | str) -> Command:
    return command("kms", operation, AliasName=Ref("alias", alias), TargetKeyId=target)


def of_first(operation: str, **more: Value) -> Command:
    return command("kms", operation, KeyId=Ref("key", 0), **more)


def answers(*steps: Command) -> list[str]:
    """What the last step may be answered after the others, our emulator's answer first."""
    model, world = Model(), EMPTY
    for step in (*TWO_KEYS, *steps[:-1]):
        world = model.permitted(world, step)[0].world
    found = [one.outcome for one in model.permitted(world, steps[-1])]
    assert all(isinstance(one, Refusal) for one in found)
    return list(dict.fromkeys(one.code for one in found if isinstance(one, Refusal)))


BOTH: dict[str, tuple[tuple[Command, ...], list[str]]] = {
    "a disabled source key and an unknown destination": (
        (DISABLED, re_encrypt()),
        ["NotFoundException", "DisabledException"],
    ),
    "a source key pending deletion and an unknown destination": (
        (schedule(), re_encrypt()),
        ["NotFoundException", PENDING, "DisabledException"],
    ),
    "an unknown source key and a disabled destination": (
        (of_key("DisableKey", 1), re_encrypt(Ref("key", 1), SourceKeyId=UNKNOWN)),
        ["NotFoundException", "DisabledException"],
    ),
    "another source key and an unknown destination": (
        (re_encrypt(SourceKeyId=Ref("key", 1)),),
        ["NotFoundException", "IncorrectKeyException"],
    ),
    "another encryption context and an unknown destination": (
        (re_encrypt(context=1),),
        ["NotFoundException", "InvalidCiphertextException"],
    ),
    "the ciphertext of a disabled key and an unknown key": (
        (DISABLED, decrypt(UNKNOWN)),
        ["NotFoundException", "DisabledException"],
    ),
    "an unknown alias and a target pending deletion": (
        (schedule(), to_alias("UpdateAlias", 1, Ref("key", 0))),
        ["NotFoundException", PENDING],
    ),
    "an alias that is taken and an unknown target": (
        (to_alias("CreateAlias", 0, UNKNOWN),),
        ["NotFoundException", "AlreadyExistsException"],
    ),
    "the alias of AWS and a target pending deletion": (
        (
            schedule(),
            command("kms", "CreateAlias", AliasName=Ref("service", 0), TargetKeyId=Ref("key", 0)),
        ),
        ["InvalidAliasNameException", "ValidationException", "NotAuthorizedException", PENDING],
    ),
    "an unknown store and an unknown cluster": (
        (
            command(
                "kms",
                "UpdateCustomKeyStore",
                CustomKeyStoreId=Ref("store", 9),
                CloudHsmClusterId=Ref("cluster", 9),
            ),
        ),
        ["CustomKeyStoreNotFoundException", "CloudHsmClusterNotFoundException"],
    ),
    "a period out of range and a disabled key": (
        (DISABLED, of_first("EnableKeyRotation", RotationPeriodInDays=89)),
        ["ValidationException", "DisabledException", "UnsupportedOperationException"],
    ),
    "too many grant tokens and a key of another usage": (
        (
            of_first(
                "GenerateMac", Message=b"a", MacAlgorithm="HMAC_SHA_256", GrantTokens=("a",) * 11
            ),
        ),
        ["ValidationException", "InvalidKeyUsageException"],
    ),
    "an algorithm that is not listed, and nothing else": (
        (of_first("Encrypt", Plaintext=b"a", EncryptionAlgorithm="kmspec"),),
        ["ValidationException"],
    ),
    "what is no ciphertext and a disabled key": (
        (
            DISABLED,
            of_first("Decrypt", CiphertextBlob=b"a", EncryptionAlgorithm="RSAES_OAEP_SHA_1"),
        ),
        [
            "DisabledException",
            "InvalidKeyUsageException",
            "InvalidCiphertextException",
            "IncorrectKeyException",
        ],
    ),
    "an unknown backup and one cluster too many": (
        (*(create_cluster() for _ in range(3)), restore_cluster(99)),
        [
            "CloudHsmResourceNotFoundException",
            "CloudHsmInvalidRequestException",
            "CloudHsmResourceLimitExceededException",
        ],
    ),
}
"""Two things of one request that are each refused: what the request may be answered."""


@pytest.mark.parametrize("situation", BOTH)
def test_what_was_found_is_held_against_its_own_guards(situation: str) -> None:
    steps, expected = BOTH[situation]
    assert answers(*steps) == expected


ALONE: dict[str, tuple[tuple[Command, ...], list[str]]] = {
    "an unknown key": ((DISABLED, encrypt(9)), ["NotFoundException"]),
    "an unknown source key is not another key": (
        (re_encrypt(Ref("key", 1), SourceKeyId=UNKNOWN),),
        ["NotFoundException"],
    ),
    "a disabled source key and a destination": (
        (DISABLED, re_encrypt(Ref("key", 1))),
        ["DisabledException"],
    ),
    "an alias is no name of a target, and does not say what state it is in": (
        (schedule(), to_alias("CreateAlias", 1, Ref("alias", 0))),
        ["NotFoundException", "ValidationException"],
    ),
    "a region without a replica of an unknown key": (
        (command("kms", "UpdatePrimaryRegion", KeyId=UNKNOWN, PrimaryRegion=Ref("region", 1)),),
        ["NotFoundException"],
    ),
}
"""What is not found has no state, and nothing else is wrong with the request."""


@pytest.mark.parametrize("situation", ALONE)
def test_what_was_not_found_is_asked_nothing(situation: str) -> None:
    steps, expected = ALONE[situation]
    assert answers(*steps) == expected


def test_what_counts_beside_a_look_up_is_a_condition_of_a_request() -> None:
    rows = [row for row in load().conditions if row.stage == "beside"]
    assert rows
    assert {row.of for row in rows} == {"request"}, "those of keys and stores always count"
