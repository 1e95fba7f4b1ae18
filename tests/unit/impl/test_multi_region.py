"""Multi-Region keys, as their owner sees them from several Regions."""

from typing import Any, Final, Self

import pytest

from kmspec.names import ErrorCode
from kmspec_impl.embedded import Embedded
from kmspec_impl.quotas import Enforced
from tests.unit.impl.support import DAY, DELAY, OK, Customer

HOME, AWAY, THIRD = "us-east-1", "eu-west-1", "ap-southeast-2"
PRIMARY, REPLICA = "PRIMARY", "REPLICA"
WEEK: Final = 7 * DAY


class Traveller(Customer):
    """A customer who may ask in another Region than the first."""

    region = HOME

    def call(self, service: str, operation: str, **parameters: object) -> tuple[int, Any]:
        """Status and body."""
        return self.emulator.call(
            service, operation, parameters, account=self.account, region=self.region
        )

    def within(self, region: str) -> Self:
        """The same customer in another Region."""
        other = type(self)(self.emulator, self.account)
        other.region = region
        return other

    def primary(self, **more: object) -> str:
        """The id of a new multi-Region primary key."""
        made = self.kms("CreateKey", MultiRegion=True, **more)
        return str(made["KeyMetadata"]["KeyId"])

    def replicate(self, key_id: str, region: str = AWAY, **more: object) -> Self:
        """Where the replica key is, once it can be used."""
        self.kms("ReplicateKey", KeyId=key_id, ReplicaRegion=region, **more)
        self.wait()
        return self.within(region)

    def metadata(self, key_id: str) -> dict[str, Any]:
        """KeyMetadata."""
        found: dict[str, Any] = self.kms("DescribeKey", KeyId=key_id)["KeyMetadata"]
        return found

    def role(self, key_id: str) -> str:
        """MultiRegionKeyType."""
        return str(self.metadata(key_id)["MultiRegionConfiguration"]["MultiRegionKeyType"])

    def schedule(self, key_id: str, days: int = 7) -> dict[str, Any]:
        """Schedule the deletion of a key."""
        made: dict[str, Any] = self.kms(
            "ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=days
        )
        return made


def arn(region: str, key_id: str, account: str = "000000000000") -> str:
    return f"arn:aws:kms:{region}:{account}:key/{key_id}"


def test_a_primary_key_says_what_it_is() -> None:
    home = Traveller()
    shown = home.metadata(key_id := home.primary())
    assert key_id.startswith("mrk-")
    assert len(key_id) == len("mrk-") + 32
    assert shown["MultiRegion"] is True
    assert shown["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": PRIMARY,
        "PrimaryKey": {"Arn": arn(HOME, key_id), "Region": HOME},
        "ReplicaKeys": [],
    }
    single = home.kms("CreateKey")["KeyMetadata"]
    assert single["MultiRegion"] is False
    assert "MultiRegionConfiguration" not in single


def test_a_replica_key_shares_some_properties_and_has_others_of_its_own() -> None:
    home = Traveller()
    tag = {"TagKey": "a", "TagValue": "b"}
    key_id = home.primary(Description="first", Tags=[tag])
    made = home.kms(
        "ReplicateKey", KeyId=arn(HOME, key_id), ReplicaRegion=AWAY, Description="second"
    )
    shown = made["ReplicaKeyMetadata"]
    assert (shown["KeyId"], shown["Arn"]) == (key_id, arn(AWAY, key_id))
    assert (shown["KeyState"], shown["Enabled"]) == ("Creating", False)
    assert shown["Description"] == "second"
    assert "CurrentKeyMaterialId" not in shown
    assert "key-default-1" in made["ReplicaPolicy"]
    assert "ReplicaTags" not in made
    assert shown["MultiRegionConfiguration"]["MultiRegionKeyType"] == REPLICA
    home.wait()
    there, here = home.within(AWAY).metadata(key_id), home.metadata(key_id)
    assert there["KeyState"] == "Enabled"
    for member in ("KeySpec", "KeyUsage", "Origin", "CurrentKeyMaterialId"):
        assert there[member] == here[member]
    same = ("PrimaryKey", "ReplicaKeys")
    configurations = [one["MultiRegionConfiguration"] for one in (there, here)]
    assert [[one[name] for name in same] for one in configurations] == [
        [{"Arn": arn(HOME, key_id), "Region": HOME}, [{"Arn": arn(AWAY, key_id), "Region": AWAY}]]
    ] * 2


