"""The command `kmspec`: the only place that reads the command line, and nothing more.

Each command imports what it needs when it runs, so that `kmspec --help` is quick. Wrong use is
one line on standard error, what is wrong and how to mend it, and exit code 2.
"""

import contextlib
import gc
import json
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from kmspec.faults import TableError
from kmspec_impl.client import endings
from kmspec_impl.client.errors import UseError

if TYPE_CHECKING:
    from kmspec_check.profile import Profile
    from kmspec_check.target import Target as Checked
    from kmspec_impl.client.endpoint import Endpoint
    from kmspec_impl.embedded import Embedded

IN_MEMORY: Final = "leave it out: state is kept in memory while kmspec runs"


def _group(words: str) -> typer.Typer:
    return typer.Typer(
        help=words,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["--help"], "max_content_width": 100},
    )


app = _group("An executable specification of AWS KMS custom key stores.")
keystore = _group("Key stores, ready to use.")
vectors = _group("Test vectors, for a program in any language.")
hsm = _group("What an operator does on the HSMs and AWS has no API for.")
hsm_user = _group("Users of the HSMs of a cluster.")
hsm_key = _group("Key material in the HSMs of a cluster.")
hsm_fault = _group("What is broken in a cluster, to rehearse for it.")
app.add_typer(keystore, name="keystore")
app.add_typer(vectors, name="vectors")
app.add_typer(hsm, name="hsm")
hsm.add_typer(hsm_user, name="user")
hsm.add_typer(hsm_key, name="key")
hsm.add_typer(hsm_fault, name="fault")


def _option(name: str, metavar: str | None, words: str, **more: Any) -> Any:  # noqa: ANN401
    return typer.Option(name, metavar=metavar, help=words, **more)


def _argument(metavar: str, words: str, **more: Any) -> Any:  # noqa: ANN401 - as Typer's own
    return typer.Argument(metavar=metavar, help=words, **more)


