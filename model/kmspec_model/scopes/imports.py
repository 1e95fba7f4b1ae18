"""Scopes of imported key material."""

from collections.abc import Iterator

from kmspec_model.command import Command, Ref, command
from kmspec_model.explore import Scope
from kmspec_model.materials import imported
from kmspec_model.probes.imports import NEW
from kmspec_model.scopes.steps import key_life, when_settled
from kmspec_model.setup import (
    ALMOST,
    decrypt,
    encrypt,
    external_key,
    import_material,
    import_parameters,
    of_key,
)
from kmspec_model.world import World

_DAYS = 5
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


_TWO_KEYS = (external_key(), external_key(), import_parameters(0), import_parameters(1))
_IMPORTED = (external_key(), import_parameters(0), import_material(0), encrypt())


SCOPES = (
    Scope("imports", "a KMS key whose key material is imported", _TWO_KEYS, _imports),
    Scope("materials", "several imported key materials of one KMS key", _IMPORTED, _materials),
)
