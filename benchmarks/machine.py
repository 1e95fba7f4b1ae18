"""The machine: the only place that says on what the figures were seen, without naming it."""

import os
import platform
import re
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

import psutil

PACKAGES: Final = (
    "kmspec",
    "uvicorn",
    "uvloop",
    "httptools",
    "cryptography",
    "granian",
    "hypercorn",
    "moto",
)
_GIBIBYTE: Final = 1024**3
_MODEL: Final = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def described(peers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What it is, and the versions of what was measured."""
    memory = round(psutil.virtual_memory().total / _GIBIBYTE)
    versions = [f"{name} {metadata.version(name)}" for name in PACKAGES]
    return (
        ("cores", f"{os.cpu_count()} of {_processor()}, {platform.machine()}"),
        ("memory", f"{memory} GiB"),
        ("system", platform.system()),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("versions", ", ".join([*versions, *(f"{name} {what}" for name, what in peers.items())])),
        ("busy", f"{os.getloadavg()[0]:.1f} processes ran as it began"),
    )


def _processor() -> str:
    """What kind of processor it has."""
    file = Path("/proc/cpuinfo")
    found = _MODEL.search(file.read_text("utf-8")) if sys.platform == "linux" else None
    return found[1].strip() if found else platform.processor() or "an unknown processor"
