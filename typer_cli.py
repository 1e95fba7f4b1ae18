"""The command `kmspec`: the only place that reads the command line, and nothing more.

Each command imports what it needs when it runs, so that `kmspec --help` is quick. Wrong use is
one line on standard error, what is wrong and how to mend it, and exit code 2.
"""

import contextlib
import gc
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kmspec.faults import TableError
from kmspec_impl.client import endings
from kmspec_impl.client.errors import UseError
from typer_hsm import hsm
from typer_words import (
    AdminToken,
    AsJson,
    Auth,
    BackupState,
    Budget,
    Clock,
    ClusterState,
    Connection,
    CredentialsFile,
    Data,
    DataDir,
    Delay,
    Expect,
    ExportFile,
    Host,
    Hsm,
    HsmState,
    ImportFile,
    KeyState,
    Level,
    Mutant,
    Named,
    Only,
    Operation,
    Pairs,
    Port,
    Quotas,
    Report,
    Scheduler,
    ScopeName,
    Seed,
    Seeds,
    StoreName,
    Target,
    TargetVersion,
    TraceFile,
    Unauthenticated,
    Url,
    VectorName,
    VectorsFile,
    Workers,
    WriteExpected,
    done,
    group,
)

if TYPE_CHECKING:
    from kmspec_check.campaign.workers import Workers as Workforce
    from kmspec_check.profile import Profile
    from kmspec_check.target import Target as Checked
    from kmspec_impl.client.endpoint import Endpoint
    from kmspec_impl.embedded import Embedded
    from kmspec_impl.storage.tables import Storage


app = group("An executable specification of AWS KMS custom key stores.")
keystore = group("Key stores, ready to use.")
data = group("What an emulator keeps in a directory.")
vectors = group("Test vectors, for a program in any language.")
app.add_typer(keystore, name="keystore")
app.add_typer(data, name="data")
app.add_typer(vectors, name="vectors")
app.add_typer(hsm, name="hsm")


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 4599,
    data_dir: DataDir = None,
    clock: Clock = "real",
    delay: Delay = 0.2,
    hsm_kind: Hsm = "software",
    auth: Auth = "off",
    credentials: CredentialsFile = None,
    admin_token: AdminToken = None,
    allow_unauthenticated: Unauthenticated = False,
    quotas: Quotas = "store",
    mutant: Mutant = None,
) -> int:
    """Serve the emulator until SIGTERM."""
    from kmspec_impl.clock import RealClock, VirtualClock, wall
    from kmspec_impl.emulator import Settings
    from kmspec_impl.gateway import server
    from kmspec_impl.gateway.admin import Door
    from kmspec_impl.gateway.app import Application
    from kmspec_impl.gateway.credentials import CredentialsError, read
    from kmspec_impl.gateway.credentials import admin_token as checked_token
    from kmspec_impl.gateway.sigv4 import Verifier
    from kmspec_impl.hsm.interface import BackendError
    from kmspec_impl.mutants.catalogue import emulator

    if credentials is not None and auth != "sigv4":
        raise UseError("--credentials is of --auth sigv4", "add it, or leave --credentials out")
    ticking = VirtualClock() if clock == "virtual" else RealClock()
    try:
        settings = Settings(delay=delay, quotas=quotas, clock=ticking, hsm=hsm_kind)
    except ValueError as error:
        what = f"--delay {delay:g} is no time to wait"
        raise UseError(what, "give seconds, 0 to 100 years of them") from error
    with _complaining(CredentialsError):
        verifier = Verifier(read(credentials), wall) if auth == "sigv4" else None
        door = Door(checked_token(admin_token))
    refused = (server.CannotListenError, server.OpenToAllError, BackendError)
    with _storage(data_dir) as storage, _complaining(*refused):
        application = Application(emulator(settings, _mutant(mutant), storage), verifier, door)
        only_here = verifier is None and not allow_unauthenticated
        server.serve(application, host, port, only_here=only_here)
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
    seeds: Seeds = 1,
    workers: Workers = None,
    scheduler: Scheduler = None,
    budget: Budget = None,
    mutant: Mutant = None,
    target_version: TargetVersion = "",
    report: Report = None,
) -> int:
    """Hold an endpoint, or the embedded emulator, against the model."""
    from rich.console import Console

    from kmspec_check import conform as checker
    from kmspec_check import progress, report_text, reports
    from kmspec_check.campaign.campaign import Campaign

    with _checking(), _workers(workers, scheduler) as spread:
        wanted = reports.asked(report or (), write_expected)
        target, chosen = _target(url, profile, mutant)
        made = _maker(url, chosen, mutant)
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
                campaign=Campaign(seeds, made, url is not None, spread),
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
        told, nonce = replaying.Telling(done, endings.complain), datetime.now(UTC).isoformat()
        return replaying.again(file, vector, lambda: _target(url, None, None), told, nonce)


@vectors.command("export")
def vectors_export(file: VectorsFile, only: Only = None) -> int:
    """Write the matrix and the tour as JSON that any program can run."""
    from kmspec_check.vectors.export import export

    with _checking():
        return done("\n".join(export(file, only or ())))


@app.command()
def mutants(as_json: AsJson = False) -> int:
    """List the emulators that are wrong in one known way each."""
    from kmspec_impl.client.operator import table
    from kmspec_impl.mutants.catalogue import CATALOGUE

    rows = [one.told() for one in CATALOGUE]
    as_text = "\n".join(table(rows, ("name", "rule", "sentence")))
    return done(json.dumps(rows, indent=2) if as_json else as_text)


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
        return done("\n".join(explained(Model(), Question(operation, *states))))
    except Unknown as error:
        raise UseError.read(str(error).replace(": ", "; ", 1)) from error


