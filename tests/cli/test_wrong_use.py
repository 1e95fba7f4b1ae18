"""Wrong use: one line on standard error, what is wrong and how to mend it, and exit code 2."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from kmspec.faults import TableError
from kmspec.tables import load
from tests.cli.conftest import Command

NOWHERE: Final = "http://127.0.0.1:1"
CLUSTER: Final = "cluster-abcdefghijk"

# The words of a command line, and a part of the line that must come.
WRONG: Final = {
    "": "missing command; see `kmspec --help`",
    "frobnicate": "no such command 'frobnicate'; see `kmspec --help`",
    "docs build site": "no such command 'docs'",
    "diagnose alias/mine": "no such command 'diagnose'",
    "vectors export": "missing argument 'FILE'",
    "vectors export .": ". is a folder; give a file in it",
    "vectors export none/file.json": "there is no folder none; make it, or give another file",
    "vectors export file.json --only nonsense": "there are no vectors of 'nonsense'; choose one of",
    "vectors export file.json --only values": "there are no vectors of 'values'; choose one of",
    "--nonsense": "no such option",
    "serve --prt 1": "no such option --prt; did you mean --port?",
    "serve --port many": "invalid value for '--port': Input should be a valid integer",
    "serve --port 70000": "'--port': Input should be less than or equal to 65535",
    "serve extra": "unexpected extra argument(s) (extra); see `kmspec serve --help`",
    "serve --clock sundial": "'sundial' is not one of 'real', 'virtual'",
    "serve --delay -1": "'--delay': Input should be greater than or equal to 0",
    "serve --delay inf --port 0": "--delay inf is no time to wait; give seconds",
    "serve --delay nan --port 0": "'--delay': Input should be greater than or equal to 0",
    "serve --delay 1e300 --port 0": "--delay 1e+300 is no time to wait; give seconds",
    "serve --quotas some": "'some' is not one of 'none', 'store', 'all'",
    "serve --port 0 --data-dir /dev/null": "/dev/null cannot be used: file exists; give another",
    "serve --port 0 --data-dir=": "invalid value for '--data-dir': it is empty; see `kmspec serve",
    "data reset --data-dir=": "invalid value for '--data-dir': it is empty; see `kmspec data",
    "data export --data-dir absent all.json": "absent is no data directory of kmspec; give the",
    "data import --data-dir new absent.json": "absent.json cannot be read: No such file or",
    "data reset --data-dir absent": "absent is no data directory of kmspec; give the --data-dir",
    "serve --hsm none": "'none' is not one of 'software', 'pkcs11'",
    "serve --auth sigv4": "--auth sigv4 needs credentials; give --credentials FILE, or set",
    "serve --credentials keys.toml": "--credentials is of --auth sigv4; add it, or leave",
    "serve --auth sigv4 --credentials absent.toml": "cannot read absent.toml: no such file or dir",
    "serve --auth sigv4 --credentials /": "cannot read /: is a directory; give another",
    "serve --auth sigv4 --credentials /bin/sh": "/bin/sh is no TOML; write [ACCESS_KEY_ID], then",
    "serve --auth sigv4 --credentials /dev/null": "/dev/null has no access key; write",
    "serve --admin-token short": "the admin token is not 16 characters of plain text or more; take",
    "serve --host 0.0.0.0 --port 0": "--host 0.0.0.0 can be reached from other machines; add",
    "serve --host :: --port 0": "--allow-unauthenticated to let anybody in",
    "serve --mutant nonsense": "there is no mutant 'nonsense'; see `kmspec mutants`",
    "serve --host no.such.host.invalid --port 0": "cannot listen on no.such.host.invalid",
    f"serve --host {'x' * 64}": "port 4599: this is no name of a host; give another --host",
    "conform --seeds 0": "'--seeds': Input should be greater than or equal to 1",
    "conform --workers 0": "'--workers': Input should be greater than or equal to 1",
    "conform --workers 2 --scheduler tcp://127.0.0.1:1": "--workers are processes here, and",
    "conform --scheduler nonsense": "no Dask scheduler answers at nonsense; start one with `dask",
    "conform --profile moto": "--profile moto is of an endpoint, and there is none; add --endpoint",
    "conform --profile=": "there is no profile ''; give one of",
    "conform --profile nonsense": "there is no profile 'nonsense'; give one of",
    "conform --profile /etc/passwd": "profile",
    "conform --only nonsense": "there is no area 'nonsense'; choose one of",
    "conform --level perhaps": "'perhaps' is not one of 'must', 'should'",
    "conform --expect missing.toml": "cannot read missing.toml: No such file or directory; give",
    "conform --expect /bin/sh": "/bin/sh is not text; give a text file",
    "conform --seed x": "'--seed': Input should be a valid integer",
    "conform --budget x": "'--budget': Input should be a valid number",
    "conform --mutant nonsense": "there is no mutant 'nonsense'; see `kmspec mutants`",
    "conform --report json": "'json' is no report; write FORMAT=FILE",
    "conform --report json=": "'json=' is no report; write FORMAT=FILE",
    "conform --report =out": "'=out' is no report; write FORMAT=FILE",
    "conform --report yaml=out": "format 'yaml'; use json, junit, html, markdown or badge",
    "conform --report JSON=out": "there is no report format 'JSON'; use json",
    "conform --report json=.": ". is a folder; give a file in it",
    "conform --report json=none/out": "there is no folder none; make it, or give another file",
    "conform --report json=/proc/kmspec": "cannot write /proc/kmspec: ",
    "conform --report json=a --report html=./a": "a is to be written twice; give each report its",
    "conform --report json=a --write-expected a": "a is to be written twice; give each report its",
    "conform --write-expected .": ". is a folder; give a file in it",
    f"conform --endpoint-url {NOWHERE}": f"{NOWHERE}",
    f"conform --endpoint-url {NOWHERE} --mutant nonsense": "--mutant",
    "conform --endpoint-url nonsense": "'nonsense' is no",
    "conform --endpoint-url http://127.0.0.1:99999": "is no URL; write http://HOST:PORT",
    "conform --endpoint-url http://[::1": "is no URL; write http://HOST:PORT",
    f"conform --endpoint-url http://{'x' * 64}": "is no URL; write http://HOST:PORT",
    f"conform --endpoint-url {NOWHERE}/kms": f"AWS is asked at /; give {NOWHERE}",
    "conform --profile /bin/sh": "/bin/sh is no TOML: it is not text; ",
    "mutants --yaml": "no such option",
    "replay": "missing argument 'FILE'",
    "replay missing.json": "cannot read missing.json",
    "call": "missing argument 'OPERATION'",
    "call Encrpt": "there is no operation Encrpt; did you mean Encrypt?",
    "call encrypt": "there is no operation encrypt; did you mean Encrypt?",
    "call TagResource": "TagResource is an operation of several services; write kms:TagResource",
    "call DescribeKey": "DescribeKey needs KeyId; add KeyId=VALUE",
    "call DescribeKey alias/mine": "'alias/mine' is no parameter; write NAME=VALUE",
    "call DescribeKey Key=1": "DescribeKey has no parameter 'Key'; it takes KeyId, GrantTokens",
    "call DescribeKey KeyId=1 KeyId=2": "KeyId is given twice",
    "call DescribeKey keyid=1": "has no parameter 'keyid'; did you mean KeyId?",
    "call ListKeys Limit=ten": "Limit is not JSON; it is of type integer, such as 10",
    f"call CreateKey Tags={'[' * 2_000}": "Tags is not JSON; it is of type list, such as",
    "call ImportKeyMaterial ValidTo=1e99": "ValidTo is a time, and '1e99' is none; write",
    "call ImportKeyMaterial ValidTo=soon": "ValidTo is a time, and 'soon' is none; write",
    "call Encrypt KeyId=1 Plaintext=hello": "Plaintext is binary and its value is not base64",
    "call Encrypt KeyId=1 Plaintext=@missing": "cannot read missing for Plaintext",
    "call ListKeys --data-dir /dev/null": "/dev/null cannot be used: file exists",
    "call ListKeys --data-dir d --endpoint-url http://127.0.0.1:1": "--data-dir is of the embedded",
    "call ListKeys --endpoint-url nonsense": "'nonsense' is not a URL; write it as http://",
    "call ListKeys --endpoint-url http://127.0.0.1:99999": "is not a URL; write it as http://",
    "call ListKeys --endpoint-url http://[::1": "is not a URL; write it as http://",
    f"call ListKeys --endpoint-url http://{'x' * 64}": "is not a URL; write it as http://",
    f"call ListKeys --endpoint-url {NOWHERE}": f"{NOWHERE} does not answer",
    "keystore": "missing command; see `kmspec keystore --help`",
    "keystore down": "no such command 'down'",
    "keystore up --name=": "--name has 0 characters; give 1 to 256",
    f"keystore up --name {'n' * 257}": "--name has 257 characters; give 1 to 256",
    f"keystore up --endpoint-url {NOWHERE}": f"{NOWHERE} does not answer",
    "explain": "missing argument 'OPERATION'",
    "explain Encrpt": "Encrpt",
    "explain Encrypt --key-state Asleep": "Asleep",
    "explain Encrypt --connection-state Asleep": "Asleep",
    "explore --scope nonsense": "there is no scope 'nonsense'; choose one of",
    "hsm": "missing command; see `kmspec hsm --help`",
    "hsm user": "missing command; see `kmspec hsm user --help`",
    "hsm activate": "missing argument 'CLUSTER'",
    f"hsm activate {CLUSTER}": "no endpoint to operate on; add --endpoint-url URL",
    f"hsm activate {CLUSTER} --endpoint-url {NOWHERE}": f"{NOWHERE} does not answer",
    f"hsm user add {CLUSTER}": "missing argument 'NAME'",
    f"hsm user login {CLUSTER} kmsuser": "needs a password; set KMSPEC_PASSWORD",
    f"hsm key delete {CLUSTER} first": "'HANDLE': Input should be a valid integer",
    f"hsm fault set {CLUSTER} gremlins": "there is no fault 'gremlins'; choose one of network",
    f"hsm fault set {CLUSTER} hsm-lost": "hsm-lost is a fault of one HSM; add --hsm HSM",
    f"hsm fault set {CLUSTER} network --hsm hsm-1": "fault of the whole cluster; leave --hsm out",
    f"hsm load {CLUSTER} inf": "inf is no rate; give operations per second",
    f"hsm load {CLUSTER} much": "'RATE': Input should be a valid number",
}


def refuses(expected: str, command: Command, *words: str) -> None:
    """The command says this one line, and nothing else, and exits with 2."""
    finished = command(*words)
    assert finished.code == 2, finished.complaint
    assert finished.output == ""
    lines = finished.complaint.splitlines()
    assert len(lines) == 1, finished.complaint
    assert lines[0].startswith("kmspec: "), lines[0]
    assert "; " in lines[0], f"say how to mend it: {lines[0]}"
    assert expected in lines[0]


@pytest.mark.parametrize("words", WRONG)
def test_wrong_use(
    words: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refuses(WRONG[words], command, *words.split())


@pytest.mark.parametrize("words", ["call ListKeys", "conform", "keystore up"])
def test_a_url_with_a_password_is_refused_and_not_shown(words: str, command: Command) -> None:
    url = "http://me:planted@127.0.0.1:1"
    expected = "the URL of the endpoint has a user or a password in it; leave them out"
    refuses(expected, command, *words.split(), "--endpoint-url", url)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "is not JSON"),
        ("[" * 2_000, "is not JSON"),
        ("[1, 2]", "is no trace"),
        ('{"format": "other"}', "is no trace"),
    ],
)
def test_a_file_that_is_no_trace(
    content: str, expected: str, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "trace.json"
    file.write_text(content)
    refuses(expected, command, "replay", str(file))


NOTHING_RAN: Final = {
    "conform --only external\tkey\tstores --only matrix": "--only, or leave it out",
    "conform --only smoke": "nothing ran: no cell was held against a rule; give other areas",
    "conform --budget 0": "nothing ran: the budget was used up; give a larger --budget",
}


@pytest.mark.parametrize("words", NOTHING_RAN)
def test_a_check_in_which_nothing_ran(words: str, command: Command) -> None:
    finished = command(*(word.replace("\t", " ") for word in words.split(" ")))
    assert finished.code == 2
    assert finished.output.startswith("nothing ran")
    assert finished.complaint.count("\n") == 1
    assert NOTHING_RAN[words] in finished.complaint


@pytest.mark.parametrize(
    "words",
    [
        f"activate {CLUSTER} --password secret12",
        f"user add {CLUSTER} kmsuser --password secret12",
        f"user password {CLUSTER} kmsuser --password secret12",
        f"user lock {CLUSTER} kmsuser",
        f"user login {CLUSTER} kmsuser --password secret12",
        f"user logout {CLUSTER} kmsuser",
        f"user remove {CLUSTER} kmsuser",
        f"key list {CLUSTER}",
        f"key delete {CLUSTER} 7",
        f"fault list {CLUSTER}",
        f"fault set {CLUSTER} network",
        f"fault clear {CLUSTER} network",
        f"load {CLUSTER} 100",
    ],
)
def test_a_cluster_that_is_not_there(words: str, command: Command, url: str) -> None:
    refuses(CLUSTER, command, "hsm", *words.split(), "--endpoint-url", url)


class _Stranger(http.server.BaseHTTPRequestHandler):
    """Something that answers whatever it is asked, but not as kmspec does."""

    status = 404
    kind = "text/html"
    body = b"<html>no</html>"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing."""


