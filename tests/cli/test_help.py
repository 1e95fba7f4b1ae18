"""Help: what every command says of itself is pinned, for scripts depend on these words.

After a change that is meant: `KMSPEC_SNAPSHOTS=write .venv/bin/pytest tests/cli/test_help.py`.
"""

import os
from pathlib import Path
from typing import Final

import pytest

from tests.cli.conftest import Command

SNAPSHOTS: Final = Path(__file__).with_name("snapshots")
COMMANDS: Final = (
    "",
    "serve",
    "conform",
    "mutants",
    "replay",
    "call",
    "keystore",
    "keystore up",
    "data",
    "data export",
    "data import",
    "data reset",
    "vectors",
    "vectors export",
    "explain",
    "explore",
    "hsm",
    "hsm activate",
    "hsm user",
    "hsm user add",
    "hsm user password",
    "hsm user lock",
    "hsm user login",
    "hsm user logout",
    "hsm user remove",
    "hsm key",
    "hsm key list",
    "hsm key delete",
    "hsm fault",
    "hsm fault list",
    "hsm fault set",
    "hsm fault clear",
    "hsm load",
)


@pytest.mark.parametrize("words", COMMANDS)
def test_help(words: str, command: Command) -> None:
    file = SNAPSHOTS / f"{words.replace(' ', '-') or 'kmspec'}.txt"
    said = command(*words.split(), "--help").output
    if os.environ.get("KMSPEC_SNAPSHOTS") == "write":
        file.write_text(said)
    assert said == file.read_text(), f"if this is meant, write {file.name} anew (see the top)"
