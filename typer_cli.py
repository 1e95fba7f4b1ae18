"""The command `kmspec`: the only place that reads the command line, and nothing more.

Each command imports what it needs when it runs, so that `kmspec --help` is quick. Wrong use is
one line on standard error, what is wrong and how to mend it, and exit code 2.
"""

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from kmspec_impl.client.errors import RefusedError, UseError

if TYPE_CHECKING:
    from kmspec_check.profile import Profile
    from kmspec_check.target import Target as Checked
    from kmspec_impl.client.endpoint import Endpoint
    from kmspec_impl.embedded import Embedded

WRONG_USE: Final = 2
REFUSED: Final = 1
INTERRUPTED: Final = 130

IN_MEMORY: Final = "leave it out: state is kept in memory while kmspec runs"
NOT_KEPT: Final = "no --endpoint-url: this runs on an emulator of its own, whose state is not kept"


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
hsm = _group("What an operator does on the HSMs and AWS has no API for.")
hsm_user = _group("Users of the HSMs of a cluster.")
hsm_key = _group("Key material in the HSMs of a cluster.")
hsm_fault = _group("What is broken in a cluster, to rehearse for it.")
app.add_typer(keystore, name="keystore")
app.add_typer(hsm, name="hsm")
hsm.add_typer(hsm_user, name="user")
hsm.add_typer(hsm_key, name="key")
hsm.add_typer(hsm_fault, name="fault")

Url = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url", envvar="AWS_ENDPOINT_URL", metavar="URL", help="The endpoint to ask."
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url", metavar="URL", help="The endpoint; without it the embedded emulator."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Mutant = Annotated[
    str | None,
    typer.Option("--mutant", metavar="NAME", help="Be wrong in one known way: `kmspec mutants`."),
]
ClusterId = Annotated[str, typer.Argument(metavar="CLUSTER", help="The id of the cluster.")]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="The crypto user.")]
Password = Annotated[
    str | None, typer.Option("--password", metavar="P", help="7 to 32 letters and digits.")
]
HsmId = Annotated[
    str | None, typer.Option("--hsm", metavar="HSM", help="The HSM, for faults of one HSM.")
]


# --------------------------------------------------------------------------------- serve


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", metavar="HOST")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="0 picks a free one.")
    ] = 4599,
    data_dir: Annotated[str | None, typer.Option("--data-dir", metavar="DIR")] = None,
    clock: Annotated[
        Literal["real", "virtual"], typer.Option("--clock", help="A virtual one moves when told.")
    ] = "real",
    delay: Annotated[
        float,
        typer.Option("--delay", metavar="SECONDS", min=0, help="What transitions take."),
    ] = 0.2,
    hsm_kind: Annotated[Literal["software", "pkcs11"], typer.Option("--hsm")] = "software",
    auth: Annotated[Literal["off", "sigv4"], typer.Option("--auth")] = "off",
    quotas: Annotated[
        Literal["none", "store", "all"], typer.Option("--quotas", help="Which to enforce.")
    ] = "store",
    mutant: Mutant = None,
) -> int:
    """Serve the emulator until SIGTERM."""
    from kmspec_impl.clock import RealClock, VirtualClock
    from kmspec_impl.emulator import Emulator, Settings
    from kmspec_impl.gateway.server import CannotListenError
    from kmspec_impl.gateway.server import serve as listen

    _not_offered("--data-dir", data_dir, IN_MEMORY)
    _not_offered("--hsm pkcs11", hsm_kind == "pkcs11" or None, "use --hsm software")
    _not_offered("--auth sigv4", auth == "sigv4" or None, "use --auth off")
    _break(mutant)
    ticking = VirtualClock() if clock == "virtual" else RealClock()
    try:
        emulator = Emulator(Settings(delay=delay, quotas=quotas, clock=ticking))
        listen(emulator, host, port)
    except (CannotListenError, ValueError) as error:
        raise UseError.read(str(error)) from error
    return 0


# --------------------------------------------------------------------------------- check


