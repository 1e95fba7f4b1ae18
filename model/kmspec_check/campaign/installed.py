"""What is installed: the only place that says whether two machines would find the same."""

import hashlib
import importlib.util
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

_OURS = ("kmspec", "kmspec_model", "kmspec_check", "kmspec_impl")
_SUFFIXES = frozenset({".py", ".toml", ".json"})


class Installed(NamedTuple):
    """Of what findings depend on, which version is here."""

    python: str
    kmspec: str
    """With a digest of its files."""
    hypothesis: str
    botocore: str
    cryptography: str

    def difference(self, other: "Installed") -> str:
        """The first way in which another machine differs, in words, or nothing."""
        for name, ours, theirs in zip(self._fields, self, other, strict=True):
            if ours != theirs:
                return f"{name} {theirs}, and here is {ours}"
        return ""


@cache
def installed() -> Installed:
    """What is installed here."""
    python = ".".join(platform.python_version_tuple()[:2])
    others = (metadata.version(name) for name in ("hypothesis", "botocore", "cryptography"))
    return Installed(python, f"{metadata.version('kmspec')} ({_digest()})", *others)


def _digest() -> str:
    """Twelve hex digits that are others when a file of ours is."""
    digest = hashlib.sha256()
    for name in _OURS:
        found = importlib.util.find_spec(name)
        for folder in (found.submodule_search_locations or ()) if found else ():
            for file in sorted(Path(folder).rglob("*")):
                if file.suffix in _SUFFIXES:
                    digest.update(f"{file.relative_to(folder).as_posix()}\n".encode())
                    digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
