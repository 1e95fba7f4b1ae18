"""Scopes of imported key material."""

from collections.abc import Iterator

from kmspec_model.command import Command, Ref, command
from kmspec_model.explore import Scope
from kmspec_model.materials import first_of, imported, usual_algorithm
from kmspec_model.probes.imports import NEW
from kmspec_model.scopes.regions import replicate, update_primary
from kmspec_model.scopes.steps import key_life, when_settled
from kmspec_model.setup import (
    ALMOST,
    SETTLE,
    create_alias,
    create_grant,
    decrypt,
    encrypt,
    external_key,
    import_material,
    import_parameters,
    of_key,
    schedule,
)
from kmspec_model.states import is_enabled
from kmspec_model.world import World

_DAYS = 5
_MORE_DAYS = 10
_MOST_PARAMETERS = 3


def _imports(world: World) -> Iterator[Command]:
    """One key material, which comes, expires, goes and comes again."""
    key = world.key(0)
    if key is None:
        return
    yield from key_life(0)
    token = max(one.index for one in world.parameters if one.key == 0)
    yield import_material(0, token)
    yield import_material(0, token, days=_DAYS)
    yield of_key("DeleteImportedKeyMaterial")
    if world.made.ciphertexts < 1:
        yield encrypt()
    else:
        yield decrypt()
    if any(one.valid_to is not None for one in key.materials):
        yield ALMOST
    expired = world.parameters[token].expires <= world.now
    if expired and world.made.parameters < _MOST_PARAMETERS:
        yield import_parameters()


def _materials(world: World) -> Iterator[Command]:
    """Several key materials, and rotation between them."""
    yield from when_settled(_of_materials(world), world)


def _of_materials(world: World) -> Iterator[Command]:
    key = world.keys[0]
    yield import_material(0)
    yield import_material(1)
    if len(key.materials) < 2:
        yield import_material(1, ImportType=NEW)
        yield import_material(2, ImportType=NEW)
        yield of_key("RotateKeyOnDemand")
    yield of_key("DeleteImportedKeyMaterial")
    for material in (0, 1):
        named = Ref("keymaterial", imported(0, material))
        yield command("kms", "DeleteImportedKeyMaterial", KeyId=Ref("key", 0), KeyMaterialId=named)
    if len(key.materials) > 1 and world.made.ciphertexts < 2:
        yield encrypt()
    for ciphertext in world.ciphertexts:
        yield decrypt(ciphertext.index)


def _replaced(world: World) -> Iterator[Command]:
    """A date at which key material expires, and another one in its place."""
    key = world.keys[0]
    if key.materials[0].present and world.parameters[0].expires > world.now:
        yield import_material(0)
        yield import_material(0, days=_MORE_DAYS)
    yield ALMOST


def _of_another_kind(world: World) -> Iterator[Command]:
    """A key that is not for symmetric encryption; there is no other key material for it."""
    key = world.key(0)
    if not world.made.keys:
        for spec, usage in _KINDS:
            yield external_key(KeySpec=spec, KeyUsage=usage)
    elif key is not None:
        if not world.made.parameters:
            yield import_parameters(0, usual_algorithm(key.spec))
            return
        yield import_material(first_of(key.spec))
        yield of_key("DeleteImportedKeyMaterial")
        if key.materials:
            yield from key_life(0)


def _of_replicas(world: World) -> Iterator[Command]:
    """Key material that is imported into a primary key and into its replica key."""
    yield from when_settled(_related(world), world)


def _related(world: World) -> Iterator[Command]:
    first, second = world.key(0), world.seen_from(1).key(0)
    if first is None:
        return
    if second is None:
        yield replicate()
        return
    if not world.seen_from(1).parameters:
        yield import_parameters().in_region(1)
        yield schedule()
        return
    token = world.seen_from(1).parameters[-1].index
    yield import_material(0, token).in_region(1)
    yield import_material(1, token).in_region(1)
    yield of_key("DeleteImportedKeyMaterial").in_region(1)
    if len(first.materials) < 2:
        yield import_material(1, ImportType=NEW)
        yield of_key("RotateKeyOnDemand")
        named = Ref("keymaterial", imported(0, 1))
        for region in (0, 1) if first.pending is not None else ():
            asked = command(
                "kms", "DeleteImportedKeyMaterial", KeyId=Ref("key", 0), KeyMaterialId=named
            )
            yield asked.in_region(region)
        if first.pending is None and is_enabled(second):
            yield of_key("DeleteImportedKeyMaterial")
            yield import_material(0)
            yield schedule()
            yield of_key("CancelKeyDeletion")


def _updated(world: World) -> Iterator[Command]:
    """Both related keys have their key material, so that the primary Region can be changed."""
    if world.primary(world.keys[0]) == world.keys[0]:
        yield from when_settled([update_primary()], world)


def _belongings(world: World) -> Iterator[Command]:
    """What belongs to a key outlives its key material."""
    del world
    yield of_key("DeleteImportedKeyMaterial")


_KINDS: tuple[tuple[str, str], ...] = (
    ("RSA_2048", "SIGN_VERIFY"),
    ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ("ECC_NIST_P521", "KEY_AGREEMENT"),
)
_PRIMARY = (
    external_key(MultiRegion=True, Description="primary"),
    import_parameters(0),
    import_material(0),
    encrypt(),
)
_TWO_KEYS = (external_key(), external_key(), import_parameters(0), import_parameters(1))
_IMPORTED = (external_key(), import_parameters(0), import_material(0), encrypt())

_REPLICATED = (
    *_PRIMARY,
    replicate(),
    SETTLE,
    import_parameters().in_region(1),
    import_material(0, 1).in_region(1),
)

SCOPES = (
    Scope("imports", "a KMS key whose key material is imported", _TWO_KEYS, _imports),
    Scope("materials", "several imported key materials of one KMS key", _IMPORTED, _materials),
    Scope(
        "imported-again",
        "key material imported again before it expires",
        (external_key(), import_parameters(0), import_material(0, days=_DAYS)),
        _replaced,
    ),
    Scope("imported-kinds", "imported key pairs and HMAC keys", (), _of_another_kind),
    Scope(
        "imported-replicas",
        "imported key material of a multi-Region primary key and its replica key",
        _PRIMARY,
        _of_replicas,
    ),
    Scope(
        "imported-updating",
        "related keys whose key material is imported, and another primary Region",
        _REPLICATED,
        _updated,
    ),
    Scope(
        "imported-belongings",
        "an alias and a grant of a key whose key material is imported",
        (*_IMPORTED, create_alias(), create_grant()),
        _belongings,
    ),
)