@app.command()
def explore(scope: ScopeName = None, workers: Workers = None, scheduler: Scheduler = None) -> int:
    """Visit every reachable world of the model: counts, invariants, witnesses, diagrams."""
    from rich.console import Console

    from kmspec_check import progress
    from kmspec_check.campaign.exploring import EVERY, exploring
    from kmspec_model import Model
    from kmspec_model.scopes import SCOPES
    from kmspec_model.tell import explored

    if scope is not None and scope not in EVERY:
        raise UseError(f"there is no scope {scope!r}", f"choose one of {', '.join(EVERY)}")
    model = Model()
    with (
        _checking(),
        _workers(workers, scheduler) as spread,
        progress.shown(Console(stderr=True)) as listener,
        exploring(spread, listener) as visit,
    ):
        graphs = (visit(model, name) for name in ([scope] if scope else SCOPES))
        for line in explored(model, graphs, whole=scope is None):
            done(line)
    return 0


@app.command()
def call(
    operation: Operation, parameters: Pairs = None, url: Url = None, data_dir: DataDir = None
) -> int:
    """Call one operation and print its answer as JSON."""
    from kmspec_impl.client import arguments
    from kmspec_impl.client.endpoint import accepted

    wanted = arguments.operation(operation)
    values = arguments.parameters(wanted, parameters or [])
    if url and data_dir:
        raise UseError("--data-dir is of the embedded emulator", "leave it or --endpoint-url out")
    with _storage(data_dir) as storage:
        target = _endpoint(url) if url else _embedded(storage)
        answer = target.call(wanted.service, wanted.model.name, values)
    return done(arguments.printed(accepted(wanted.model.name, answer)))


@data.command("export")
def data_export(data_dir: Data, file: ExportFile) -> int:
    """Write all that is kept, secrets in the clear, as JSON."""
    from kmspec_impl import data as directories
    from kmspec_impl.storage.faults import DataError

    with _complaining(DataError):
        return done(f"{directories.export(data_dir, file)} rows are in {file}; keep it to yourself")


@data.command("import")
def data_import(data_dir: Data, file: ImportFile) -> int:
    """Fill a new directory with what was exported."""
    from kmspec_impl import data as directories
    from kmspec_impl.storage.faults import DataError

    with _complaining(DataError):
        count = directories.restore(data_dir, file)
    return done(f"{count} rows are in {data_dir}")


@data.command("reset")
def data_reset(data_dir: Data) -> int:
    """Delete all that is kept, and the key to it."""
    from kmspec_impl import data as directories
    from kmspec_impl.storage.faults import DataError

    with _complaining(DataError):
        directories.reset(data_dir)
    return done(f"{data_dir} is empty")


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
    return done(json.dumps(made.json(), indent=2) if as_json else "\n".join(made.lines(options)))


def _endpoint(url: str) -> "Endpoint":
    from kmspec_impl.client.endpoint import Endpoint

    return Endpoint(url)


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


def _maker(url: str | None, profile: "Profile", mutant: str | None) -> "Callable[[], Checked]":
    """What makes the same target in other processes."""
    from kmspec_check.endpoint import Endpoint as Checked
    from kmspec_impl.embedded import Embedded

    return partial(Embedded, mutant=mutant) if url is None else partial(Checked, url, profile)


@contextlib.contextmanager
def _workers(count: int | None, scheduler: str | None) -> "Iterator[Workforce]":
    """Who does what can be spread."""
    from kmspec_check.campaign.processes import Processes
    from kmspec_check.campaign.workers import Alone

    if scheduler is None:
        yield Alone() if count is None else Processes(count)
        return
    if count is not None:
        what = "--workers are processes here, and --scheduler has workers of its own"
        raise UseError(what, "leave one of them out")
    try:
        from kmspec_check.campaign.cluster import cluster
    except ModuleNotFoundError as error:
        what = "--scheduler needs dask.distributed, which is not installed"
        raise UseError(what, "install kmspec with its extra `cluster`") from error
    with cluster(scheduler) as workers:
        yield workers


def _mutant(name: str | None) -> str | None:
    """The name of a mutant, if the catalogue has it."""
    from kmspec_impl.mutants.catalogue import find

    try:
        return None if name is None else find(name).name
    except ValueError as error:
        raise UseError.read(str(error)) from error


def _embedded(storage: "Storage | None" = None) -> "Embedded":
    from kmspec_impl.embedded import Embedded

    if storage is None:
        endings.complain("no --endpoint-url: this runs on an emulator whose state is not kept")
    return Embedded(storage=storage)


@contextlib.contextmanager
def _storage(directory: Path | None) -> "Iterator[Storage | None]":
    """What keeps the state of an emulator, if it is to be kept."""
    if directory is None:
        yield None
        return
    from kmspec_impl.hsm.interface import BackendError
    from kmspec_impl.storage.durable import Durable
    from kmspec_impl.storage.faults import DataError, LostError

    errors = (DataError, LostError, BackendError)
    with _complaining(*errors), contextlib.closing(Durable(directory)) as storage:
        yield storage


@contextlib.contextmanager
def _complaining(*errors: type[Exception]) -> Iterator[None]:
    """Say in one line what else went wrong."""
    try:
        yield
    except errors as error:
        raise UseError.read(str(error)) from error


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