_WHERE: Final = ("--endpoint-url", "URL", "The endpoint; without it an embedded emulator.")
Url = Annotated[str | None, _option(*_WHERE, envvar="AWS_ENDPOINT_URL")]
Target = Annotated[str | None, _option(*_WHERE)]
AsJson = Annotated[bool, _option("--json", None, "Print JSON for a program to read.")]
Mutant = Annotated[str | None, _option("--mutant", "NAME", "Be wrong in this way: see mutants.")]
DataDir = Annotated[str | None, _option("--data-dir", "DIR", "Not offered yet.")]
Host = Annotated[str, _option("--host", "HOST", "The address to listen on.")]
Port = Annotated[int, _option("--port", "PORT", "0 picks a free one.", min=0, max=65535)]
Clock = Annotated[Literal["real", "virtual"], _option("--clock", None, "Virtual: moved by hand.")]
Delay = Annotated[float, _option("--delay", "SECONDS", "How long transitions take.", min=0)]
Hsm = Annotated[Literal["software", "pkcs11"], _option("--hsm", None, "pkcs11: not offered yet.")]
Auth = Annotated[Literal["off", "sigv4"], _option("--auth", None, "sigv4: not offered yet.")]
Quotas = Annotated[Literal["none", "store", "all"], _option("--quotas", None, "Which to enforce.")]
Named = Annotated[str | None, _option("--profile", "NAME|FILE", "What is particular there.")]
Only = Annotated[list[str] | None, _option("--only", "AREA", "Area or phase; may be repeated.")]
Level = Annotated[Literal["must", "should"], _option("--level", None, "The least that counts.")]
Expect = Annotated[Path | None, _option("--expect", "FILE", "Known violations, with reasons.")]
Seed = Annotated[int, _option("--seed", "N", "What random choices are drawn from.")]
Budget = Annotated[float | None, _option("--budget", "SECONDS", "Stop after so long.", min=0)]
WriteExpected = Annotated[Path | None, _option("--write-expected", "FILE", "Write such a file.")]
TargetVersion = Annotated[str, _option("--target-version", "TEXT", "Its version, for reports.")]
_FORMATS: Final = "FORMAT: json, junit, html, markdown, badge; may be repeated."
Report = Annotated[list[str] | None, _option("--report", "FORMAT=FILE", _FORMATS)]
ScopeName = Annotated[str | None, _option("--scope", "NAME", "Only this part of the machine.")]
StoreName = Annotated[str, _option("--name", "NAME", "What to call the key store.")]
_STATE: Final = "The state it is in; any, if left out."
KeyState = Annotated[str | None, _option("--key-state", "S", _STATE)]
Connection = Annotated[str | None, _option("--connection-state", "S", _STATE)]
ClusterState = Annotated[str | None, _option("--cluster-state", "S", _STATE)]
HsmState = Annotated[str | None, _option("--hsm-state", "S", _STATE)]
BackupState = Annotated[str | None, _option("--backup-state", "S", _STATE)]
Secret = Annotated[
    str | None, _option("--password", "P", "7 to 32 characters; of kmsuser letters and digits.")
]
HsmId = Annotated[str | None, _option("--hsm", "HSM", "The HSM, for a fault of one HSM.")]
Operation = Annotated[str, _argument("OPERATION", "As AWS spells it.")]
Pairs = Annotated[
    list[str] | None, _argument("NAME=VALUE", "Text, base64, a time, JSON, or @FILE.")
]
TraceFile = Annotated[Path, _argument("FILE", "A trace, a JSON report, or vectors.")]
VectorsFile = Annotated[Path, _argument("FILE", "What to write.")]
VectorName = Annotated[str | None, _option("--vector", "ID", "Only this one of the vectors.")]
Cluster = Annotated[str, _argument("CLUSTER", "The id of the cluster.")]
User = Annotated[str, _argument("NAME", "The crypto user.")]
Handle = Annotated[int, _argument("HANDLE", "See `kmspec hsm key list`.")]
FaultName = Annotated[str, _argument("FAULT", "Such as network.")]
Rate = Annotated[float, _argument("RATE", "Per second; 0 ends it.", min=0)]


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 4599,
    data_dir: DataDir = None,
    clock: Clock = "real",
    delay: Delay = 0.2,
    hsm_kind: Hsm = "software",
    auth: Auth = "off",
    quotas: Quotas = "store",
    mutant: Mutant = None,
) -> int:
    """Serve the emulator until SIGTERM."""
    from kmspec_impl.clock import RealClock, VirtualClock
    from kmspec_impl.emulator import Settings
    from kmspec_impl.gateway import server
    from kmspec_impl.mutants.catalogue import emulator

    _not_offered("--data-dir", data_dir, IN_MEMORY)
    _not_offered("--hsm pkcs11", hsm_kind == "pkcs11" or None, "use --hsm software")
    _not_offered("--auth sigv4", auth == "sigv4" or None, "use --auth off")
    ticking = VirtualClock() if clock == "virtual" else RealClock()
    try:
        settings = Settings(delay=delay, quotas=quotas, clock=ticking)
    except ValueError as error:
        what = f"--delay {delay:g} is no time to wait"
        raise UseError(what, "give seconds, 0 to 100 years of them") from error
    try:
        server.serve(emulator(settings, _mutant(mutant)), host, port)
    except server.CannotListenError as error:
        raise UseError.read(str(error)) from error
    return 0


@app.command()
def conform(
    url: Target = None,
    profile: Named = None,
    only: Only = None,
    level: Level = "should",
    expect: Expect = None,
    write_expected: WriteExpected = None,
    seed: Seed = 0,
    budget: Budget = None,
    mutant: Mutant = None,
    target_version: TargetVersion = "",
    report: Report = None,
) -> int:
    """Hold an endpoint, or the embedded emulator, against the model."""
    from rich.console import Console

    from kmspec_check import conform as checker
    from kmspec_check import progress, report_text, reports

    with _checking():
        wanted = reports.asked(report or (), write_expected)
        target, chosen = _target(url, profile, mutant)
        with progress.shown(Console(stderr=True)) as listener:
            result = checker.conform(
                target,
                profile=chosen,
                only=only or (),
                level=level,
                expect=expect,
                seed=seed,
                budget=budget,
                command=shlex.join(["kmspec", *sys.argv[1:]]),
                version=target_version,
                now=datetime.now(UTC),
                listener=listener,
            )
        complaints = reports.write(result, wanted)
        report_text.write(result, Console(highlight=False))
        for complaint in complaints:
            endings.complain(complaint)
        code = report_text.concluded(result)
    return endings.WRONG_USE if complaints else code


