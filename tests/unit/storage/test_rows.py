"""Every kind of row is read as it was written, and keeps its members from version to version."""

import dataclasses
import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmspec_impl.emulator import KINDS
from kmspec_impl.kms.state import Grant
from kmspec_impl.storage import rows
from kmspec_impl.storage.tables import Row

MEMBERS: Final = Path(__file__).with_name("members.txt")
"""What is in data directories out there. A change that is meant needs a default for a new member,
or a migration; then `KMSPEC_SNAPSHOTS=write .venv/bin/pytest tests/unit/storage`."""

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_row_is_read_as_it_was_written(kind: type[Row]) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        row = data.draw(strategy(kind))
        again = rows.from_bytes(kind, rows.to_bytes(row))
        assert again == row
        assert types(again) == types(row)

    check()


def strategy(kind: type[Row]) -> st.SearchStrategy[Row]:
    """Rows of a kind, by the types of its members."""
    if kind is Grant:
        return st.builds(Grant, constraints=st.dictionaries(st.text(), st.text()))
    return st.from_type(kind)


def types(row: Row) -> list[type]:
    """What the members are: a name is more than its text."""
    return [type(getattr(row, one.name)) for one in members(type(row))]


def members(kind: type[Row]) -> tuple[dataclasses.Field[object], ...]:
    """What a kind of row has."""
    return dataclasses.fields(kind)  # type: ignore[arg-type]  # each is a dataclass


def test_no_member_is_renamed_or_lost_unnoticed() -> None:
    told = "\n".join(
        f"{name}: " + ", ".join(f"{one.name} {one.type}" for one in members(kind))
        for name, kind in sorted(KINDS.items())
    )
    if os.environ.get("KMSPEC_SNAPSHOTS") == "write":
        MEMBERS.write_text(told + "\n", encoding="utf-8")
    assert told + "\n" == MEMBERS.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_row_tells_bytes_or_passwords_in_its_text(kind: type[Row]) -> None:
    shown = [one.name for one in members(kind) if one.repr and "bytes" in str(one.type)]
    assert [*shown, *(one.name for one in members(kind) if one.repr and "pass" in one.name)] == []
