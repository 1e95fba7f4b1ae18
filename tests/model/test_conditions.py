"""The four conditions of a cryptographic operation, each broken alone and mended again."""

import pytest

from kmspec_model.command import Command, Ref, command
from kmspec_model.model import Model
from kmspec_model.outcome import Refusal, Success
from kmspec_model.setup import (
    PASSWORD,
    SETTLE,
    STORE_KEY,
    create_hsm,
    decrypt,
    delete_hsm,
    fault,
    of_key,
    of_store,
    user,
)
from kmspec_model.world import EMPTY, World

CONNECT = of_store("ConnectCustomKeyStore")
DISCONNECT = of_store("DisconnectCustomKeyStore")
UPDATE = command(
    "kms", "UpdateCustomKeyStore", CustomKeyStoreId=Ref("store", 0), KeyStorePassword=PASSWORD
)

BROKEN_AND_MENDED: dict[str, tuple[tuple[Command, ...], str, tuple[Command, ...]]] = {
    "key-state/Decrypt/Disabled": (
        (of_key("DisableKey"),),
        "DisabledException",
        (of_key("EnableKey"),),
    ),
    "key-state/Decrypt/Unavailable": (
        (DISCONNECT, SETTLE),
        "KMSInvalidStateException",
        (CONNECT, SETTLE),
    ),
    "crypto/active-hsm": (
        (delete_hsm(0, 0), delete_hsm(0, 1), SETTLE),
        "KMSInvalidStateException",
        (create_hsm(0, 0), SETTLE),
    ),
    "crypto/network": (
        (fault("SetFault", 0, "network"),),
        "KMSInvalidStateException",
        (fault("ClearFault", 0, "network"),),
    ),
    "crypto/user-locked-out": (
        (user("LockUser", 0),),
        "KMSInvalidStateException",
        (DISCONNECT, SETTLE, user("ChangePassword", 0, PASSWORD), UPDATE, CONNECT, SETTLE),
    ),
    "crypto/sessions": (
        (fault("SetFault", 0, "no-sessions"),),
        "KMSInternalException",
        (fault("ClearFault", 0, "no-sessions"),),
    ),
}


def run(model: Model, world: World, steps: tuple[Command, ...]) -> World:
    for step in steps:
        permitted = model.permitted(world, step)[0]
        assert isinstance(permitted.outcome, Success), f"{step}: {permitted.outcome}"
        world = permitted.world
    return world


@pytest.mark.parametrize("rule", BROKEN_AND_MENDED)
def test_broken_alone_it_refuses_and_mended_the_same_ciphertext_decrypts(rule: str) -> None:
    breaking, code, mending = BROKEN_AND_MENDED[rule]
    model = Model()
    world = run(model, EMPTY, STORE_KEY)
    assert isinstance(model.permitted(world, decrypt())[0].outcome, Success)
    broken = run(model, world, breaking)
    refused = model.permitted(broken, decrypt())
    assert rule in {name for one in refused for name in one.rules}
    outcome = refused[0].outcome
    assert isinstance(outcome, Refusal)
    assert outcome.code == code
    mended = run(model, broken, mending)
    assert isinstance(model.permitted(mended, decrypt())[0].outcome, Success)


def test_lost_material_comes_back_with_a_cluster_from_a_backup_that_holds_it() -> None:
    model = Model()
    lose = command("operator", "DeleteHsmKey", ClusterId=Ref("cluster", 0), Handle=Ref("handle", 0))
    backed_up = (delete_hsm(0, 1), SETTLE, create_hsm(0, 1), SETTLE)
    world = run(model, EMPTY, (*STORE_KEY, *backed_up, lose))
    refused = model.permitted(world, decrypt())[0]
    assert refused.rules == ("crypto/key-material",)
    restore = command(
        "cloudhsm",
        "CreateCluster",
        HsmType="hsm2m.medium",
        SubnetIds=(Ref("subnet", 0), Ref("subnet", 1)),
        SourceBackupId=Ref("backup", 3),
    )
    to_restored = command(
        "kms",
        "UpdateCustomKeyStore",
        CustomKeyStoreId=Ref("store", 0),
        CloudHsmClusterId=Ref("cluster", 1),
    )
    steps = (restore, SETTLE, create_hsm(1, 0), SETTLE, create_hsm(1, 1), SETTLE)
    recovered = run(model, world, (*steps, DISCONNECT, SETTLE, to_restored, CONNECT, SETTLE))
    assert isinstance(model.permitted(recovered, decrypt())[0].outcome, Success)
