"""A cycle: the only place that asks for nearly everything and leaves nothing behind.

What takes a waiting period to be gone is gone when time has passed; the virtual clock moves now
and then.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tests.helpers.authority import Authority

_TEXT: Final = base64.b64encode(b"plaintext").decode()
_DIGEST: Final = base64.b64encode(hashlib.sha256(b"plaintext").digest()).decode()
_GRANTEE: Final = "arn:aws:iam::000000000000:role/one"
_TAGS: Final = [{"TagKey": "a", "TagValue": "b"}]
_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_LASTING: Final = "KEY_MATERIAL_DOES_NOT_EXPIRE"
_ELSEWHERE: Final = "eu-west-1"
_SPECS: Final = (
    ("ECC_NIST_P256", "SIGN_VERIFY"),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
    ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ("ML_DSA_44", "SIGN_VERIFY"),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
)


class Cycle:
    """One account's life: a store that stays, and keys that come and go.

    ``kms``, ``hsm`` and ``own`` perform an operation of AWS KMS, AWS CloudHSM v2 and our own.
    """

    def __init__(
        self,
        kms: Callable[..., dict[str, Any]],
        hsm: Callable[..., dict[str, Any]],
        own: Callable[..., dict[str, Any]],
        store: Mapping[str, str],
    ) -> None:
        self._kms, self._hsm, self._own = kms, hsm, own
        self._store, self._cluster = store["store"], store["cluster"]
        self._authority = Authority()

    def once(self) -> None:
        """Ask for nearly everything, once."""
        self._symmetric()
        for spec, usage in _SPECS:
            self._of_kind(spec, usage)
        self._imported()
        self._everywhere()
        self._in_the_store()
        self._around()
        self._clusters()

    def _gone(self, key: str, region: str = "us-east-1") -> None:
        self._kms("ScheduleKeyDeletion", region, KeyId=key, PendingWindowInDays=7)

    def _symmetric(self) -> None:
        kms = self._kms
        key = kms("CreateKey", Description="one", Tags=_TAGS)["KeyMetadata"]["KeyId"]
        named = {"KeyId": key}
        kms("CreateAlias", AliasName="alias/soak", TargetKeyId=key)
        kms("UpdateAlias", AliasName="alias/soak", TargetKeyId=key)
        kms("ListAliases", **named)
        sealed = kms("Encrypt", KeyId="alias/soak", Plaintext=_TEXT)["CiphertextBlob"]
        kms("Decrypt", CiphertextBlob=sealed)
        kms("ReEncrypt", CiphertextBlob=sealed, DestinationKeyId=key)
        kms("DeleteAlias", AliasName="alias/soak")
        for operation in ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"):
            kms(operation, KeySpec="AES_256", **named)
        for operation in ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"):
            kms(operation, KeyPairSpec="ECC_NIST_P256", **named)
        wanted = {"GranteePrincipal": _GRANTEE, "Operations": ["Decrypt"]}
        token = kms("CreateGrant", RetiringPrincipal=_GRANTEE, **wanted, **named)["GrantToken"]
        grant = kms("CreateGrant", **wanted, **named)["GrantId"]
        kms("ListGrants", **named)
        kms("ListRetirableGrants", RetiringPrincipal=_GRANTEE)
        kms("RetireGrant", GrantToken=token)
        kms("RevokeGrant", GrantId=grant, **named)
        policy = kms("GetKeyPolicy", **named)["Policy"]
        kms("PutKeyPolicy", Policy=policy, PolicyName="default", **named)
        kms("ListKeyPolicies", **named)
        kms("TagResource", Tags=_TAGS, **named)
        kms("ListResourceTags", **named)
        kms("UntagResource", TagKeys=["a"], **named)
        kms("UpdateKeyDescription", Description="other", **named)
        kms("EnableKeyRotation", **named)
        kms("GetKeyRotationStatus", **named)
        kms("DisableKeyRotation", **named)
        kms("RotateKeyOnDemand", **named)
        self._own("clock/Advance", Seconds=1)
        kms("ListKeyRotations", **named)
        kms("GetKeyLastUsage", **named)
        kms("DisableKey", **named)
        kms("EnableKey", **named)
        kms("DescribeKey", **named)
        self._gone(key)
        kms("CancelKeyDeletion", **named)
        self._gone(key)

    def _of_kind(self, spec: str, usage: str) -> None:
        kms = self._kms
        key = kms("CreateKey", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
        named = {"KeyId": key["KeyId"]}
        if usage == "GENERATE_VERIFY_MAC":
            wanted = {"Message": _TEXT, "MacAlgorithm": key["MacAlgorithms"][0], **named}
            mac = kms("GenerateMac", **wanted)["Mac"]
            kms("VerifyMac", Mac=mac, **wanted)
        elif usage == "SIGN_VERIFY":
            algorithm = key["SigningAlgorithms"][0]
            wanted = {"Message": _TEXT, "SigningAlgorithm": algorithm, **named}
            signature = kms("Sign", **wanted)["Signature"]
            kms("Verify", Signature=signature, **wanted)
            kms("GetPublicKey", **named)
        elif usage == "ENCAPSULATE_DECAPSULATE":
            wanted = {"EncapsulationAlgorithm": "ML_KEM", **named}
            blob = kms("Encapsulate", **wanted)["SharedSecretCiphertextBlob"]
            kms("Decapsulate", SharedSecretCiphertextBlob=blob, **wanted)
        else:
            public = kms("GetPublicKey", **named)["PublicKey"]
            kms("DeriveSharedSecret", KeyAgreementAlgorithm="ECDH", PublicKey=public, **named)
        self._gone(key["KeyId"])

    def _imported(self) -> None:
        kms = self._kms
        key = kms("CreateKey", Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
        wanted = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        told = kms("GetParametersForImport", KeyId=key, **wanted)
        public = load_der_public_key(base64.b64decode(told["PublicKey"]))
        assert isinstance(public, rsa.RSAPublicKey)
        wrapped = base64.b64encode(public.encrypt(os.urandom(32), _OAEP)).decode()
        sent = {"ImportToken": told["ImportToken"], "EncryptedKeyMaterial": wrapped}
        kms("ImportKeyMaterial", KeyId=key, ExpirationModel=_LASTING, **sent)
        kms("Encrypt", KeyId=key, Plaintext=_TEXT)
        kms("DeleteImportedKeyMaterial", KeyId=key)
        self._gone(key)

    def _everywhere(self) -> None:
        key = self._kms("CreateKey", MultiRegion=True)["KeyMetadata"]["KeyId"]
        self._kms("ReplicateKey", KeyId=key, ReplicaRegion=_ELSEWHERE)
        self._own("clock/Advance", Seconds=1)
        self._kms("UpdatePrimaryRegion", KeyId=key, PrimaryRegion=_ELSEWHERE)
        self._own("clock/Advance", Seconds=1)
        self._gone(key)
        self._gone(key, _ELSEWHERE)

    def _in_the_store(self) -> None:
        kms, store = self._kms, {"CustomKeyStoreId": self._store}
        key = kms("CreateKey", Origin="AWS_CLOUDHSM", **store)["KeyMetadata"]["KeyId"]
        sealed = kms("Encrypt", KeyId=key, Plaintext=_TEXT)["CiphertextBlob"]
        kms("DisconnectCustomKeyStore", **store)
        self._own("clock/Advance", Seconds=1)
        kms("DescribeCustomKeyStores", **store)
        kms("UpdateCustomKeyStore", NewCustomKeyStoreName="soak", **store)
        kms("ConnectCustomKeyStore", **store)
        self._own("clock/Advance", Seconds=1)
        kms("Decrypt", CiphertextBlob=sealed)
        kms("GenerateRandom", NumberOfBytes=16, **store)
        self._gone(key)

    def _around(self) -> None:
        self._kms("ListKeys", Limit=5)
        self._kms("GenerateRandom", NumberOfBytes=16)

    def _clusters(self) -> None:
        hsm = self._hsm
        subnets = ["subnet-0000000a", "subnet-0000000b"]
        made = hsm("CreateCluster", HsmType="hsm2m.medium", SubnetIds=subnets)
        cluster = {"ClusterId": made["Cluster"]["ClusterId"]}
        self._own("clock/Advance", Seconds=1)
        member = hsm("CreateHsm", AvailabilityZone="us-east-1a", **cluster)["Hsm"]
        self._own("clock/Advance", Seconds=1)
        (shown,) = hsm("DescribeClusters", Filters={"clusterIds": [*cluster.values()]})["Clusters"]
        signed = self._authority.sign(shown["Certificates"]["ClusterCsr"])
        anchor = self._authority.trust_anchor
        hsm("InitializeCluster", SignedCert=signed, TrustAnchor=anchor, **cluster)
        self._own("clock/Advance", Seconds=1)
        self._own("operator/ActivateCluster", Password="Password1", **cluster)
        self._own("clock/Advance", Seconds=1)
        self._own("operator/CreateUser", UserName="kmsuser", Password="Password1", **cluster)
        other = hsm("CreateHsm", AvailabilityZone="us-east-1b", **cluster)["Hsm"]
        self._own("clock/Advance", Seconds=1)
        self._second_store(cluster["ClusterId"], anchor)
        policy = {"Type": "DAYS", "Value": "8"}
        hsm("ModifyCluster", BackupRetentionPolicy=policy, **cluster)
        hsm("TagResource", ResourceId=cluster["ClusterId"], TagList=[{"Key": "a", "Value": "b"}])
        hsm("ListTags", ResourceId=cluster["ClusterId"])
        hsm("UntagResource", ResourceId=cluster["ClusterId"], TagKeyList=["a"])
        for one in (member, other):
            hsm("DeleteHsm", HsmId=one["HsmId"], **cluster)
        self._own("clock/Advance", Seconds=1)
        hsm("DeleteCluster", **cluster)
        self._own("clock/Advance", Seconds=1)
        for backup in hsm("DescribeBackups", Filters={"clusterIds": [*cluster.values()]})[
            "Backups"
        ]:
            if backup["BackupState"] == "READY":
                self._backup(backup)
        self._own("clock/Advance", Seconds=1)
        for copy in hsm("DescribeBackups", _ELSEWHERE)["Backups"]:
            if copy["BackupState"] == "READY":
                hsm("DeleteBackup", _ELSEWHERE, BackupId=copy["BackupId"])

    def _second_store(self, cluster: str, anchor: str) -> None:
        wanted = {"CustomKeyStoreName": "second", "TrustAnchorCertificate": anchor}
        store = self._kms(
            "CreateCustomKeyStore",
            CloudHsmClusterId=cluster,
            KeyStorePassword="Password1",
            **wanted,
        )
        self._kms("DeleteCustomKeyStore", **store)

    def _backup(self, backup: Mapping[str, Any]) -> None:
        hsm, arn = self._hsm, {"ResourceArn": backup["BackupArn"]}
        named = {"BackupId": backup["BackupId"]}
        hsm("ModifyBackupAttributes", NeverExpires=False, **named)
        hsm("PutResourcePolicy", Policy=_sharing(backup["BackupArn"]), **arn)
        hsm("GetResourcePolicy", **arn)
        hsm("DeleteResourcePolicy", **arn)
        hsm("CopyBackupToRegion", DestinationRegion=_ELSEWHERE, **named)
        hsm("DeleteBackup", **named)
        hsm("RestoreBackup", **named)
        hsm("DeleteBackup", **named)


def _sharing(arn: str) -> str:
    """A policy by which another account may see a backup."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": ["cloudhsm:CreateCluster", "cloudhsm:DescribeBackups"],
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
