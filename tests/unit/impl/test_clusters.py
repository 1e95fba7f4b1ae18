"""Clusters, HSMs and backups: who may do what when, and what is in an HSM afterwards."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kmspec.names import ErrorCode
from tests.unit.impl.support import DAY, PASSWORD, SUBNETS, Authority, Customer

INVALID = ErrorCode.CLOUDHSM_INVALID_REQUEST


def with_csr() -> Customer:
    customer = Customer()
    customer.create_cluster()
    customer.add_hsm()
    return customer


def initialize(customer: Customer, signed: str, anchor: str) -> dict[str, object]:
    return {"ClusterId": customer.cluster_id, "SignedCert": signed, "TrustAnchor": anchor}


def csr_of(customer: Customer) -> str:
    return str(customer.cluster()["Certificates"]["ClusterCsr"])


@pytest.mark.parametrize("kind", ["RSA 2048", "P-384", "P-521"])
def test_a_cluster_is_claimed_by_any_usual_authority(kind: str) -> None:
    customer = with_csr()
    if kind == "RSA 2048":
        authority = Authority(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    else:
        curve = ec.SECP384R1() if kind == "P-384" else ec.SECP521R1()
        authority = Authority(key=ec.generate_private_key(curve))
    signed = authority.sign(csr_of(customer))
    told = customer.hsm("InitializeCluster", **initialize(customer, signed, authority.anchor))
    assert told["State"] == "INITIALIZE_IN_PROGRESS"
    assert "ClusterCsr" not in customer.cluster()["Certificates"]
    customer.wait()
    assert customer.cluster()["State"] == "INITIALIZED"
    assert customer.cluster()["Certificates"] == {"ClusterCertificate": signed}


def test_the_hsm_proves_who_it_is() -> None:
    shown = with_csr().cluster()["Certificates"]
    csr = x509.load_pem_x509_csr(shown["ClusterCsr"].encode())
    assert csr.is_signature_valid
    assert csr.subject.rfc4514_string().startswith("CN=HSM:hsm-")
    own, aws, maker = (
        x509.load_pem_x509_certificate(shown[name].encode())
        for name in (
            "HsmCertificate",
            "AwsHardwareCertificate",
            "ManufacturerHardwareCertificate",
        )
    )
    assert own.public_key() == csr.public_key()
    own.verify_directly_issued_by(aws)
    own.verify_directly_issued_by(maker)


def test_certificates_that_are_refused() -> None:
    customer, other, authority = with_csr(), Authority(), Authority()
    csr = csr_of(customer)
    good = authority.sign(csr)
    weak = Authority(key=ec.generate_private_key(ec.SECP192R1()))
    leaf = authority.certify(
        authority.name,
        authority.key.public_key(),
        x509.BasicConstraints(ca=False, path_length=None),
    )
    unfit = authority.certify(
        authority.name, authority.key.public_key(), x509.InhibitAnyPolicy(skip_certs=1)
    )
    strange = authority.certify(authority.name, ed25519.Ed25519PrivateKey.generate().public_key())
    refused = [
        (other.sign(csr), authority.anchor),  # the wrong signer
        (good, other.anchor),
        (authority.anchor, authority.anchor),  # not of this CSR
        (authority.sign(csr_of(with_csr())), authority.anchor),
        (weak.sign(csr), weak.anchor),
        (good, leaf),
        (good, unfit),
        (good, strange),
        (good, good),  # not self-signed
        ("nonsense", authority.anchor),
        (good, "nonsense"),
        (good, authority.anchor * 2),
    ]
    for signed, anchor in refused:
        wanted = initialize(customer, signed, anchor)
        assert customer.refused(INVALID, "cloudhsm", "InitializeCluster", **wanted)
        assert customer.cluster()["State"] == "UNINITIALIZED"
        assert csr_of(customer) == csr
    customer.hsm("InitializeCluster", **initialize(customer, good, authority.anchor))


def test_only_an_uninitialized_cluster_with_an_hsm_is_claimed() -> None:
    customer = Customer()
    customer.create_cluster()
    anchor = customer.authority.anchor
    wanted = initialize(customer, anchor, anchor)
    customer.refused(INVALID, "cloudhsm", "InitializeCluster", **wanted)
    customer.add_hsm()
    customer.initialize()
    wanted = initialize(customer, anchor, anchor)
    customer.refused(INVALID, "cloudhsm", "InitializeCluster", **wanted)


def test_the_csr_goes_with_its_hsm() -> None:
    customer = with_csr()
    first = csr_of(customer)
    customer.delete_hsms()
    assert customer.cluster()["Certificates"] == {}
    customer.add_hsm()
    assert csr_of(customer) != first


def test_zones_are_given_out_in_order_and_kept() -> None:
    customer = Customer()

    def zones(*subnets: str) -> dict[str, str]:
        made = customer.hsm("CreateCluster", HsmType="hsm2m.medium", SubnetIds=list(subnets))
        mapping: dict[str, str] = made["Cluster"]["SubnetMapping"]
        return mapping

    one, two, three = "subnet-0000000a", "subnet-0000000b", "subnet-0000000c"
    assert zones(two, one) == {"us-east-1a": two, "us-east-1b": one}
    assert zones(three, one) == {"us-east-1a": three, "us-east-1b": one}
    wanted = {"HsmType": "hsm2m.medium", "SubnetIds": [two, three]}
    customer.refused(INVALID, "cloudhsm", "CreateCluster", **wanted)
    wanted["SubnetIds"] = [one, one]
    customer.refused(INVALID, "cloudhsm", "CreateCluster", **wanted)


def test_an_hsm_goes_by_three_names_that_must_agree() -> None:
    customer = Customer()
    customer.build_cluster()
    first, second = customer.cluster()["Hsms"]
    where = {"ClusterId": customer.cluster_id}
    customer.refused(INVALID, "cloudhsm", "DeleteHsm", **where)
    different = {**where, "HsmId": first["HsmId"], "EniId": second["EniId"]}
    customer.refused(INVALID, "cloudhsm", "DeleteHsm", **different)
    unknown = {**where, "EniIp": "10.9.9.9"}
    code = ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND
    customer.refused(code, "cloudhsm", "DeleteHsm", **unknown)
    same = {**where, "EniId": first["EniId"], "EniIp": first["EniIp"]}
    assert customer.hsm("DeleteHsm", **same) == {"HsmId": first["HsmId"]}
    customer.refused(INVALID, "cloudhsm", "DeleteHsm", **same)
    customer.wait()
    assert customer.hsms() == [second["HsmId"]]


def test_addresses_are_checked() -> None:
    customer = Customer()
    customer.build_cluster()
    taken = customer.cluster()["Hsms"][0]["EniIp"]
    where = {"ClusterId": customer.cluster_id, "AvailabilityZone": "us-east-1a"}
    for address in (taken, "10.0.0.999"):
        customer.refused(INVALID, "cloudhsm", "CreateHsm", **where, IpAddress=address)
    made = customer.hsm("CreateHsm", **where, IpAddress="10.0.0.77")
    assert made["Hsm"]["EniIp"] == "10.0.0.77"
    nowhere = {**where, "AvailabilityZone": "us-east-1f"}
    customer.refused(INVALID, "cloudhsm", "CreateHsm", **nowhere)


def test_there_are_four_clusters_and_six_hsms_at_most() -> None:
    customer = Customer()
    customer.build_cluster()
    for _ in range(4):
        customer.add_hsm()
    where = {"ClusterId": customer.cluster_id, "AvailabilityZone": "us-east-1a"}
    customer.refused(INVALID, "cloudhsm", "CreateHsm", **where)
    for _ in range(3):
        customer.create_cluster()
    wanted = {"HsmType": "hsm2m.medium", "SubnetIds": list(SUBNETS)}
    customer.refused(INVALID, "cloudhsm", "CreateCluster", **wanted)


def test_what_is_not_there_is_not_found() -> None:
    customer = Customer()
    code = ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND
    where = {"ClusterId": "cluster-aaaaaaaaaaa"}
    customer.refused(code, "cloudhsm", "DeleteCluster", **where)
    zone = {"AvailabilityZone": "us-east-1a"}
    customer.refused(code, "cloudhsm", "CreateHsm", **where, **zone)
    customer.refused(code, "cloudhsm", "DeleteBackup", BackupId="backup-aaaaaaaaaaa")
    source = {"HsmType": "hsm2m.medium", "SubnetIds": list(SUBNETS)}
    customer.refused(
        code, "cloudhsm", "CreateCluster", **source, SourceBackupId="backup-aaaaaaaaaaa"
    )
    assert customer.hsm("DescribeClusters", Filters={"clusterIds": ["x"]}) == {"Clusters": []}
    customer.refused(INVALID, "cloudhsm", "DescribeClusters", Filters={"colour": ["x"]})


def test_backups_are_made_on_four_occasions() -> None:
    customer = Customer()
    customer.create_cluster()
    customer.add_hsm()
    assert customer.backups() == []
    customer.initialize()
    assert [backup["BackupState"] for backup in customer.backups()] == ["CREATE_IN_PROGRESS"]
    customer.add_hsm(1)
    assert len(customer.backups()) == 2
    customer.hsm("DeleteHsm", ClusterId=customer.cluster_id, HsmId=customer.hsms()[0])
    assert len(customer.backups()) == 3
    customer.wait(2 * DAY + 1)
    assert len(customer.backups()) == 5
    assert {backup["BackupState"] for backup in customer.backups()} == {"READY"}
    customer.delete_hsms()
    customer.wait(5 * DAY)
    assert len(customer.backups()) == 6
    customer.add_hsm()
    assert len(customer.backups()) == 7  # the daily one that was missed
    customer.wait(DAY - 1)
    assert len(customer.backups()) == 7
    customer.wait(1)
    assert len(customer.backups()) == 8


def test_a_backup_is_deleted_in_seven_days_unless_restored() -> None:
    customer = Customer()
    customer.build_cluster()
    customer.delete_hsms()
    wanted = {"BackupId": customer.backups()[0]["BackupId"]}
    customer.refused(INVALID, "cloudhsm", "RestoreBackup", **wanted)
    shown = customer.hsm("DeleteBackup", **wanted)["Backup"]
    assert shown["BackupState"] == "PENDING_DELETION"
    assert shown["DeleteTimestamp"] == round(shown["CreateTimestamp"] + 0.2 + 7 * DAY, 3)
    customer.refused(INVALID, "cloudhsm", "DeleteBackup", **wanted)
    source = {"HsmType": "hsm2m.medium", "SubnetIds": list(SUBNETS)}
    customer.refused(
        INVALID, "cloudhsm", "CreateCluster", **source, SourceBackupId=wanted["BackupId"]
    )
    assert "DeleteTimestamp" not in customer.hsm("RestoreBackup", **wanted)["Backup"]
    customer.wait(8 * DAY)
    customer.hsm("DeleteBackup", **wanted)
    customer.wait(7 * DAY)
    code = ErrorCode.CLOUDHSM_RESOURCE_NOT_FOUND
    customer.refused(code, "cloudhsm", "RestoreBackup", **wanted)


def test_old_backups_are_purged_but_never_the_last() -> None:
    customer = Customer()
    customer.create_cluster(BackupRetentionPolicy={"Type": "DAYS", "Value": "7"})
    customer.add_hsm()
    customer.initialize()
    customer.wait(7 * DAY)
    assert customer.backups()[-1]["BackupState"] == "PENDING_DELETION"
    customer.wait(100 * DAY)
    assert len(customer.backups()) == 14
    customer.delete_hsms()
    customer.wait(100 * DAY)
    assert [backup["BackupState"] for backup in customer.backups()] == ["READY"]


def test_a_restored_cluster_becomes_active_by_itself() -> None:
    customer = Customer()
    customer.build_cluster()
    original = customer.cluster()
    backup = customer.backups()[0]
    customer.create_cluster(SourceBackupId=backup["BackupArn"])
    restored = customer.cluster()
    assert restored["State"] == "ACTIVE"
    assert restored["SourceBackupId"] == backup["BackupId"]
    assert restored["Certificates"] == original["Certificates"]
    customer.refused(
        ErrorCode.OPERATOR_INVALID_REQUEST,
        "operator",
        "ActivateCluster",
        ClusterId=customer.cluster_id,
        Password=PASSWORD,
    )
    customer.add_hsm()
    assert customer.cluster()["State"] == "ACTIVE"
    customer.operate("LoginUser", UserName="kmsuser", Password=PASSWORD)


def test_a_backup_fits_its_type_and_mode() -> None:
    customer = Customer()
    customer.create_cluster(Mode="NON_FIPS")
    customer.add_hsm()
    customer.initialize()
    customer.wait()
    source = {
        "SubnetIds": list(SUBNETS),
        "SourceBackupId": customer.backups()[0]["BackupId"],
    }
    for other in ({"HsmType": "hsm1.medium"}, {"HsmType": "hsm2m.medium", "Mode": "FIPS"}):
        customer.refused(INVALID, "cloudhsm", "CreateCluster", **source, **other)
    made = customer.hsm("CreateCluster", **source, HsmType="hsm2m.medium")
    assert made["Cluster"]["Mode"] == "NON_FIPS"


def test_a_new_hsm_is_like_the_others() -> None:
    customer = Customer().build_store()
    key_id = customer.create_key()
    blob = customer.encrypt(key_id)
    third = customer.add_hsm()
    for hsm_id in customer.hsms():
        if hsm_id != third:
            customer.operate("SetFault", Name="hsm-lost", HsmId=hsm_id)
    assert customer.hsms() == [third]
    assert customer.decrypt(blob) == b"secret"


def test_a_cluster_that_was_emptied_is_restored_from_its_newest_backup() -> None:
    customer = Customer().build_store()
    blob = customer.encrypt(customer.create_key())
    customer.delete_hsms()
    customer.add_hsm()
    assert customer.decrypt(blob) == b"secret"
    customer.delete_hsms()
    for backup in customer.backups():
        customer.hsm("DeleteBackup", BackupId=backup["BackupId"])
    customer.add_hsm()
    assert customer.operate("ListUsers") == {"Users": []}


def test_tags_of_clusters_are_checked() -> None:
    customer = Customer()
    source = {"HsmType": "hsm2m.medium", "SubnetIds": list(SUBNETS)}
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    ours = [{"Key": "AWS:a", "Value": "1"}]
    for tags in (twice, ours):
        customer.refused(
            ErrorCode.CLOUDHSM_TAG, "cloudhsm", "CreateCluster", **source, TagList=tags
        )
    made = customer.hsm("CreateCluster", **source, TagList=twice[:1])
    assert made["Cluster"]["TagList"] == twice[:1]