def test_what_one_of_them_encrypts_the_others_decrypt() -> None:
    home = Traveller()
    key_id = home.primary()
    before = home.encrypt(key_id)
    away, third = home.replicate(key_id), home.replicate(key_id, THIRD)
    for where in (home, away, third):
        assert where.decrypt(before) == b"secret"
        for other in (home, away, third):
            assert other.decrypt(where.encrypt(key_id)) == b"secret"
    answer = away.kms("Decrypt", CiphertextBlob=before, KeyId=key_id)
    assert answer["KeyId"] == arn(AWAY, key_id)


def test_handles_of_the_fleets_do_not_collide() -> None:
    home = Traveller()
    away = home.within(AWAY)
    own = away.kms("CreateKey")["KeyMetadata"]["KeyId"]
    kept = away.encrypt(own, b"own")
    key_id = home.primary()
    shared = home.encrypt(key_id)
    home.replicate(key_id)
    later = away.kms("CreateKey")["KeyMetadata"]["KeyId"]
    assert away.decrypt(kept) == b"own"
    assert away.decrypt(shared) == b"secret"
    assert away.decrypt(away.encrypt(later, b"later")) == b"later"


def test_a_replica_key_that_is_being_created_can_be_managed_but_not_used() -> None:
    home = Traveller()
    key_id = home.primary()
    home.kms("ReplicateKey", KeyId=key_id, ReplicaRegion=AWAY)
    away = home.within(AWAY)
    message = away.refused(
        ErrorCode.KMS_INVALID_STATE, "kms", "Encrypt", KeyId=key_id, Plaintext=b"x"
    )
    assert message == f"{arn(AWAY, key_id)} is creating."
    away.refused(ErrorCode.KMS_INVALID_STATE, "kms", "DisableKey", KeyId=key_id)
    away.kms("CreateAlias", AliasName="alias/a", TargetKeyId=key_id)
    away.kms("UpdateKeyDescription", KeyId=key_id, Description="new")
    away.schedule(key_id)
    away.wait()
    assert away.key_state(key_id) == "PendingDeletion"
    away.kms("CancelKeyDeletion", KeyId=key_id)
    assert away.key_state(key_id) == "Disabled"


@pytest.mark.parametrize(
    ("code", "region"),
    [
        (ErrorCode.ALREADY_EXISTS, AWAY),
        (ErrorCode.ALREADY_EXISTS, HOME),
        (ErrorCode.VALIDATION, "eu-nowhere-9"),
        (ErrorCode.VALIDATION, "cn-north-1"),
    ],
)
def test_where_a_key_is_not_replicated(code: ErrorCode, region: str) -> None:
    home = Traveller()
    home.replicate(key_id := home.primary())
    home.refused(code, "kms", "ReplicateKey", KeyId=key_id, ReplicaRegion=region)


def test_what_is_no_primary_key_is_not_replicated() -> None:
    home = Traveller()
    single = home.kms("CreateKey")["KeyMetadata"]["KeyId"]
    away = home.replicate(key_id := home.primary())
    for where, named in ((home, single), (away, key_id)):
        for operation, member in (
            ("ReplicateKey", "ReplicaRegion"),
            ("UpdatePrimaryRegion", "PrimaryRegion"),
        ):
            message = where.refused(
                ErrorCode.UNSUPPORTED_OPERATION, "kms", operation, KeyId=named, **{member: THIRD}
            )
            assert message == f"{arn(where.region, named)} is not a multi-region primary key."


