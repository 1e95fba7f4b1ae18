"""The house: what is installed, what `make test` runs, and what no file may contain."""

import os
import re
import tomllib
from typing import Any, Final

import pytest

from tests.helpers.source import ROOT, text, tracked

REGISTRIES: Final = re.compile(
    r"\b(?:pypi\.(?:python\.)?org|pythonhosted\.org|registry\.npmjs|proxy\.golang|crates\.io)"
)
MACHINE_PATHS: Final = re.compile(r"(?<![\w.:/-])/(?:home|root|work|Users|opt|tmp|mnt|srv)/\w")
LOCK_FILES: Final = {"poetry.lock", "uv.lock", "Pipfile.lock", "pdm.lock", "pylock.toml"}
PIN: Final = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+")


def project() -> dict[str, Any]:
    """`pyproject.toml`, parsed."""
    return tomllib.loads(text("pyproject.toml"))


def recipe(target: str) -> str:
    """The lines of a target of the Makefile."""
    found = re.search(rf"^{target}:[^\n]*\n((?:\t[^\n]*\n?)+)", text("Makefile"), re.MULTILINE)
    assert found is not None, f"give the Makefile a target named {target}"
    return found[1]


def word(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[><=;!~ ]", name)[0]).lower()


@pytest.mark.parametrize(
    "step", ["ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"]
)
def test_make_test_runs(step: str) -> None:
    assert step in recipe("test"), f"add `{step}` to the target test of the Makefile"


def test_continuous_integration_calls_make_test() -> None:
    assert re.search(r"^make test$", text(".ci/run"), re.MULTILINE), ".ci/run must call make test"
    assert os.access(ROOT / ".ci/run", os.X_OK), "make it executable: chmod +x .ci/run"


def test_the_one_rule_is_a_contract() -> None:
    contracts = project()["tool"]["importlinter"]["contracts"]
    forbidden = {
        (source, module)
        for contract in contracts
        for source in contract["source_modules"]
        for module in contract["forbidden_modules"]
    }
    wanted = {
        ("kmspec", "kmspec_model"),
        ("kmspec", "kmspec_check"),
        ("kmspec", "kmspec_impl"),
        ("kmspec_model", "kmspec_check"),
        ("kmspec_model", "kmspec_impl"),
        ("kmspec_check", "kmspec_impl"),
        ("kmspec_impl", "kmspec"),
        ("kmspec_impl", "kmspec_model"),
        ("kmspec_impl", "kmspec_check"),
    }
    missing = wanted - forbidden
    assert not missing, f"forbid these imports again in pyproject.toml: {missing}"
    allowed = {line for contract in contracts for line in contract.get("ignore_imports", [])}
    assert allowed == {
        "kmspec_impl.** -> kmspec.names",
        "kmspec_impl.** -> kmspec.limits",
    }, "the emulator may import the vocabulary and the limits, nothing else of the spec"


def test_every_ignored_lint_rule_has_its_reason() -> None:
    section = text("pyproject.toml").partition("[tool.ruff.lint]")[2].partition("\n[tool.mypy]")[0]
    silent = re.findall(r'^ +"[A-Z]+[0-9]*",? *$', section, re.MULTILINE)
    assert not silent, f"write the reason beside each ignored rule: {silent}"


def test_requirements_are_plain_pins() -> None:
    lines = text("requirements.txt").splitlines()
    odd = [line for line in lines if not PIN.fullmatch(line)]
    assert not odd, f"write name==version and nothing else in requirements.txt: {odd}"


def test_everything_we_ask_for_is_pinned() -> None:
    pinned = {word(line) for line in text("requirements.txt").splitlines()}
    declared = project()["project"]
    extras = declared["optional-dependencies"].values()
    asked = [*declared["dependencies"], *(name for extra in extras for name in extra)]
    loose = [name for name in asked if word(name) not in pinned]
    assert not loose, f"install these and add them to requirements.txt: {loose}"


def test_there_are_no_lock_files() -> None:
    found = [name for name in tracked() if name.rpartition("/")[2] in LOCK_FILES]
    assert not found, f"remove these, requirements.txt holds the pins: {found}"


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        (REGISTRIES, "name no package registry"),
        (MACHINE_PATHS, "write a path relative to the repository, or ask for a temporary one"),
    ],
    ids=["registries", "machine-paths"],
)
def test_files_hold_nothing_of_one_machine(pattern: re.Pattern[str], remedy: str) -> None:
    found = [
        f"{name}:{number}"
        for name in tracked()
        if name != "tests/repository/test_house.py"
        for number, line in enumerate(text(name).splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"{remedy}: {found}"


def test_typed_packages_say_so() -> None:
    packages = {tuple(name.split("/")[:2]) for name in tracked() if name.endswith("__init__.py")}
    roots = {"/".join(parts) for parts in packages if parts[0] in {"spec", "model", "impl"}}
    untyped = [root for root in sorted(roots) if not (ROOT / root / "py.typed").exists()]
    assert not untyped, f"add an empty py.typed to: {untyped}"