@app.command()
def replay(file: TraceFile, url: Target = None, vector: VectorName = None) -> int:
    """Run a recorded violation, or test vectors, again."""
    from kmspec_check import replaying

    with _checking():
        told, nonce = replaying.Telling(_done, endings.complain), datetime.now(UTC).isoformat()
        return replaying.again(file, vector, lambda: _target(url, None, None), told, nonce)


@vectors.command("export")
def vectors_export(file: VectorsFile, only: Only = None) -> int:
    """Write the matrix and the tour as JSON that any program can run."""
    from kmspec_check.vectors.export import export

    with _checking():
        return _done("\n".join(export(file, only or ())))


@app.command()
def mutants(as_json: AsJson = False) -> int:
    """List the emulators that are wrong in one known way each."""
    from kmspec_impl.client.operator import table
    from kmspec_impl.mutants.catalogue import CATALOGUE

    rows = [one.told() for one in CATALOGUE]
    as_text = "\n".join(table(rows, ("name", "rule", "sentence")))
    return _done(json.dumps(rows, indent=2) if as_json else as_text)


@app.command()
def explain(
    operation: Operation,
    key_state: KeyState = None,
    connection_state: Connection = None,
    cluster_state: ClusterState = None,
    hsm_state: HsmState = None,
    backup_state: BackupState = None,
) -> int:
    """Say what must happen there and why: rules and sources."""
    from kmspec_model import Model
    from kmspec_model.explain import Question, Unknown
    from kmspec_model.tell import explained

    states = (key_state, connection_state, cluster_state, hsm_state, backup_state)
    try:
        return _done("\n".join(explained(Model(), Question(operation, *states))))
    except Unknown as error:
        raise UseError.read(str(error).replace(": ", "; ", 1)) from error


@app.command()
def explore(scope: ScopeName = None) -> int:
    """Visit every reachable world of the model: counts, invariants, witnesses, diagrams."""
    from kmspec_model import Model
    from kmspec_model.explore import explore as visit
    from kmspec_model.scopes import SCOPES
    from kmspec_model.tell import explored

    if scope is not None and scope not in SCOPES:
        raise UseError(f"there is no scope {scope!r}", f"choose one of {', '.join(SCOPES)}")
    model = Model()
    graphs = (visit(model, SCOPES[name]) for name in ([scope] if scope else SCOPES))
    for line in explored(model, graphs, whole=scope is None):
        _done(line)
    return 0


@app.command()
def call(
    operation: Operation, parameters: Pairs = None, url: Url = None, data_dir: DataDir = None
) -> int:
    """Call one operation and print its answer as JSON."""
    from kmspec_impl.client import arguments
    from kmspec_impl.client.endpoint import accepted

    _not_offered("--data-dir", data_dir, IN_MEMORY)
    wanted = arguments.operation(operation)
    values = arguments.parameters(wanted, parameters or [])
    target = _endpoint(url) if url else _embedded()
    answer = target.call(wanted.service, wanted.model.name, values)
    return _done(arguments.printed(accepted(wanted.model.name, answer)))


@keystore.command("up")
def keystore_up(url: Url = None, name: StoreName = "kmspec", as_json: AsJson = False) -> int:
    """Make a cluster with two HSMs, a user and a key store, and connect it."""
    from kmspec_impl.client.keystore import named, up

    named(name)
    if url:
        endpoint = _endpoint(url)
        endpoint.require_kmspec()
        made, options = up(endpoint, name, endpoint.pause), endpoint.aws_options()
    else:
        embedded = _embedded()
        made, options = up(embedded, name, lambda: embedded.advance(1.0)), "--endpoint-url URL"
    return _done(json.dumps(made.json(), indent=2) if as_json else "\n".join(made.lines(options)))