@app.command()
def conform(
    endpoint_url: Target = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME|FILE", help="What is particular of the target."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="AREA", help="An area or a phase; may be repeated."),
    ] = None,
    level: Annotated[
        Literal["must", "should"], typer.Option("--level", help="The least level that counts.")
    ] = "should",
    expect: Annotated[
        Path | None,
        typer.Option("--expect", metavar="FILE", help="Rules known to be violated, with reasons."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N")] = 0,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="SECONDS", min=0, help="Stop after so long."),
    ] = None,
    mutant: Mutant = None,
    report: Annotated[
        list[str] | None,
        typer.Option("--report", metavar="FORMAT=FILE", help="FORMAT is json; may be repeated."),
    ] = None,
) -> int:
    """Hold an endpoint, or the embedded emulator, against the model."""
    from rich.console import Console

    from kmspec_check import conform as checker
    from kmspec_check import files, progress, report_json, report_text

    with _checking():
        reports = files.report_files(report or ())
        target, chosen = _target(endpoint_url, profile, mutant)
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
                now=datetime.now(UTC),
                listener=listener,
            )
        for file in reports:
            files.write(file, report_json.dumps(result))
    report_text.write(result, Console(highlight=False))
    return result.exit_code


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A trace, or a JSON report with violations.")
    ],
    endpoint_url: Target = None,
) -> int:
    """Run a recorded violation again: recorded against present, step by step."""
    from kmspec_check import replay as again
    from kmspec_check.files import traces
    from kmspec_check.replay_text import replay_lines

    code = 0
    with _checking():
        for trace in traces(file):
            target, profile = _target(endpoint_url, None, None)
            replayed = again.replay(trace, target, profile)
            _print("\n".join(replay_lines(trace, replayed)))
            code = max(code, replayed.exit_code)
    return code


@app.command()
def explain(
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="As AWS spells it.")],
    key_state: Annotated[str | None, typer.Option("--key-state", metavar="S")] = None,
    connection_state: Annotated[str | None, typer.Option("--connection-state", metavar="S")] = None,
    cluster_state: Annotated[str | None, typer.Option("--cluster-state", metavar="S")] = None,
    hsm_state: Annotated[str | None, typer.Option("--hsm-state", metavar="S")] = None,
    backup_state: Annotated[str | None, typer.Option("--backup-state", metavar="S")] = None,
) -> int:
    """Say what must happen there and why: rules and sources."""
    from kmspec.tables import load
    from kmspec_model import Model
    from kmspec_model.explain import Question, Unknown
    from kmspec_model.tell import explained

    states = (key_state, connection_state, cluster_state, hsm_state, backup_state)
    try:
        return _done("\n".join(explained(Model(load()), Question(operation, *states))))
    except Unknown as error:
        what, _, remedy = str(error).partition(": ")
        raise UseError(what, remedy) from error


@app.command()
def explore(
    scope: Annotated[
        str | None, typer.Option("--scope", metavar="NAME", help="Only this part of the machine.")
    ] = None,
) -> int:
    """Visit every reachable world of the model: counts, invariants, witnesses, diagrams."""
    from kmspec.tables import load
    from kmspec_model import Model
    from kmspec_model.explore import explore as visit
    from kmspec_model.scopes import SCOPES
    from kmspec_model.tell import explored

    if scope is not None and scope not in SCOPES:
        message = f"there is no scope {scope!r}"
        raise UseError(message, f"choose one of {', '.join(SCOPES)}")
    model = Model(load())
    graphs = (visit(model, SCOPES[name]) for name in ([scope] if scope else SCOPES))
    for line in explored(model, graphs, whole=scope is None):
        _print(line)
    return 0


# ---------------------------------------------------------------------------------- call


@app.command()
def call(
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="As AWS spells it.")],
    parameters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE]...", help="Text, base64 or JSON; @FILE reads it."),
    ] = None,
    endpoint_url: Url = None,
    data_dir: Annotated[str | None, typer.Option("--data-dir", metavar="DIR")] = None,
) -> int:
    """Call one operation and print its answer as JSON."""
    from kmspec_impl.client import arguments
    from kmspec_impl.client.endpoint import accepted

    _not_offered("--data-dir", data_dir, IN_MEMORY)
    wanted = arguments.operation(operation)
    values = arguments.parameters(wanted, parameters or [])
    target = _endpoint(endpoint_url) if endpoint_url else _embedded()
    answer = target.call(wanted.service, wanted.model.name, values)
    _print(arguments.printed(accepted(wanted.model.name, answer)))
    return 0


@keystore.command("up")
def keystore_up(
    endpoint_url: Url = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME")] = "kmspec",
    as_json: AsJson = False,
) -> int:
    """Make a cluster with two HSMs, a user and a key store, and connect it."""
    from kmspec_impl.client.keystore import up

    if endpoint_url:
        endpoint = _endpoint(endpoint_url)
        endpoint.require_kmspec()
        made = up(endpoint, name, endpoint.pause)
        options = endpoint.aws_options()
    else:
        embedded = _embedded()
        made = up(embedded, name, lambda: embedded.advance(1.0))
        options = "--endpoint-url URL"
    if as_json:
        _print(json.dumps(made.json(), indent=2))
        return 0
    command = f"aws {options} kms create-key --origin AWS_CLOUDHSM"
    _print(
        f"key store  {made.store_id}  {made.name}  CONNECTED\n"
        f"cluster    {made.cluster_id}  ACTIVE\n"
        + "".join(
            f"HSM        {one}  {zone}\n"
            for one, zone in zip(made.hsm_ids, made.zones, strict=True)
        )
        + f"next       {command} --custom-key-store-id {made.store_id}"
    )
    return 0


