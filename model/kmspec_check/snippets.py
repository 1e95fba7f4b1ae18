"""Snippets: the only place for the fixed text of the programs that reproductions are."""

HEAD = '''\
import functools
import json
import re
import secrets
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:4599"
RUN = secrets.token_hex(4)  # in every name, so that nothing is in the way of a second run
ACCOUNT, REGION = {account}, "{region}"
options = {{
    "endpoint_url": ENDPOINT,
    "region_name": REGION,
    "aws_access_key_id": ACCOUNT,
    "aws_secret_access_key": "kmspec",
    "config": Config(parameter_validation=False, retries={{"total_max_attempts": 1}}),
}}
kms = boto3.client("kms", **options)
cloudhsm = boto3.client("cloudhsmv2", **options)
sts = boto3.client("sts", **options)


def elsewhere(client, region):
    """The same service in another Region."""
    there = {{**options, "region_name": region}}
    return boto3.client(client.meta.service_model.service_name, **there)


known = set()
zones = {{}}
step = 0


def stop(_, error, __):
    """Say in one line why the steps could not be taken."""
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"could not go on at step {{step}}: {{text}}", file=sys.stderr)
    sys.exit(2)


sys.excepthook = stop


class Refused(Exception):
    """An answer that is an error."""

    def __str__(self):
        return "{{0}}, HTTP {{2}}, {{1}}".format(*self.args)


def call(client, operation, **parameters):
    """One operation of AWS."""
    name = client.meta.method_to_api_mapping
    method = next(ours for ours, theirs in name.items() if theirs == operation)
    try:
        return getattr(client, method)(**parameters)
    except ClientError as error:
        found = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise Refused(found["Code"], found.get("Message", ""), status) from None


def post(path, parameters):
    """What AWS has no API for: the operator of the HSMs, and the clock."""
    request = urllib.request.Request(
        ENDPOINT + "/_kmspec/" + path,
        json.dumps(parameters).encode(),
        {{"Content-Type": "application/json"}},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        body = json.load(error)
        raise Refused(body["__type"], body.get("message", ""), error.code) from None


def attempt(action):
    """The answer, or the error that came instead of it."""
    try:
        return action()
    except Refused as refused:
        code, message, status = refused.args
        return {{"code": code, "message": message, "status": status}}


def burst(key, count):
    """Many Encrypt requests, while the clock stands still."""
    answers = [attempt(lambda: call(kms, "Encrypt", KeyId=key, Plaintext=b"kmspec"))]
    while len(answers) < count:
        answers.append(attempt(lambda: call(kms, "Encrypt", KeyId=key, Plaintext=b"kmspec")))
    refused = [answer for answer in answers if "code" in answer]
    others = [answer for answer in refused if answer["code"] != "ThrottlingException"]
    return others[0] if others else {{"Throttled": "some" if refused else "none"}}


class New(str):
    """The first item of a list that has no name yet, by this member."""


def at(answer, *path):
    """The value at a path, or None."""
    for part in path:
        if isinstance(part, New):
            answer = next((item for item in answer or [] if item[part] not in known), None)
        elif isinstance(part, tuple):
            name, value = part
            answer = next((item for item in answer or [] if item.get(name) == value), None)
        else:
            answer = answer.get(part) if answer else None
    return answer


@functools.cache
def account():
    """The account: of STS, or of a key that is made for it where there is no STS."""
    try:
        return sts.get_caller_identity()["Account"]
    except Exception:  # there is no STS, in whatever words
        key = call(kms, "CreateKey")["KeyMetadata"]
        call(kms, "ScheduleKeyDeletion", KeyId=key["KeyId"], PendingWindowInDays=7)
        return key["Arn"].split(":")[4]


def arn(service, resource, region=REGION):
    """An ARN in this account."""
    return f"arn:aws:{{service}}:{{region}}:{{account()}}:{{resource}}"


def handle(cluster, key):
    """The handle of a KMS key's material in a cluster."""
    label = arn("kms", "key/" + key)
    keys = attempt(lambda: post("operator/ListHsmKeys", {{"ClusterId": cluster}})).get("Keys", [])
    return next((found["Handle"] for found in keys if found["Label"] == label), 0x3FFFFFFF)

'''

SIGNING = '''\
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

authorities = {}


def built(subject, public_key, issuer, key, serial):
    """A builder of a certificate."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2049, 12, 31))
    )


def authority(number):
    """The key and the name of a certificate authority."""
    if number not in authorities:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CA {number}")])
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        made = built(name, key.public_key(), name, key, 1).add_extension(constraint, critical=True)
        authorities[number] = key, name, pem(made.sign(key, hashes.SHA256()))
    return authorities[number]


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def anchor(number):
    """The trust anchor of a certificate authority."""
    return authority(number)[2]


def certificate(cluster, number):
    """The certificate of a cluster, signed over the request that the cluster shows."""
    key, issuer, _ = authority(number)
    found = cloudhsm.describe_clusters(Filters={"clusterIds": [cluster]})["Clusters"]
    csr = at({"Clusters": found}, "Clusters", ("ClusterId", cluster), "Certificates", "ClusterCsr")
    if csr:
        request = x509.load_pem_x509_csr(csr.encode())
        subject, public_key = request.subject, request.public_key()
    else:
        subject, public_key = issuer, ec.generate_private_key(ec.SECP256R1()).public_key()
    return pem(built(subject, public_key, issuer, key, 2).sign(key, hashes.SHA256()))

'''

