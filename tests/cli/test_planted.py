"""Secrets are planted wherever the API takes one, and looked for wherever something is written.

Passwords, plaintexts, key material, what the emulator hands out as plaintext, secret access keys
and the admin token: in good requests, in refused and in broken ones. They are looked for in
the output of the server, in refusals, in the files of the data directory, and in what our own
commands print.
"""

import base64
import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from rich.console import Console

from kmspec_check import report_text, reports
from kmspec_check.conform import conform
from kmspec_impl.embedded import Embedded
from kmspec_impl.gateway.app import Application
from kmspec_impl.mutants.catalogue import find
from tests.helpers.authority import Authority
from tests.helpers.machine import explored
from tests.helpers.server import Served, admin, kmspec, served
from tests.unit.gateway.support import CannedEmulator

SUBNETS: Final = ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]
PASSWORD: Final = "PlantedKmsuser1"
PASSWORDS: Final = (
    *(PASSWORD, "PlantedAdmin2", "PlantedWrong3", "PlantedNew4", "PlantedUser5"),
    *("PlantedList6", "PlantedLong7" + "x" * 40, "short8"),
)
PLAINTEXT: Final = b"planted plaintext 9f3a"
MATERIAL: Final = b"planted material 0123456789abcde"
XKS_SECRET: Final = "PlantedXksSecret/0123456789abcdefghijklmnopqrst"
ACCESS_KEY_SECRET: Final = "PlantedSecretAccessKey/9"
TOKEN: Final = "PlantedAdminToken"
KEYS: Final = f"""
[AKIDEXAMPLE]
secret_access_key = "{ACCESS_KEY_SECRET}"
account = "111122223333"
"""