# ----------------------------------------------------------------------------------- hsm


@hsm.command("activate")
def hsm_activate(cluster: ClusterId, password: Password = None, endpoint_url: Url = None) -> int:
    """Activate an initialised cluster: set the password of its admin."""
    secret = _password(password, "the HSM admin", "the CloudHSM CLI would ask for it; kmspec never")
    _operate(endpoint_url, "ActivateCluster", ClusterId=cluster, Password=secret)
    return _done(f"{cluster} is ACTIVE")


@hsm_user.command("add")
def hsm_user_add(
    cluster: ClusterId, name: UserName, password: Password = None, endpoint_url: Url = None
) -> int:
    """Add a crypto user on all HSMs; AWS KMS logs in as kmsuser."""
    secret = _password(password, name, "CreateCustomKeyStore takes it as KeyStorePassword")
    _operate(endpoint_url, "CreateUser", ClusterId=cluster, UserName=name, Password=secret)
    return _done(f"{name} is a crypto user of {cluster}")


@hsm_user.command("password")
def hsm_user_password(
    cluster: ClusterId, name: UserName, password: Password = None, endpoint_url: Url = None
) -> int:
    """Change a user's password as the admin; this also unlocks the user."""
    secret = _password(password, name, "UpdateCustomKeyStore takes it as KeyStorePassword")
    _operate(endpoint_url, "ChangePassword", ClusterId=cluster, UserName=name, Password=secret)
    return _done(f"{name} of {cluster} has a new password and is not locked")


@hsm_user.command("lock")
def hsm_user_lock(cluster: ClusterId, name: UserName, endpoint_url: Url = None) -> int:
    """Lock a user out, as too many wrong logins do."""
    _operate(endpoint_url, "LockUser", ClusterId=cluster, UserName=name)
    return _done(f"{name} of {cluster} is locked out")


@hsm_user.command("login")
def hsm_user_login(
    cluster: ClusterId, name: UserName, password: Password = None, endpoint_url: Url = None
) -> int:
    """Log in as a user and stay logged in."""
    if password is None:
        message = f"logging in as {name} needs a password"
        raise UseError(message, "add --password P")
    _operate(endpoint_url, "LoginUser", ClusterId=cluster, UserName=name, Password=password)
    return _done(f"{name} is logged in to {cluster}")


@hsm_user.command("logout")
def hsm_user_logout(cluster: ClusterId, name: UserName, endpoint_url: Url = None) -> int:
    """Log a user out."""
    _operate(endpoint_url, "LogoutUser", ClusterId=cluster, UserName=name)
    return _done(f"{name} is logged out of {cluster}")


@hsm_user.command("remove")
def hsm_user_remove(cluster: ClusterId, name: UserName, endpoint_url: Url = None) -> int:
    """Remove a user who owns no keys and is not logged in."""
    _operate(endpoint_url, "DeleteUser", ClusterId=cluster, UserName=name)
    return _done(f"{name} is no user of {cluster}")


@hsm_key.command("list")
def hsm_key_list(cluster: ClusterId, endpoint_url: Url = None, as_json: AsJson = False) -> int:
    """List the keys in the HSMs: handle, owner, and the ARN that is the label."""
    found = _operate(endpoint_url, "ListHsmKeys", ClusterId=cluster)
    return _listed(found, "Keys", ("Handle", "Owner", "Label"), as_json=as_json)


@hsm_key.command("delete")
def hsm_key_delete(
    cluster: ClusterId,
    handle: Annotated[int, typer.Argument(metavar="HANDLE", help="See `hsm key list`.")],
    endpoint_url: Url = None,
) -> int:
    """Delete key material in every HSM of the cluster; backups keep it."""
    _operate(endpoint_url, "DeleteHsmKey", ClusterId=cluster, Handle=handle)
    return _done(f"handle {handle} is deleted in {cluster}")


@hsm_fault.command("list")
def hsm_fault_list(cluster: ClusterId, endpoint_url: Url = None, as_json: AsJson = False) -> int:
    """List what is broken in a cluster."""
    found = _operate(endpoint_url, "ListFaults", ClusterId=cluster)
    return _listed(found, "Faults", ("Name", "HsmId"), as_json=as_json)


