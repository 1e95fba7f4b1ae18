"""Request quotas: the only place that decides whether a request comes too fast.

A quota is a token bucket that holds one second's worth and is filled steadily, by the
emulator's clock: the same requests at the same moments are always throttled alike. A throttled
request takes nothing from any bucket (quotas.md, open questions 1 and 2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from kmspec.limits import (
    BUSY_CLUSTER_RATE,
    CLUSTER_CAPACITY,
    CUSTOM_KEY_STORE_RATE,
    Quota,
    request_quotas,
)
from kmspec.names import ErrorCode
from kmspec_impl.caller import Caller
from kmspec_impl.errors import ServiceError
from kmspec_impl.storage.tables import Table

THROTTLED: Final = (
    "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."
)
"""[Throttling]"""

_WHOLE: Final = 1 - 1e-9
"""A token, but for what floating point loses."""


class Enforced(StrEnum):
    """Which quotas an emulator enforces."""

    NONE = "none"
    STORE = "store"
    """The quota of each custom key store, and what its cluster still has to give."""
    ALL = "all"
    """Those of the account as well, shared and per operation."""


class Charge(NamedTuple):
    """One request's demand on the bucket of that name, which is filled at ``rate`` per second."""

    bucket: str
    rate: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many tokens there were at a moment."""

    id: str
    moment: float
    tokens: float


class Quotas:
    """The buckets of all accounts and Regions, full at first."""

    def __init__(self, enforced: Enforced, buckets: Table[Bucket] | None = None) -> None:
        self._stores = enforced is not Enforced.NONE
        self.counts_operations = enforced is Enforced.ALL
        self._buckets = Table[Bucket]() if buckets is None else buckets
        self._names: dict[tuple[Caller, str], str] = {}
        self._of_operation: dict[str, Quota] = {}
        self._of_spec: dict[tuple[str, str], Quota] = {}
        for quota in request_quotas():
            for operation in quota.operations:
                if not quota.specs:
                    self._of_operation[operation] = quota
                for spec in quota.specs:
                    self._of_spec[operation, spec] = quota

    def charge_operation(self, caller: Caller, operation: str, now: float, times: int = 1) -> None:
        """One request of ``operation`` in this account and Region, or what counts as several.

        :raises ServiceError: ThrottlingException; only when quotas of the account are enforced.
        """
        quota = self._of_operation.get(operation)
        if quota is not None and self.counts_operations:
            self._charge(caller, (_demand(quota, caller),) * times, now)

    def charge_keys(self, caller: Caller, operation: str, specs: Iterable[str], now: float) -> None:
        """One request of ``operation`` with KMS keys, or for a data key pair, of these key specs.

        Keys that share a quota count once.

        :raises ServiceError: ThrottlingException; only when quotas of the account are enforced.
        """
        if self.counts_operations:
            found = (self._of_spec.get((operation, spec)) for spec in specs)
            charges = {_demand(quota, caller) for quota in found if quota is not None}
            self._charge(caller, sorted(charges), now)

    def charge_stores(self, caller: Caller, charges: Iterable[Charge], now: float) -> None:
        """One request to each of these stores, all or none.

        :raises ServiceError: ThrottlingException, when one of them has no token left.
        """
        if self._stores:
            self._charge(caller, charges, now)

    def _charge(self, caller: Caller, charges: Iterable[Charge], now: float) -> None:
        taken: dict[str, Bucket] = {}
        for name, rate in charges:
            bucket = self._names.get((caller, name))
            if bucket is None:
                bucket = f"{caller.account} {caller.region} {name}"
                self._names[caller, name] = bucket
            # A quota of less than one per second still gives whole requests.
            tokens, known = max(rate, 1.0), taken.get(bucket) or self._buckets.get(bucket)
            if known is not None:
                passed = max(round(now - known.moment, 6), 0.0)  # clocks of two machines differ
                tokens = min(known.tokens + passed * rate, tokens)
            if tokens < _WHOLE:
                raise ServiceError(ErrorCode.THROTTLING, THROTTLED)
            taken[bucket] = Bucket(bucket, now, tokens - 1.0)
        for filled in taken.values():
            self._buckets.put(filled)


def _demand(quota: Quota, caller: Caller) -> Charge:
    return Charge(quota.name, quota.regions.get(caller.region, quota.rate))


def store_rate(load: float) -> float:
    """What a store gets, per second, of a cluster that does ``load`` operations of other work.

    Never more than the quota of a store, and always a little [UseKeys].
    """
    return min(max(CLUSTER_CAPACITY - load, BUSY_CLUSTER_RATE), CUSTOM_KEY_STORE_RATE)
