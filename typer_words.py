"""What all commands share: the only place that spells and describes options and arguments."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer


def group(words: str) -> typer.Typer:
    """Commands that belong together."""
    return typer.Typer(
        help=words,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["--help"], "max_content_width": 100},
    )


def done(text: str) -> int:
    """Print what was done; the exit code."""
    sys.stdout.write(text + "\n")
    return 0


def _option(name: str, metavar: str | None, words: str, **more: Any) -> Any:  # noqa: ANN401
    return typer.Option(name, metavar=metavar, help=words, **more)


def _argument(metavar: str, words: str, **more: Any) -> Any:  # noqa: ANN401 - as Typer's own
    return typer.Argument(metavar=metavar, help=words, **more)


def _directory(text: str) -> Path:
    """A directory that was named: no name would be the one that the process is in."""
    if not text:
        raise typer.BadParameter("it is empty")
    return Path(text)


_WHERE: Final = ("--endpoint-url", "URL", "The endpoint; without it an embedded emulator.")
Url = Annotated[str | None, _option(*_WHERE, envvar="AWS_ENDPOINT_URL")]
Target = Annotated[str | None, _option(*_WHERE)]
AsJson = Annotated[bool, _option("--json", None, "Print JSON for a program to read.")]
Mutant = Annotated[str | None, _option("--mutant", "NAME", "Be wrong in this way: see mutants.")]
DataDir = Annotated[
    Path | None,
    _option("--data-dir", "DIR", "Keep state here; without it, in memory.", parser=_directory),
]
Data = Annotated[
    Path, _option("--data-dir", "DIR", "Where `kmspec serve` kept its state.", parser=_directory)
]
ExportFile = Annotated[Path, _argument("FILE", "What to write; it holds secrets.")]
ImportFile = Annotated[Path, _argument("FILE", "What `kmspec data export` wrote.")]
Host = Annotated[str, _option("--host", "HOST", "The address to listen on.")]
Port = Annotated[int, _option("--port", "PORT", "0 picks a free one.", min=0, max=65535)]
Clock = Annotated[Literal["real", "virtual"], _option("--clock", None, "Virtual: moved by hand.")]
Delay = Annotated[float, _option("--delay", "SECONDS", "How long transitions take.", min=0)]
Hsm = Annotated[Literal["software", "pkcs11"], _option("--hsm", None, "pkcs11: see docs/hsm.md.")]
Auth = Annotated[Literal["off", "sigv4"], _option("--auth", None, "sigv4: verify signatures.")]
CredentialsFile = Annotated[
    Path | None, _option("--credentials", "FILE", "Access keys for sigv4, in TOML or JSON.")
]
AdminToken = Annotated[
    str | None,
    _option(
        *("--admin-token", "TOKEN", "What lets other machines use /_kmspec/."),
        envvar="KMSPEC_ADMIN_TOKEN",
    ),
]
Unauthenticated = Annotated[
    bool, _option("--allow-unauthenticated", None, "Let any machine that gets here do anything.")
]
Quotas = Annotated[Literal["none", "store", "all"], _option("--quotas", None, "Which to enforce.")]
Named = Annotated[str | None, _option("--profile", "NAME|FILE", "What is particular there.")]
Only = Annotated[list[str] | None, _option("--only", "AREA", "Area or phase; may be repeated.")]
Level = Annotated[Literal["must", "should"], _option("--level", None, "The least that counts.")]
Expect = Annotated[Path | None, _option("--expect", "FILE", "Known violations, with reasons.")]
Seed = Annotated[int, _option("--seed", "N", "What random choices are drawn from.")]
Seeds = Annotated[int, _option("--seeds", "COUNT", "How many seeds, from --seed on.", min=1)]
Workers = Annotated[
    int | None, _option("--workers", "N", "Spread the work over N processes here.", min=1)
]
Scheduler = Annotated[
    str | None, _option("--scheduler", "ADDRESS", "Spread it over a Dask cluster.")
]
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
    str | None,
    _option(
        *("--password", "P", "7 to 32 characters; of kmsuser letters and digits."),
        envvar="KMSPEC_PASSWORD",
    ),
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
