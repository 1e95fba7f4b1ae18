"""The AWS CLI lines: the only place that writes a trace as a shell script.

Every id that is returned goes into a shell variable; what AWS has no API for is done with
``kmspec hsm`` and, for the clock, with curl.
"""

import base64
import json
import re
import shlex
from collections.abc import Iterator
from itertools import groupby

from botocore import xform_name

from kmspec.names import Service
from kmspec_check import wrapping
from kmspec_check.binding import Binding, Place
from kmspec_check.patterns import Chosen, Path
from kmspec_check.trace import Trace, TraceStep
from kmspec_model import Command, Ref
from kmspec_model.command import Pairs
from kmspec_model.materials import read

_RUN, _ACCOUNT = "@run@", "@account@"
"""Stand for what each run of the script draws, so that it can be run again on one server."""
_ACCOUNT_THERE = """\
account=$(aws sts get-caller-identity --query Account --output text 2> /dev/null ||
  aws kms create-key --query KeyMetadata.AWSAccountId --output text)"""
"""Asks for the account, of a key where there is no STS."""
_SERVICES = {Service.KMS: "kms", Service.CLOUDHSM: "cloudhsmv2", Service.STS: "sts"}
_HSM = {
    "ActivateCluster": "activate {ClusterId} --password {Password}",
    "CreateUser": "user add {ClusterId} {UserName} --password {Password}",
    "ChangePassword": "user password {ClusterId} {UserName} --password {Password}",
    "LockUser": "user lock {ClusterId} {UserName}",
    "LoginUser": "user login {ClusterId} {UserName} --password {Password}",
    "LogoutUser": "user logout {ClusterId} {UserName}",
    "DeleteUser": "user remove {ClusterId} {UserName}",
    "ListHsmKeys": "key list {ClusterId}",
    "DeleteHsmKey": "key delete {ClusterId} {Handle}",
    "SetFault": "fault set {ClusterId} {Name}",
    "ClearFault": "fault clear {ClusterId} {Name}",
    "ListFaults": "fault list {ClusterId}",
    "SetLoad": "load {ClusterId} {Rate}",
}
"""The words of ``kmspec hsm`` for what an operator does."""
_BINARY = frozenset(
    {
        "Plaintext",
        "CiphertextBlob",
        "Message",
        "Signature",
        "Mac",
        "PublicKey",
        "SharedSecretCiphertextBlob",
        "ImportToken",
        "EncryptedKeyMaterial",
        "AttestationDocument",
    }
)
_UNNEEDED = ("plaintext", "public", "secret")
"""Kinds of symbol that no later line names."""
_JSON = "-H 'Content-Type: application/json'"
_ARN = re.compile(r"arn([0-9]*)")
_MEMBER = re.compile(r"\{(\w+)\}")
_CA = """\
ca() {{  # a certificate authority: its trust anchor is ca$1.pem
  [ -f "ca$1.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \\
    -keyout "ca$1.key" -out "ca$1.pem" -days 3650 -subj "/CN=CA $1" 2>/dev/null
}}
certificate() {{  # cluster, certificate authority: cluster.pem, signed over the cluster's request
  ca "$2"; aws cloudhsmv2 describe-clusters --filters clusterIds="$1" \\
    --query 'Clusters[0].Certificates.ClusterCsr' --output text > cluster.csr
  openssl x509 -req -in cluster.csr -CA "ca$2.pem" -CAkey "ca$2.key" -CAcreateserial -days 3650 \\
    -out cluster.pem 2>/dev/null
}}"""