def test_state_and_aliases_are_each_ones_own() -> None:
    home = Traveller()
    away = home.replicate(key_id := home.primary())
    home.kms("CreateAlias", AliasName="alias/a", TargetKeyId=key_id)
    own = [one for one in away.kms("ListAliases")["Aliases"] if "TargetKeyId" in one]
    assert own == []
    home.kms("DisableKey", KeyId=key_id)
    assert (home.key_state(key_id), away.key_state(key_id)) == ("Disabled", "Enabled")
    assert away.decrypt(away.encrypt(key_id)) == b"secret"


def test_a_primary_key_waits_until_its_last_replica_key_is_deleted() -> None:
    home = Traveller()
    key_id = home.primary()
    away, third = home.replicate(key_id), home.replicate(key_id, THIRD)
    answer = home.schedule(key_id, days=10)
    assert answer == {
        "KeyId": arn(HOME, key_id),
        "KeyState": "PendingReplicaDeletion",
        "PendingWindowInDays": 10,
    }
    shown = home.metadata(key_id)
    assert (shown["PendingDeletionWindowInDays"], "DeletionDate" in shown) == (10, False)
    home.wait(400 * DAY)
    assert home.key_state(key_id) == "PendingReplicaDeletion"
    away.schedule(key_id)
    third.schedule(key_id, days=9)
    home.wait(WEEK)
    assert home.key_state(key_id) == "PendingReplicaDeletion"
    assert [
        one["Region"] for one in home.metadata(key_id)["MultiRegionConfiguration"]["ReplicaKeys"]
    ] == [THIRD]
    home.wait(20 * DAY)
    away.refused(ErrorCode.NOT_FOUND, "kms", "DescribeKey", KeyId=key_id)
    home.refused(ErrorCode.NOT_FOUND, "kms", "DescribeKey", KeyId=key_id)


def test_the_wait_begins_with_the_deletion_of_the_replica_key_whoever_looks_first() -> None:
    for first in (HOME, AWAY):
        home = Traveller()
        away = home.replicate(key_id := home.primary())
        home.schedule(key_id)
        due = away.schedule(key_id)["DeletionDate"]
        home.wait(WEEK + 3600)
        home.within(first).kms("ListKeys")
        shown = home.metadata(key_id)
        assert shown["KeyState"] == "PendingDeletion"
        assert shown["DeletionDate"] == due + WEEK
        assert "PendingDeletionWindowInDays" not in shown
        home.kms("CancelKeyDeletion", KeyId=key_id)
        assert home.key_state(key_id) == "Disabled"


def test_two_replica_keys_that_are_deleted_at_one_moment() -> None:
    home = Traveller()
    key_id = home.primary()
    replicas = [home.replicate(key_id), home.replicate(key_id, THIRD)]
    home.schedule(key_id)
    for one in replicas:
        one.schedule(key_id)
    home.wait(WEEK)
    assert home.metadata(key_id)["KeyState"] == "PendingDeletion"
    assert home.metadata(key_id)["MultiRegionConfiguration"]["ReplicaKeys"] == []


