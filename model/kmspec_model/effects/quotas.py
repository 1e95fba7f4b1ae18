"""Effects of many requests at one moment."""

from collections.abc import Callable, Mapping

from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import OneOf, members
from kmspec_model.predicates import rate_of

NONE_THROTTLED = "none"
SOME_THROTTLED = "some"


def burst(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """Whether some of the requests are throttled.

    The shape of AWS's quota is not documented: up to its rate none may be, beyond twice its rate
    some must be, and between the two either is accepted.
    """
    named = case.arguments["KeyId"]
    key = case.world.key(named.index) if isinstance(named, Ref) else None
    store = case.world.store(key.store) if key is not None else None
    if store is None:
        return ()
    rate = rate_of(case.world.cluster(store.cluster))
    spent = case.world.spent_by(store.index) + int(case.arguments["Count"])
    options = []
    if spent <= 2 * rate:
        options.append(NONE_THROTTLED)
    if spent > rate:
        options.append(SOME_THROTTLED)
    others = {one: count for one, count in case.world.spent if one != store.index}
    world = case.world._replace(spent=tuple(sorted({**others, store.index: spent}.items())))
    return (Change(world, members(Throttled=OneOf(tuple(options)))),)


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {"Burst": burst}