class Planter:
    """A client that plants secrets, and keeps the refusals and what must show nowhere."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self.secrets: set[bytes] = {word.encode() for word in PASSWORDS}
        self.secrets |= {PLAINTEXT, MATERIAL, XKS_SECRET.encode(), ACCESS_KEY_SECRET.encode()}
        self.secrets.add(TOKEN.encode())
        self.said: list[str] = []
        session = boto3.Session("AKIDEXAMPLE", ACCESS_KEY_SECRET, region_name="us-east-1")
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        self.kms = session.client("kms", endpoint_url=server.url, config=config)
        self.hsm = session.client("cloudhsmv2", endpoint_url=server.url, config=config)

    def refused(self, client: Any, operation: str, **parameters: Any) -> None:  # noqa: ANN401
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)(**parameters)
        self.said.append(f"{caught.value} {caught.value.response}")

    def operate(self, operation: str, **parameters: Any) -> None:  # noqa: ANN401 - JSON values
        try:
            answer = admin(self._server.url, f"operator/{operation}", **parameters)
            self.said.append(str(answer))
        except HTTPError as refusal:
            self.said.append(refusal.read().decode())

    def tick(self) -> None:
        admin(self._server.url, "clock/Advance", Seconds=1.0)

    def cluster(self) -> tuple[str, str]:
        """An active cluster with users, of whom some passwords were refused; its trust anchor."""
        hsm, authority = self.hsm, Authority()
        made = hsm.create_cluster(HsmType="hsm2m.medium", SubnetIds=SUBNETS)["Cluster"]
        cluster = made["ClusterId"]
        self.tick()
        zones = sorted(hsm.describe_clusters()["Clusters"][0]["SubnetMapping"])
        for number, zone in enumerate(zones):
            hsm.create_hsm(ClusterId=cluster, AvailabilityZone=zone)
            self.tick()
            if number == 0:
                csr = hsm.describe_clusters()["Clusters"][0]["Certificates"]["ClusterCsr"]
                signed = authority.sign(csr)
                anchor = authority.trust_anchor
                hsm.initialize_cluster(ClusterId=cluster, SignedCert=signed, TrustAnchor=anchor)
                self.tick()
                self.operate("ActivateCluster", ClusterId=cluster, Password="short8")
                self.operate("ActivateCluster", ClusterId=cluster, Password="PlantedAdmin2")
        add = {"ClusterId": cluster, "UserName": "kmsuser"}
        for password in (["PlantedList6"], PASSWORDS[6], PASSWORD, "PlantedUser5"):
            self.operate("CreateUser", **add, Password=password)
        self.operate("LoginUser", **add, Password="PlantedWrong3")
        self.operate("ChangePassword", **add, Password="PlantedNew4")
        self.operate("ChangePassword", **add, Password=PASSWORD)
        self.operate("CreateUser", **add, Password=PASSWORD, Nonsense="PlantedUser5")
        return cluster, authority.trust_anchor

    def store(self) -> str:
        """A connected key store, after wrong passwords of every kind."""
        cluster, anchor = self.cluster()
        of_store = {
            "CustomKeyStoreName": "planted",
            "CloudHsmClusterId": cluster,
            "TrustAnchorCertificate": anchor,
        }
        for wrong in ("short8", PASSWORDS[6], ["PlantedList6"], {"PlantedList6": "PlantedList6"}):
            self.refused(self.kms, "create_custom_key_store", **of_store, KeyStorePassword=wrong)
        credential = {"AccessKeyId": "A" * 20, "RawSecretAccessKey": XKS_SECRET}
        self.refused(
            self.kms,
            "create_custom_key_store",
            CustomKeyStoreName="xks",
            CustomKeyStoreType="EXTERNAL_KEY_STORE",
            XksProxyAuthenticationCredential=credential,
        )
        made = self.kms.create_custom_key_store(**of_store, KeyStorePassword="PlantedWrong3")
        store: str = made["CustomKeyStoreId"]
        self.kms.connect_custom_key_store(CustomKeyStoreId=store)
        self.tick()
        self.said.append(str(self.kms.describe_custom_key_stores()))
        self.kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        self.tick()
        named = {"CustomKeyStoreId": store}
        self.refused(self.kms, "update_custom_key_store", **named, KeyStorePassword="short8")
        self.kms.update_custom_key_store(**named, KeyStorePassword=PASSWORD)
        self.operate("ChangePassword", ClusterId=cluster, UserName="kmsuser", Password=PASSWORD)
        self.kms.connect_custom_key_store(**named)
        self.tick()
        return store

    def plaintexts(self, store: str) -> None:
        """Plaintexts given and handed out, in requests that are served, refused and broken."""
        kms = self.kms
        inside = kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)["KeyMetadata"]["Arn"]
        disabled = kms.create_key()["KeyMetadata"]["Arn"]
        kms.disable_key(KeyId=disabled)
        made = kms.encrypt(KeyId=inside, Plaintext=PLAINTEXT)
        assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == PLAINTEXT
        wrong = {"EncryptionContext": {"a": "b"}}
        self.refused(kms, "decrypt", CiphertextBlob=made["CiphertextBlob"], **wrong)
        self.refused(kms, "encrypt", KeyId=disabled, Plaintext=PLAINTEXT)
        self.refused(kms, "encrypt", KeyId=inside, Plaintext=PLAINTEXT * 400)
        self.refused(kms, "encrypt", KeyId="alias/none", Plaintext=PLAINTEXT)
        self.refused(kms, "encrypt", KeyId=inside, Plaintext=PLAINTEXT, GrantTokens=["x"])
        for parameters in ({"KeySpec": "AES_256"}, {"NumberOfBytes": 40}):
            self.secrets.add(kms.generate_data_key(KeyId=inside, **parameters)["Plaintext"])
        pair = kms.generate_data_key_pair(
            KeyId=kms.create_key()["KeyMetadata"]["Arn"], KeyPairSpec="ECC_NIST_P256"
        )
        self.secrets.add(pair["PrivateKeyPlaintext"])
        self.secrets.add(kms.generate_random(NumberOfBytes=32)["Plaintext"])

    def material(self) -> None:
        """Key material that is imported, and some that is refused."""
        kms = self.kms
        key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
        found = kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )
        public = load_der_public_key(found["PublicKey"])
        assert isinstance(public, rsa.RSAPublicKey)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        sent = {
            "KeyId": key,
            "ImportToken": found["ImportToken"],
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        }
        for wrong in (MATERIAL, public.encrypt(MATERIAL[:20], oaep)):
            self.refused(kms, "import_key_material", **sent, EncryptedKeyMaterial=wrong)
        good = public.encrypt(MATERIAL, oaep)
        kms.import_key_material(**sent, EncryptedKeyMaterial=good)
        kms.encrypt(KeyId=key, Plaintext=PLAINTEXT)

    def words(self) -> None:
        """Our own commands, which say what they were told wrongly."""
        where = {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY_SECRET,
            "KMSPEC_ADMIN_TOKEN": TOKEN,
            "AWS_ENDPOINT_URL": self._server.url,
        }
        for words in (
            ["hsm", "user", "password", "cluster-none", "kmsuser", "--password", "short8"],
            [
                "call",
                "Encrypt",
                "KeyId=alias/none",
                f"Plaintext={base64.b64encode(PLAINTEXT).decode()}",
            ],
            ["keystore", "up", "--name", "planted"],
        ):
            finished = kmspec(*words, **where)
            assert finished.returncode != 0
            self.said += [finished.stdout, finished.stderr]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planter, Path, str]:
    """Who planted, where state was kept, and what the server wrote."""
    folder = tmp_path_factory.mktemp("planted")
    keys, kept = folder / "keys.toml", folder / "kept"
    keys.write_text(KEYS)
    options = ["--auth", "sigv4", "--credentials", str(keys), "--data-dir", str(kept)]
    with served(
        *(*options, "--clock", "virtual"), KMSPEC_ADMIN_TOKEN=TOKEN, PYTHONASYNCIODEBUG="1"
    ) as server:
        planter = Planter(server)
        planter.plaintexts(planter.store())
        planter.material()
        planter.words()
        for body in (b"{", b'{"Plaintext":"%b"' % base64.b64encode(PLAINTEXT)):
            with contextlib.suppress(HTTPError):
                admin(server.url, "operator/CreateUser", Password=body.decode())
        planter.kms.close()
        planter.hsm.close()
        written = server.complaints()
    return planter, kept, written


def forms(secret: bytes) -> Iterator[bytes]:
    """What a secret may look like where it was written."""
    yield secret
    yield secret.hex().encode()
    yield base64.b64encode(secret)[: len(secret) // 3 * 4]
    if secret.isascii():
        yield json.dumps(secret.decode()).encode()[1:-1]


def shown(planter: Planter, text: bytes) -> list[bytes]:
    return [secret for secret in planter.secrets for form in forms(secret) if form in text]


def test_what_is_planted_would_be_found(planted: tuple[Planter, Path, str]) -> None:
    planter, _, _ = planted
    for secret in planter.secrets:
        for form in forms(secret):
            assert secret in shown(planter, b"..." + form + b"...")


def test_no_report_has_any(planted: tuple[Planter, Path, str], tmp_path: Path) -> None:
    """A check is given no other secrets than these two."""
    planter, _, _ = planted
    names = ("json", "junit", "html", "markdown")
    words = [word for name in names for word in ("--report", f"{name}={tmp_path / name}")]
    with served(KMSPEC_ADMIN_TOKEN=TOKEN) as server:
        finished = kmspec(
            *("conform", "--endpoint-url", server.url, "--only", "smoke", *words),
            AWS_SECRET_ACCESS_KEY=ACCESS_KEY_SECRET,
            KMSPEC_ADMIN_TOKEN=TOKEN,
        )
    assert shown(planter, (finished.stdout + finished.stderr).encode()) == []
    for name in names:
        assert shown(planter, (tmp_path / name).read_bytes()) == [], name


class Told(Embedded):
    """A target that is wrong, and remembers the plaintexts that it handed out."""

    def __init__(self, mutant: str) -> None:
        super().__init__(mutant=mutant)
        self.secrets: set[bytes] = set()

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], **place: str
    ) -> tuple[int, dict[str, Any]]:
        answer = super().call(service, operation, parameters, **place)
        self.secrets |= {
            value
            for name, value in answer[1].items()
            if name.endswith("Plaintext") and len(value) > 8
        }
        return answer


@pytest.mark.parametrize("mutant", ["shows-the-data-key", "shows-the-private-key"])
def test_no_report_of_a_violation_has_any(
    mutant: str, planted: tuple[Planter, Path, str], tmp_path: Path
) -> None:
    target, planter = Told(mutant), planted[0]
    result = conform(target, rules=[find(mutant).rule], only=["matrix"], explored=explored())
    assert result.violations
    assert target.secrets
    names = ("json", "junit", "html", "markdown")
    reports.write(result, reports.asked([f"{name}={tmp_path / name}" for name in names], None))
    text = StringIO()
    report_text.write(result, Console(file=text, highlight=False))
    written = {name: (tmp_path / name).read_bytes() for name in names}
    for name, report in {**written, "text": text.getvalue().encode()}.items():
        assert find(mutant).rule.encode() in report, name
        found = [one for one in target.secrets for form in forms(one) if form in report]
        assert found == [], name
    assert shown(planter, b"".join(written.values())) == []


def test_nothing_is_written_by_the_server(planted: tuple[Planter, Path, str]) -> None:
    planter, _, written = planted
    assert "Traceback" not in written
    assert shown(planter, written.encode()) == []


def test_no_refusal_shows_any(planted: tuple[Planter, Path, str]) -> None:
    planter, _, _ = planted
    assert len(planter.said) > 20
    for said in planter.said:
        assert shown(planter, said.encode()) == [], said


def test_no_file_has_any(planted: tuple[Planter, Path, str]) -> None:
    planter, kept, _ = planted
    files = [file for file in kept.rglob("*") if file.is_file()]
    assert len(files) > 1
    for file in files:
        assert shown(planter, file.read_bytes()) == [], file


def test_a_defect_is_told_without_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    """Exceptions often quote the value they choked on."""

    def broken(parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            int(parameters["Plaintext"])
        except ValueError as error:
            raise KeyError(parameters["Plaintext"]) from error
        return {}

    application = Application(CannedEmulator({"Encrypt": broken}))
    headers = [
        (b"x-amz-target", b"TrentService.Encrypt"),
        (b"content-type", b"application/x-amz-json-1.1"),
    ]
    scope = {"method": "POST", "path": "/", "query_string": b"", "headers": headers}
    encoded = base64.b64encode(PLAINTEXT)
    body = b'{"KeyId":"alias/a","Plaintext":"%b"}' % encoded
    with caplog.at_level(logging.DEBUG):
        status, _, answer = application.answer_whole(scope, body)
    assert status == 500
    for text in (caplog.text, answer.decode()):
        assert PLAINTEXT.decode() not in text
        assert encoded.decode() not in text
    assert "ValueError" in caplog.text
    assert "KeyError" in caplog.text
    assert "test_planted.py" in caplog.text