@contextlib.contextmanager
def answering(handler: type[_Stranger]) -> Iterator[str]:
    """The URL of a server that is not ours."""
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("words", [f"hsm user lock {CLUSTER} kmsuser", "keystore up"])
def test_not_a_kmspec_endpoint(words: str, command: Command) -> None:
    with answering(_Stranger) as stranger:
        refuses(
            f"{stranger} is not a kmspec endpoint; this needs `kmspec serve`",
            command,
            *words.split(),
            "--endpoint-url",
            stranger,
        )


JSON: Final = "application/x-amz-json-1.1"
ODD: Final = {
    "a web page": (200, "text/html", b"<html>no</html>"),
    "the web page of a failure": (500, "text/html", b"<html>no</html>"),
    "a list": (200, JSON, b"[]"),
    "a list without end": (200, JSON, b"[" * 100_000),
    "nothing at all": (200, JSON, b""),
    "a refusal without words": (400, JSON, b'{"__type": 5, "message": [1]}'),
    "members of another kind": (200, JSON, b'{"Keys": 5, "Clusters": 5}'),
}


@pytest.mark.parametrize(
    ("operation", "service"),
    [("ListKeys", "KMS"), ("DescribeClusters", "CloudHSM"), ("GetCallerIdentity", "STS")],
)
@pytest.mark.parametrize("odd", ODD)
def test_an_answer_that_is_none(odd: str, operation: str, service: str, command: Command) -> None:
    status, kind, body = ODD[odd]
    handler = type("_Odd", (_Stranger,), {"status": status, "kind": kind, "body": body})
    with answering(handler) as stranger:
        refuses(
            f"{stranger} is no {service} endpoint; start one with `kmspec serve`",
            command,
            "call",
            operation,
            "--endpoint-url",
            stranger,
        )


def test_a_table_that_is_wrong_is_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong() -> None:
        message = "tables/key_states/keys.toml, row EnableKey: answer 'no' is not in answers.toml"
        raise TableError(message)

    load.cache_clear()
    monkeypatch.setattr("kmspec.tables.read_all", wrong)
    for words in (("explain", "Encrypt"), ("explore",), ("conform", "--only", "smoke")):
        finished = command(*words)
        assert (finished.code, finished.output) == (2, "")
        assert "row EnableKey: answer 'no' is not in answers.toml" in finished.complaint
        assert finished.complaint.count("\n") == 1
    load.cache_clear()
