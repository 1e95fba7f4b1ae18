"""What a predicate looks at: a request, a KMS key in it, or a key store and its cluster."""

from collections.abc import Callable
from typing import TypeAlias

from kmspec_model.case import Case
from kmspec_model.world import Cluster, Key, Store, World

OfCase: TypeAlias = Callable[[Case], bool]
OfKey: TypeAlias = Callable[[Case, Key], bool]
OfStore: TypeAlias = Callable[[World, Store, Cluster | None], bool]
