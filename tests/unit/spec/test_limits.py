"""The numbers: the quotas that the emulator reads are the rows that the tables check."""

from kmspec import limits
from kmspec.tables import load


def test_both_readers_of_the_quota_table_agree() -> None:
    read = [
        (quota.name, quota.rate, quota.operations, quota.specs) for quota in limits.request_quotas()
    ]
    checked = [(quota.name, quota.rate, quota.operations, quota.specs) for quota in load().quotas]
    assert read == checked


def test_every_quota_is_of_an_operation_in_scope() -> None:
    known = set(load().operations)
    for quota in load().quotas:
        assert set(quota.operations) <= known, quota.name


def test_every_operation_counts_in_one_quota_for_each_kind_of_key() -> None:
    """Of two that count the same request the table could mean either."""
    specs = set(load().key_specs)
    seen: set[tuple[str, str]] = set()
    for quota in load().quotas:
        assert set(quota.specs) <= specs, quota.name
        for operation in quota.operations:
            pairs = {(operation, spec) for spec in quota.specs or specs}
            assert not pairs & seen, quota.name
            seen |= pairs