@hsm_fault.command("set")
def hsm_fault_set(
    cluster: ClusterId,
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="Such as network.")],
    hsm_id: HsmId = None,
    endpoint_url: Url = None,
) -> int:
    """Break something in a cluster."""
    _operate(endpoint_url, "SetFault", ClusterId=cluster, **_fault(fault, hsm_id))
    return _done(f"{fault} is set in {cluster}")


@hsm_fault.command("clear")
def hsm_fault_clear(
    cluster: ClusterId,
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="See `hsm fault list`.")],
    hsm_id: HsmId = None,
    endpoint_url: Url = None,
) -> int:
    """Mend what was broken."""
    _operate(endpoint_url, "ClearFault", ClusterId=cluster, **_fault(fault, hsm_id))
    return _done(f"{fault} is cleared in {cluster}")


@hsm.command("load")
def hsm_load(
    cluster: ClusterId,
    rate: Annotated[float, typer.Argument(metavar="RATE", min=0, help="Per second; 0 ends it.")],
    endpoint_url: Url = None,
) -> int:
    """Keep a cluster busy with other work, operations per second."""
    _operate(endpoint_url, "SetLoad", ClusterId=cluster, Rate=rate)
    return _done(f"{cluster} does {rate:g} other operations per second")


# ------------------------------------------------------------------------------- helpers


def _endpoint(url: str) -> "Endpoint":
    from kmspec_impl.client.endpoint import Endpoint

    return Endpoint(url)


def _operate(url: str | None, operation: str, **parameters: object) -> dict[str, Any]:
    from kmspec_impl.client.operator import operate

    return operate(url, operation, **parameters)


def _fault(name: str, hsm_id: str | None) -> dict[str, str]:
    from kmspec_impl.client.operator import fault_parameters

    return fault_parameters(name, hsm_id)


def _password(given: str | None, whose: str, where: str) -> str:
    if given is not None:
        return given
    from kmspec_impl.client.keystore import password

    made = password()
    _print(f"password of {whose}: {made} ({where})")
    return made


def _not_offered(option: str, value: object, remedy: str) -> None:
    if value is not None:
        message = f"{option} is not offered yet"
        raise UseError(message, remedy)


@contextlib.contextmanager
def _checking() -> Iterator[None]:
    """Say in one line what the checker complains of."""
    from kmspec_check.conform import UsageError
    from kmspec_check.expected import ExpectationError
    from kmspec_check.profile import ProfileError
    from kmspec_check.target import Trouble
    from kmspec_check.trace import TraceError

    try:
        yield
    except (UsageError, ExpectationError, ProfileError, Trouble, TraceError) as error:
        raise UseError.read(str(error)) from error


def _target(url: str | None, profile: str | None, mutant: str | None) -> "tuple[Checked, Profile]":
    """What is to be checked, and what is particular of it."""
    from kmspec_check.endpoint import Endpoint as Checked
    from kmspec_check.profile import load
    from kmspec_impl.embedded import Embedded

    chosen = load(profile) if profile else None
    if url is None:
        _break(mutant)
        return Embedded(), chosen or load("embedded")
    if mutant is not None:
        message = "--mutant breaks the embedded emulator, not an endpoint"
        raise UseError(message, "leave --endpoint-url out, or use `kmspec serve --mutant`")
    endpoint = Checked(url, chosen)
    return endpoint, endpoint.profile


def _break(mutant: str | None) -> None:
    if mutant is not None:
        message = f"there is no mutant {mutant!r}"
        raise UseError(message, "see `kmspec mutants`")


def _embedded() -> "Embedded":
    from kmspec_impl.embedded import Embedded

    _complain(NOT_KEPT)
    return Embedded()


def _listed(
    body: Mapping[str, Any], member: str, columns: tuple[str, ...], *, as_json: bool
) -> int:
    from kmspec_impl.client.operator import table

    rows = body[member]
    if as_json:
        return _done(json.dumps({member: rows}, indent=2))
    return _done("\n".join(table(rows, columns)))


def _done(text: str) -> int:
    _print(text)
    return 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"kmspec: {text}\n")


def _usage(error: typer.TyperException) -> str:
    text = " ".join(error.format_message().split()).rstrip(".").replace(": Value error, ", ": ")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "kmspec"
    near = getattr(error, "possibilities", None)
    if near:
        return f"no such option {getattr(error, 'option_name', '')}; did you mean {near[0]}?"
    return f"{text[:1].lower()}{text[1:]}; see `{command} --help`"


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        code = typer.main.get_command(app).main(prog_name="kmspec", standalone_mode=False)
    except typer.TyperException as error:
        _complain(_usage(error))
        return WRONG_USE
    except UseError as error:
        _complain(str(error))
        return WRONG_USE
    except RefusedError as error:
        _complain(str(error))
        return REFUSED
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main())
