"""Effects: what the success of each operation answers and changes, a module a resource.

An effect is a pure function from a case to the changes that are permitted, the one that our
emulator makes first. It may take for granted that no guard refuses.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from kmspec_model.case import Case
from kmspec_model.effects import (
    aliases,
    attributes,
    backups,
    cloudhsm_tags,
    clusters,
    cryptography,
    hsms,
    imports,
    keys,
    kinds,
    operator,
    pages,
    quotas,
    recipients,
    regions,
    rotation,
    stores,
)
from kmspec_model.moves import Change, Moves

Effect: TypeAlias = Callable[[Moves, Case], tuple[Change, ...]]

_PLAIN: Mapping[str, Effect] = {
    **keys.EFFECTS,
    **aliases.EFFECTS,
    **attributes.EFFECTS,
    **cryptography.EFFECTS,
    **kinds.EFFECTS,
    **stores.EFFECTS,
    **clusters.EFFECTS,
    **hsms.EFFECTS,
    **backups.EFFECTS,
    **cloudhsm_tags.EFFECTS,
    **operator.EFFECTS,
    **quotas.EFFECTS,
    **imports.EFFECTS,
    **rotation.EFFECTS,
    **regions.EFFECTS,
}
EFFECTS: Mapping[str, Effect] = {**_PLAIN, **recipients.sealing(_PLAIN), **pages.paging(_PLAIN)}
"""The effect of every operation but ``Advance``, which is time itself."""