_WRAP = """\
now() {{  # what time it is where the endpoint is
  curl -s -H 'Content-Type: application/json' -d '{{}}' "$AWS_ENDPOINT_URL/_kmspec/clock/Now" |
    python3 -c 'import json, sys; print(int(json.load(sys.stdin)["Now"]))' 2>/dev/null || date +%s
}}
oaep() {{  # public key, digest: wraps what it reads
  openssl pkeyutl -encrypt -pubin -keyform DER -inkey <(base64 -d <<< "$1") \\
    -pkeyopt rsa_padding_mode:oaep -pkeyopt "rsa_oaep_md:$2" -pkeyopt "rsa_mgf1_md:$2"
}}
wrap() {{  # public key, digest, rsaes or aes, key material: wrapped.bin
  if [ "$3" = rsaes ]; then base64 -d <<< "$4" | oaep "$1" "$2" > wrapped.bin; return; fi
  local aes; aes=$(openssl rand -hex 32)
  {{ xxd -r -p <<< "$aes" | oaep "$1" "$2"; base64 -d <<< "$4" |
    openssl enc -id-aes256-wrap-pad -iv A65959A6 -K "$aes"; }} > wrapped.bin
}}"""


def lines(trace: Trace) -> Iterator[str]:
    """The shell script that shows the violation of a trace, line by line."""
    return _Lines(trace).lines()