WRAPPING = '''\
import os
import time

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def wrapped(public_key, algorithm, content, corrupt):
    """Key material wrapped under a public key of GetParametersForImport."""
    try:
        public = serialization.load_der_public_key(public_key)
    except ValueError:
        return public_key
    digest = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    if algorithm.startswith("RSAES"):
        blob = public.encrypt(content, oaep)
    else:
        aes = os.urandom(32)
        blob = public.encrypt(aes, oaep) + keywrap.aes_key_wrap_with_padding(aes, content)
    return blob[:-1] + bytes([blob[-1] ^ 1]) if corrupt else blob


def moment(seconds):
    """The time in so many seconds, where the endpoint is."""
    try:
        return post("clock/Now", {})["Now"] + seconds
    except (Refused, OSError, KeyError, ValueError):
        return time.time() + seconds

'''

OPENING = '''\
import subprocess
import tempfile

ENCLAVE = """\
{private_key}"""


def opened(message):
    """What a message for the enclave holds, or None; only openssl can tell."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(ENCLAVE)
        file.flush()
        words = ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", file.name]
        done = subprocess.run(words, input=message or b"", capture_output=True, timeout=30)
    return None if done.returncode else done.stdout

'''

AT_ONCE = """\
import threading

TRIES = int(sys.argv[2]) if len(sys.argv) > 2 else 200
answers = {{}}
together, own = None, threading.local()


def ready(**_):
    \"\"\"Wait for the others before two requests: that which connects, and the first.\"\"\"
    own.sent = getattr(own, "sent", 0) + 1
    if together and own.sent <= 2:
        try:
            together.wait(5)
        except threading.BrokenBarrierError:
            pass


boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register("before-send", ready)


def fresh():
    \"\"\"Other names, and another account where that can be: as if nothing had been done.\"\"\"
    global RUN, ACCOUNT, kms, cloudhsm, sts
    RUN, ACCOUNT = secrets.token_hex(4), {account}
    options["aws_access_key_id"] = ACCOUNT
    kms = boto3.client("kms", **options)
    cloudhsm = boto3.client("cloudhsmv2", **options)
    sts = boto3.client("sts", **options)
    known.clear()
    zones.clear()
    answers.clear()


def connected(client):
    \"\"\"Let a client go on when it has a connection; what for does not matter.\"\"\"
    try:
        kms.list_keys(Limit=1)
    except ClientError:
        pass
    client()


def at_once(*clients):
    \"\"\"Let each client go on in a thread of its own, all from the same moment.\"\"\"
    global together
    together = threading.Barrier(len(clients))
    threads = [threading.Thread(target=connected, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = None


def code(number):
    \"\"\"The error code of an answer, or None.\"\"\"
    answer = answers[number]
    return answer["code"] if "code" in answer and "status" in answer else None


for tried in range(1, TRIES + 1):
    fresh()
"""

VERDICT = """
    if not any(all(fits() for fits in order) for order in orders):
        print(f"in try {tried} no order of the requests at once explains the answers:")
        for number, answer in sorted(answers.items()):
            answer.pop("ResponseMetadata", None)
            print(f"  step {number}: {code(number) or answer or 'success'}")
        sys.exit(1)
print(f"in each of {TRIES} tries some order of the requests explains the answers")
sys.exit(0)"""

CHECKS = """\

refused = "code" in answer and "status" in answer
if refused:
    kept = answer["code"] in codes
    observed = "{{code}}, HTTP {{status}}, {{message}}".format(**answer)
else:
    kept = success
    observed = "success"
for where, look, holds in checks:
    if refused != (where in ("HTTP status", "message")):
        continue  # of an error there is nothing else to see, and of a success neither
    seen = look()
    kept = kept and holds(seen)
    observed += f"; {{where}}: {{seen!r}}"
print("expected:", {expected!r})
print("observed:", observed)
sys.exit(0 if kept else 1)
"""

PROVING = '''\
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


def private(key):
    return serialization.load_der_private_key(key, None)


def paired(key, public):
    """Whether a private key and a public key are of one pair."""
    return private(key).public_key() == serialization.load_der_public_key(public)


def agreed(key, public):
    """The secret that a private key and a public key share."""
    return private(key).exchange(ec.ECDH(), serialization.load_der_public_key(public))


def mac(key, message, algorithm):
    """The HMAC of a message."""
    return hmac.digest(key, message, "sha" + algorithm.rpartition("_")[2])


def decrypted(key, blob, algorithm):
    """What a private key decrypts, or None."""
    digest = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    try:
        return private(key).decrypt(blob, padding.OAEP(padding.MGF1(digest), digest, None))
    except ValueError:
        return None


def signed(public, signature, message, algorithm, form):
    """Whether a public key verifies a signature."""
    key = serialization.load_der_public_key(public)
    digest = getattr(hashes, algorithm[-7:].replace("_", ""), lambda: None)()
    used = utils.Prehashed(digest) if form == "DIGEST" else digest
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pss = "PSS" in algorithm and padding.PSS(padding.MGF1(digest), digest.digest_size)
            key.verify(signature, message, pss or padding.PKCS1v15(), used)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(used))
        elif algorithm == "ED25519_PH_SHA_512":
            from nacl import bindings

            state = bindings.crypto_sign_ed25519ph_state()
            bindings.crypto_sign_ed25519ph_update(state, message)
            raw = key.public_bytes_raw()
            return bindings.crypto_sign_ed25519ph_final_verify(state, signature, raw)
        elif form == "EXTERNAL_MU":
            key.verify_mu(signature, message)
        else:
            key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True

'''