@hsm.command("activate")
def hsm_activate(cluster: Cluster, password: Secret = None, url: Url = None) -> int:
    """Activate an initialised cluster: set the password of its admin."""
    secret, note = _password(password, "the HSM admin", "the CloudHSM CLI would ask for it")
    _operate(url, "ActivateCluster", ClusterId=cluster, Password=secret)
    return _done(f"{note}{cluster} is ACTIVE")


@hsm_user.command("add")
def user_add(cluster: Cluster, name: User, password: Secret = None, url: Url = None) -> int:
    """Add a crypto user on all HSMs; AWS KMS logs in as kmsuser."""
    secret, note = _password(password, name, "it is the KeyStorePassword of the key store")
    _operate(url, "CreateUser", ClusterId=cluster, UserName=name, Password=secret)
    return _done(f"{note}{name} is a crypto user of {cluster}")


@hsm_user.command("password")
def user_password(cluster: Cluster, name: User, password: Secret = None, url: Url = None) -> int:
    """Change a user's password as the admin; this also unlocks the user."""
    secret, note = _password(password, name, "give it to UpdateCustomKeyStore as KeyStorePassword")
    _operate(url, "ChangePassword", ClusterId=cluster, UserName=name, Password=secret)
    return _done(f"{note}{name} of {cluster} has a new password and is not locked")


@hsm_user.command("lock")
def user_lock(cluster: Cluster, name: User, url: Url = None) -> int:
    """Lock a user out, as too many wrong logins do."""
    _operate(url, "LockUser", ClusterId=cluster, UserName=name)
    return _done(f"{name} of {cluster} is locked out")


@hsm_user.command("login")
def user_login(cluster: Cluster, name: User, password: Secret = None, url: Url = None) -> int:
    """Log in as a user and stay logged in."""
    if password is None:
        raise UseError(f"logging in as {name} needs a password", "add --password P")
    _operate(url, "LoginUser", ClusterId=cluster, UserName=name, Password=password)
    return _done(f"{name} is logged in to {cluster}")


@hsm_user.command("logout")
def user_logout(cluster: Cluster, name: User, url: Url = None) -> int:
    """Log a user out."""
    _operate(url, "LogoutUser", ClusterId=cluster, UserName=name)
    return _done(f"{name} is logged out of {cluster}")


@hsm_user.command("remove")
def user_remove(cluster: Cluster, name: User, url: Url = None) -> int:
    """Remove a user who owns no keys and is not logged in."""
    _operate(url, "DeleteUser", ClusterId=cluster, UserName=name)
    return _done(f"{name} is no user of {cluster}")


@hsm_key.command("list")
def key_list(cluster: Cluster, url: Url = None, as_json: AsJson = False) -> int:
    """List the keys in the HSMs: handle, owner, and the ARN that is the label."""
    found = _operate(url, "ListHsmKeys", ClusterId=cluster)["Keys"]
    return _listed("Keys", found, ("Handle", "Owner", "Label"), as_json=as_json)


@hsm_key.command("delete")
def key_delete(cluster: Cluster, handle: Handle, url: Url = None) -> int:
    """Delete key material in every HSM of the cluster; backups keep it."""
    _operate(url, "DeleteHsmKey", ClusterId=cluster, Handle=handle)
    return _done(f"handle {handle} is deleted in {cluster}")


@hsm_fault.command("list")
def fault_list(cluster: Cluster, url: Url = None, as_json: AsJson = False) -> int:
    """List what is broken in a cluster."""
    found = _operate(url, "ListFaults", ClusterId=cluster)["Faults"]
    return _listed("Faults", found, ("Name", "HsmId"), as_json=as_json)


@hsm_fault.command("set")
def fault_set(cluster: Cluster, fault: FaultName, hsm_id: HsmId = None, url: Url = None) -> int:
    """Break something in a cluster."""
    _fault(url, "SetFault", cluster, fault, hsm_id)
    return _done(f"{fault} is set in {cluster}")