class _Lines:
    """One script being written."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._binding = Binding(Place(_ACCOUNT, trace.region, _RUN))
        self._named: set[Ref] = set()

    def lines(self) -> Iterator[str]:
        """The script, line by line."""
        trace = self._trace
        yield 'export AWS_ENDPOINT_URL="${1:-http://127.0.0.1:4599}"'
        drawn = '$(printf %012d "$run")' if trace.isolated else "000000000000"
        yield f"run=$(date +%s); account={drawn}"
        yield 'export AWS_ACCESS_KEY_ID="$account" AWS_SECRET_ACCESS_KEY=kmspec'
        yield f"export AWS_DEFAULT_REGION={trace.region} AWS_PAGER="
        references = [ref for step in trace.steps for ref in step.command.references()]
        if any(ref.kind in ("ca", "certificate") for ref in references):
            yield _CA.format()
        if any(ref.kind in ("material", "moment") for ref in references):
            yield _WRAP.format()
        steps = list(self._steps(trace))
        if not trace.isolated and any("${account}" in line for line in steps):
            yield _ACCOUNT_THERE
        yield from steps
        last = trace.steps[-1]
        for difference in last.differences:
            yield f"# expected {difference.where}: {difference.expected}"
            yield f"# observed {difference.where}: {difference.observed}"

    def _steps(self, trace: Trace) -> Iterator[str]:
        """Every step; those of several clients each in the background of its client."""
        last = trace.steps[-1]
        for client, steps in groupby(trace.steps, lambda step: step.client):
            lines = (line for step in steps for line in self._step(step, shown=step is last))
            if not client:
                yield from lines
                continue
            yield f"{{  # client {client}, at once with others: to see it may take many tries"
            yield from (f"  {line}" for line in lines)
            yield f"}} > client{client}.txt 2>&1 &"
        if trace.at_once is not None:
            yield "wait; cat client?.txt"

    def _step(self, step: TraceStep, *, shown: bool) -> Iterator[str]:
        command = step.command
        self._binding = self._binding.within(command.region)
        for ref in command.references():
            if ref.kind == "certificate":
                cluster = self._text(Ref("cluster", ref.index))
                yield f"certificate {cluster} {int(ref.form or '0')}"
            elif ref.kind == "ca":
                yield f"ca {ref.index}"
            elif ref.kind == "handle":
                yield self._handle(ref, command)
            elif ref.kind == "material":
                yield from self._wrapped(ref)
        line = self._line(command)
        names = [(ref, path) for ref, path in step.names if ref.kind not in _UNNEEDED]
        if shown or not names or command.service in (Service.OPERATOR, Service.CLOCK):
            yield line
            return
        if len(names) == 1:
            ref, path = names[0]
            yield f"{_variable(ref)}=$({line} --query {shlex.quote(_query(path))} --output text)"
        else:
            queries = shlex.quote("[" + ", ".join(_query(path) for _, path in names) + "]")
            variables = " ".join(_variable(ref) for ref, _ in names)
            yield f'read -r {variables} <<< "$({line} --query {queries} --output text)"'
        self._named.update(ref for ref, _ in names)

    def _wrapped(self, ref: Ref) -> Iterator[str]:
        """Key material wrapped into a file."""
        said = read(ref)
        public = Ref("wrapping", said.parameters)
        key = f'"${_variable(public)}"' if public in self._named else "none"
        digest = "sha1" if said.algorithm.endswith("SHA_1") else "sha256"
        way = "rsaes" if said.algorithm.startswith("RSAES") else "aes"
        content = base64.b64encode(wrapping.material(said.material)).decode()
        yield f"wrap {key} {digest} {way} {content}"
        if said.corrupt:
            yield "truncate -s -1 wrapped.bin; printf X >> wrapped.bin"

    def _handle(self, ref: Ref, command: Command) -> str:
        cluster = self._text(command.get("ClusterId"))
        key = self._text(Ref("key", ref.index))
        find = (
            "import json, sys; print(*(k['Handle'] for k in json.load(sys.stdin)['Keys']"
            " if k['Label'].endswith(sys.argv[1])))"
        )
        listing = f'kmspec hsm key list {cluster} --json --endpoint-url "$AWS_ENDPOINT_URL"'
        return f"{_variable(ref)}=$({listing} | python3 -c {shlex.quote(find)} {key})"

    def _line(self, command: Command) -> str:
        arguments = dict(command.arguments)
        if command.service == Service.CLOCK:
            body = json.dumps(self._binding.resolved(Pairs(command.arguments)))
            path = f"/_kmspec/clock/{command.operation}"
            url = f'"$AWS_ENDPOINT_URL{path}"'
            return f"curl -s -o /dev/null {_JSON} -d {shlex.quote(body)} {url}"
        if command.service == Service.OPERATOR and command.operation not in _HSM:
            cluster = self._text(arguments["ClusterId"]).strip('"')
            url = f'"$AWS_ENDPOINT_URL/_kmspec/operator/{command.operation}"'
            return f'curl -s {_JSON} -d "{{\\"ClusterId\\": \\"{cluster}\\"}}" {url}'
        if command.service == Service.OPERATOR:
            words = _HSM[command.operation]
            words = _MEMBER.sub(lambda found: self._text(arguments.get(found[1], "")), words)
            hsm = f" --hsm {self._text(arguments['HsmId'])}" if "HsmId" in arguments else ""
            return f'kmspec hsm {words}{hsm} --endpoint-url "$AWS_ENDPOINT_URL"'
        if command.service == Service.LOAD:
            one = f"aws kms encrypt --key-id {self._text(arguments['KeyId'])} --plaintext kmspec"
            return f"for i in $(seq {self._text(arguments['Count'])}); do {one}; done"
        name = xform_name(command.operation, "-")
        parts = [f"aws {_SERVICES[Service(command.service)]} {name}"]
        if command.region:
            parts.append(f"--region {self._binding.region(command.region)}")
        for member, value in command.arguments:
            parts += self._option(member, value)
        return " ".join(parts)

    def _option(self, member: str, value: object) -> Iterator[str]:
        option = "--" + xform_name(member, "-")
        if isinstance(value, bool):
            yield option if value else f"--no-{option[2:]}"
        elif member in _BINARY:
            yield f"{option} {self._blob(value)}"
        elif isinstance(value, Ref) and value.kind in ("certificate", "ca"):
            pem = "cluster.pem" if value.kind == "certificate" else f"ca{value.index}.pem"
            yield f"{option} file://{pem}"
        elif isinstance(value, Pairs) and any(inner in _BINARY for inner, _ in value.items):
            yield f"{option} {self._shorthand(value)}"
        elif isinstance(value, Pairs):
            yield f"{option} {self._json(value)}"
        elif isinstance(value, tuple) and not isinstance(value, Ref):
            of_pairs = any(isinstance(inner, Pairs) for inner in value)
            yield f"{option} {self._json(value) if of_pairs else self._words(value)}"
        else:
            yield f"{option} {self._text(value)}"

    def _words(self, values: tuple[object, ...]) -> str:
        """A list as words of the shell."""
        return " ".join(self._text(inner) for inner in values)

    def _shorthand(self, value: Pairs) -> str:
        """A structure with a blob in it, which no JSON of the AWS CLI can hold in every version."""
        return ",".join(
            f"{name}@={self._blob(inner)}" if name in _BINARY else f"{name}={self._text(inner)}"
            for name, inner in value.items
        )

    def _json(self, value: object) -> str:
        """A structure, or a list of them, as one word of the shell, names as variables."""
        named: dict[str, str] = {}

        def plain(part: object) -> object:
            if isinstance(part, Pairs):
                return {name: plain(inner) for name, inner in part.items}
            if isinstance(part, Ref):
                stands = f"@{part}@"
                named[stands] = self._text(part)
                return stands
            return [plain(inner) for inner in part] if isinstance(part, tuple) else part

        word = _quoted(json.dumps(plain(value)))
        for stands, drawn in named.items():
            word = word.replace(stands, f"'{drawn}'")
        return word

    def _blob(self, value: object) -> str:
        if isinstance(value, Ref) and value.kind == "material":
            return "fileb://wrapped.bin"
        if isinstance(value, Ref) and value.kind == "token" and value in self._named:
            return f'fileb://<(base64 -d <<< "${_variable(value)}")'
        if isinstance(value, Ref) and value.kind in ("ciphertext", "signature", "mac"):
            plain = value.plain
            if plain in self._named:
                filtered = {"corrupt": " | sed '$ s/.$/X/'", "short": " | head -c 40"}
                cut = filtered.get(value.form, "")
                return f'fileb://<(base64 -d <<< "${_variable(plain)}"{cut})'
        raw = self._binding.resolved(value)  # type: ignore[arg-type]
        blob = raw if isinstance(raw, bytes) else str(raw).encode()
        return f"fileb://<(base64 -d <<< {base64.b64encode(blob).decode()})"

    def _text(self, value: object) -> str:
        """One argument as a word of the shell."""
        if not isinstance(value, Ref):
            resolved = self._binding.resolved(value)  # type: ignore[arg-type]
            text = resolved if isinstance(resolved, str) else json.dumps(resolved)
            return _quoted(text)
        plain = value.plain
        if value.kind in ("handle", "moment"):
            now = f"$(($(now) + {value.index}))"
            return f'"{now}"' if value.kind == "moment" else f'"${_variable(plain)}"'
        if plain not in self._named:
            held = self._binding.value(value)
            return _quoted(held if isinstance(held, str) else json.dumps(held))
        name = f"${{{_variable(plain)}}}"
        found = _ARN.fullmatch(value.form)
        if found is not None:
            region = self._binding.region(int(found[1] or self._binding.asked))
            service = "kms" if value.kind == "key" else "cloudhsm"
            return f'"arn:aws:{service}:{region}:${{account}}:{value.kind}/{name}"'
        return f'"{name}"'


def _quoted(text: str) -> str:
    """A word of the shell, with what the run draws in its place."""
    word = shlex.quote(text)
    for stands, drawn in ((_RUN, "${run}"), (_ACCOUNT, "${account}")):
        word = word.replace(stands, f"'\"{drawn}\"'" if word.startswith("'") else drawn)
    return word


def _variable(ref: Ref) -> str:
    return f"{ref.kind}_{ref.index}"


def _query(path: Path) -> str:
    """A path as JMESPath; the item that has no name yet is the newest, the last listed."""
    text = ""
    for part in path:
        if isinstance(part, Chosen):
            text += "[-1]"
        else:
            text += f".{part}" if text else part
    return text
