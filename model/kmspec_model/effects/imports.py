"""Effects of importing and deleting key material."""

from collections.abc import Callable, Mapping

from kmspec import limits
from kmspec.names import KeySpec, MultiRegionKeyType
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.materials import ImportParameters, Material, imported, read
from kmspec_model.moves import Change, Moves
from kmspec_model.outcome import Bind, Mark, Pattern, members
from kmspec_model.states import completeness
from kmspec_model.world import Key, World


def parameters(_moves: Moves, case: Case) -> tuple[Change, ...]:
    """A public key and an import token, remembered if the command asks for it."""
    if case.key is None:
        return ()
    world = case.world
    index = world.made.parameters
    token: Pattern = Mark.PRESENT
    public: Pattern = Mark.PRESENT
    if case.command.keep:
        row = ImportParameters(
            index,
            case.key.index,
            str(case.arguments["WrappingAlgorithm"]),
            world.now + limits.IMPORT_TOKEN_VALIDITY * 1000,
        )
        world = world._replace(
            parameters=(*world.parameters, row),
            made=world.made._replace(parameters=index + 1),
        )
        token, public = Bind(Ref("token", index)), Bind(Ref("wrapping", index))
    answer = members(
        KeyId=Ref("key", case.key.index, "arn"),
        ImportToken=token,
        PublicKey=public,
        ParametersValidTo=Mark.PRESENT,
    )
    return (Change(world, answer),)


def _material_id(key: Key, material: Material | None) -> dict[str, Pattern]:
    """The id of a key material, where one is answered: of symmetric encryption keys."""
    if key.spec != KeySpec.SYMMETRIC_DEFAULT:
        return {}
    return {"KeyMaterialId": Mark.ABSENT if material is None else Bind(material.name)}


def import_material(moves: Moves, case: Case) -> tuple[Change, ...]:
    """The key material is there, until it expires if it does."""
    key = case.key
    if key is None:
        return ()
    chosen = read(case.arguments["EncryptedKeyMaterial"]).material
    moment = case.arguments.get("ValidTo")
    valid_to = case.world.now + moment.index * 1000 if isinstance(moment, Ref) else None
    known = key.material(imported(key.index, chosen))
    material = known if known is not None else Material(imported(key.index, chosen), chosen)
    described = str(case.arguments.get("KeyMaterialDescription", material.description))
    material = material._replace(present=True, valid_to=valid_to, description=described)
    after = key.with_material(material)
    move = moves.of("key", "ImportKeyMaterial", key.state, completeness(after))
    answer = members(KeyId=Ref("key", key.index, "arn"), **_material_id(key, material))
    rules: tuple[str, ...] = (*move.rule, "effect/ImportKeyMaterial/materials")
    world = case.world
    if after.pending is not None and key.pending is None:
        waiting = after.pending._replace(present=False, valid_to=None, description="")
        world = _with_pending(world, key, waiting)
        rules = (*rules, "effect/ImportKeyMaterial/replicas") if key.role else rules
    return tuple(
        Change(world.with_key(after._replace(state=state)), answer, rules) for state in move.states
    )


def delete_material(moves: Moves, case: Case) -> tuple[Change, ...]:
    """Key material is gone, and what was not rotated to yet is forgotten."""
    key = case.key
    if key is None:
        return ()
    named = case.arguments.get("KeyMaterialId")
    material = key.material(named.index) if isinstance(named, Ref) else key.current
    answer = members(KeyId=Ref("key", key.index, "arn"), **_material_id(key, material))
    world, after = (case.world, key) if material is None else without(case.world, key, material)
    move = moves.of("key", "DeleteImportedKeyMaterial", key.state, completeness(after))
    rules: tuple[str, ...] = (*move.rule, "effect/DeleteImportedKeyMaterial/materials")
    if key.role and key.pending is not None and after.pending is None:
        rules = (*rules, "effect/DeleteImportedKeyMaterial/replicas")
    return tuple(
        Change(world.with_key(after._replace(state=state)), answer, rules) for state in move.states
    )


def without(world: World, key: Key, material: Material) -> tuple[World, Key]:
    """The world and the key when that key material is deleted.

    What waits with a primary key is deleted with its replica keys, too.
    """
    waits = key.pending is not None and key.pending.index == material.index
    if waits and key.role != MultiRegionKeyType.REPLICA:
        return _with_pending(world, key, None), key._replace(pending=None)
    return world, key.with_material(material._replace(present=False, valid_to=None))


def _with_pending(world: World, key: Key, pending: Material | None) -> World:
    """With what the keys related to a primary key wait for."""
    for one in world.others_of(key):
        world = world.with_key(one._replace(pending=pending))
    return world


EFFECTS: Mapping[str, Callable[[Moves, Case], tuple[Change, ...]]] = {
    "GetParametersForImport": parameters,
    "ImportKeyMaterial": import_material,
    "DeleteImportedKeyMaterial": delete_material,
}
