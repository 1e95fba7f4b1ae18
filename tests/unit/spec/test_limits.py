"""The numbers: the quotas that the emulator reads are the rows that the tables check."""

from kmspec import limits
from kmspec.tables import load


def test_both_readers_of_the_quota_table_agree() -> None:
    read = [(quota.name, quota.rate, quota.operations) for quota in limits.request_quotas()]
    checked = [(quota.name, quota.rate, quota.operations) for quota in load().quotas]
    assert read == checked


def test_every_quota_is_of_an_operation_in_scope() -> None:
    known = set(load().operations)
    for quota in load().quotas:
        assert set(quota.operations) <= known, quota.name