@hsm_fault.command("clear")
def fault_clear(cluster: Cluster, fault: FaultName, hsm_id: HsmId = None, url: Url = None) -> int:
    """Mend what was broken."""
    _fault(url, "ClearFault", cluster, fault, hsm_id)
    return _done(f"{fault} is cleared in {cluster}")


@hsm.command("load")
def hsm_load(cluster: Cluster, rate: Rate, url: Url = None) -> int:
    """Keep a cluster busy with other work, operations per second."""
    from kmspec_impl.client.operator import load_rate

    _operate(url, "SetLoad", ClusterId=cluster, Rate=load_rate(rate))
    return _done(f"{cluster} does {rate:g} other operations per second")


def _endpoint(url: str) -> "Endpoint":
    from kmspec_impl.client.endpoint import Endpoint

    return Endpoint(url)


def _operate(url: str | None, operation: str, **parameters: object) -> dict[str, Any]:
    from kmspec_impl.client.operator import operate

    return operate(url, operation, **parameters)


def _fault(url: str | None, operation: str, cluster: str, name: str, hsm_id: str | None) -> None:
    from kmspec_impl.client.operator import fault_parameters

    _operate(url, operation, ClusterId=cluster, **fault_parameters(name, hsm_id))


def _password(given: str | None, whose: str, where: str) -> tuple[str, str]:
    from kmspec_impl.client.keystore import password_of

    return password_of(given, whose, where)


def _not_offered(option: str, value: object, remedy: str) -> None:
    if value is not None:
        raise UseError(f"{option} is not offered yet", remedy)


@contextlib.contextmanager
def _checking() -> Iterator[None]:
    """Say in one line what the checker complains of."""
    from kmspec_check.files import COMPLAINTS

    try:
        yield
    except COMPLAINTS as error:
        raise UseError.read(str(error)) from error
    except KeyboardInterrupt:
        endings.complain("interrupted; no report was written")
        raise


def _target(url: str | None, profile: str | None, mutant: str | None) -> "tuple[Checked, Profile]":
    """What is to be checked, and what is particular of it."""
    from kmspec_check.endpoint import Endpoint as Checked
    from kmspec_check.profile import load
    from kmspec_impl.embedded import Embedded

    chosen = load(profile) if profile is not None else None
    if url is None:
        if profile not in (None, "embedded"):
            what = f"--profile {profile} is of an endpoint, and there is none"
            raise UseError(what, "add --endpoint-url URL, or leave --profile out")
        return Embedded(mutant=_mutant(mutant)), chosen or load("embedded")
    if mutant is not None:
        what = "--mutant breaks the embedded emulator, not an endpoint"
        raise UseError(what, "leave --endpoint-url out, or use `kmspec serve --mutant`")
    endpoint = Checked(url, chosen)
    return endpoint, endpoint.profile


def _mutant(name: str | None) -> str | None:
    """The name of a mutant, if the catalogue has it."""
    from kmspec_impl.mutants.catalogue import find

    try:
        return None if name is None else find(name).name
    except ValueError as error:
        raise UseError.read(str(error)) from error


def _embedded() -> "Embedded":
    from kmspec_impl.embedded import Embedded

    endings.complain("no --endpoint-url: this runs on an emulator whose state is not kept")
    return Embedded()


def _listed(member: str, rows: list[Any], columns: tuple[str, ...], *, as_json: bool) -> int:
    from kmspec_impl.client.operator import listed

    return _done(listed(member, rows, columns, as_json=as_json))


def _done(text: str) -> int:
    sys.stdout.write(text + "\n")
    return 0


def _run() -> int:
    try:
        code = typer.main.get_command(app).main(prog_name="kmspec", standalone_mode=False)
    except typer.TyperException as error:
        raise endings.misread(error) from error
    except TableError as error:
        raise UseError.read(str(error), "mend the table") from error
    return int(code or 0)


def main() -> int:
    """Run the command line and return its exit code."""
    gc.set_threshold(50_000)  # a check makes millions of objects, and hardly any circles
    code = endings.run(_run)
    gc.freeze()  # nor need the interpreter look for any before it ends
    return code


if __name__ == "__main__":
    sys.exit(main())