def test_the_primary_region_is_changed() -> None:
    home = Traveller()
    key_id = home.primary()
    away, third = home.replicate(key_id), home.replicate(key_id, THIRD)
    assert home.kms("UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=AWAY) == {}
    assert [one.key_state(key_id) for one in (home, away, third)] == [
        "Updating",
        "Updating",
        "Enabled",
    ]
    assert away.decrypt(home.encrypt(key_id)) == b"secret"
    for one in (home, away):
        for operation in ("DisableKey", "EnableKey", "ScheduleKeyDeletion"):
            one.refused(ErrorCode.KMS_INVALID_STATE, "kms", operation, KeyId=key_id)
    home.kms("UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=AWAY)
    home.refused(
        ErrorCode.KMS_INVALID_STATE, "kms", "UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=THIRD
    )
    home.wait()
    assert [one.role(key_id) for one in (third, home, away)] == [REPLICA, REPLICA, PRIMARY]
    assert {one.key_state(key_id) for one in (home, away, third)} == {"Enabled"}
    configuration = third.metadata(key_id)["MultiRegionConfiguration"]
    assert configuration["PrimaryKey"]["Region"] == AWAY
    assert sorted(one["Region"] for one in configuration["ReplicaKeys"]) == [THIRD, HOME]


@pytest.mark.parametrize(
    ("code", "region"),
    [
        (ErrorCode.NOT_FOUND, THIRD),
        (ErrorCode.UNSUPPORTED_OPERATION, HOME),
        (ErrorCode.VALIDATION, "eu-nowhere-9"),
    ],
)
def test_a_primary_region_that_cannot_be(code: ErrorCode, region: str) -> None:
    home = Traveller()
    home.replicate(key_id := home.primary())
    home.refused(code, "kms", "UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=region)
    assert home.role(key_id) == PRIMARY


def test_both_keys_must_be_enabled_to_swap_their_roles() -> None:
    home = Traveller()
    away = home.replicate(key_id := home.primary())
    away.kms("DisableKey", KeyId=key_id)
    request = {"KeyId": key_id, "PrimaryRegion": AWAY}
    message = home.refused(ErrorCode.DISABLED, "kms", "UpdatePrimaryRegion", **request)
    assert message == f"{arn(AWAY, key_id)} is disabled."
    assert home.key_state(key_id) == "Enabled"


def test_a_deleted_replica_key_can_be_made_again() -> None:
    home = Traveller()
    away = home.replicate(key_id := home.primary())
    blob = away.encrypt(key_id)
    away.schedule(key_id)
    request = {"KeyId": key_id, "ReplicaRegion": AWAY}
    home.refused(ErrorCode.ALREADY_EXISTS, "kms", "ReplicateKey", **request)
    home.wait(WEEK)
    assert home.replicate(key_id).decrypt(blob) == b"secret"


def test_a_former_primary_key_can_be_deleted_alone() -> None:
    home = Traveller()
    away = home.replicate(key_id := home.primary())
    blob = home.encrypt(key_id)
    home.kms("UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=AWAY)
    home.wait()
    assert home.schedule(key_id)["KeyState"] == "PendingDeletion"
    home.wait(WEEK)
    assert away.metadata(key_id)["MultiRegionConfiguration"]["ReplicaKeys"] == []
    assert away.decrypt(blob) == b"secret"
    home.refused(ErrorCode.ACCESS_DENIED, "kms", "Decrypt", CiphertextBlob=blob)


def test_the_quotas_of_both_regions_are_used_up() -> None:
    home = Traveller(Embedded(quotas=Enforced.ALL.value))
    away = home.within(AWAY)
    key_ids = [home.primary() for _ in range(3)]
    statuses = [
        home.call("kms", "ReplicateKey", KeyId=key_id, ReplicaRegion=AWAY)[1].get("__type")
        for key_id in key_ids
    ]
    assert statuses == [None, None, ErrorCode.THROTTLING.value]
    assert away.call("kms", "CreateKey")[0] == OK
    assert away.call("kms", "CreateKey")[1]["__type"] == ErrorCode.THROTTLING.value


def test_the_loops_of_terraform_end() -> None:
    """What the AWS provider of Terraform asks, in its order, for a replica key and back."""
    home = Traveller()
    key_id = home.primary()
    home.kms("ReplicateKey", KeyId=key_id, ReplicaRegion=AWAY, Tags=[], Description="d")
    away = home.within(AWAY)
    assert away.key_state(key_id) == "Creating"
    away.wait(DELAY)
    assert away.key_state(key_id) == "Enabled"
    away.kms("DisableKey", KeyId=key_id)
    assert away.metadata(key_id)["Enabled"] is False
    configuration = away.metadata(key_id)["MultiRegionConfiguration"]
    assert configuration["PrimaryKey"]["Arn"] == arn(HOME, key_id)
    assert away.schedule(key_id)["KeyState"] == "PendingDeletion"
    message = away.refused(ErrorCode.KMS_INVALID_STATE, "kms", "ScheduleKeyDeletion", KeyId=key_id)
    assert "is pending deletion" in message
    home.schedule(key_id)
    message = home.refused(ErrorCode.KMS_INVALID_STATE, "kms", "ScheduleKeyDeletion", KeyId=key_id)
    assert "is pending deletion" in message
