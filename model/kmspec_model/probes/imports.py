"""Probes about imported key material."""

from collections.abc import Iterator

from kmspec import limits
from kmspec_model.command import Ref, Value
from kmspec_model.materials import ImportParameters, first_of, usual_algorithm
from kmspec_model.probes.probe import Probe, kms
from kmspec_model.setup import FOREVER, import_material, import_parameters
from kmspec_model.states import is_external
from kmspec_model.world import Key, World

NEW = "NEW_KEY_MATERIAL"
_YEAR = limits.MATERIAL_VALIDITY_DAYS


def imports(world: World, key: Key) -> Iterator[Probe]:
    """What can be tried with the key material of a key, of whatever origin it is."""
    named = Ref("key", key.index)
    usual = usual_algorithm(key.spec)
    yield Probe("GetParametersForImport", import_parameters(key.index, usual, keep=False))
    yield kms("", "DeleteImportedKeyMaterial", KeyId=named)
    own = [one for one in world.parameters if one.key == key.index]
    if not own:
        yield Probe("ImportKeyMaterial/no-token", import_material(0, 99, key.index))
    if not is_external(key):
        return
    for variant, algorithm, spec in (
        ("sha-1", "RSAES_OAEP_SHA_1", "RSA_3072"),
        ("pkcs-1", "RSAES_PKCS1_V1_5", "RSA_2048"),
        ("two-steps", "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
        ("sm2", "SM2PKE", "SM2"),
    ):
        asked = import_parameters(key.index, algorithm, spec, keep=False)
        yield Probe(f"GetParametersForImport/{variant}", asked)
    unknown: Value = Ref("keymaterial", 99)
    yield kms("unknown", "DeleteImportedKeyMaterial", KeyId=named, KeyMaterialId=unknown)
    for material in key.materials[:1] if len(key.materials) > 1 else ():
        yield kms("earlier", "DeleteImportedKeyMaterial", KeyId=named, KeyMaterialId=material.name)
    if key.pending is not None:
        waits = key.pending.name
        yield kms("waiting", "DeleteImportedKeyMaterial", KeyId=named, KeyMaterialId=waits)
    for parameters in own[-1:]:
        yield from _with(world, key, parameters)


def _with(world: World, key: Key, parameters: ImportParameters) -> Iterator[Probe]:
    """Imports with a token."""
    number, index = parameters.index, key.index
    first = first_of(key.spec)
    otherwise = "aes1" if usual_algorithm(key.spec).startswith("RSA_AES") else "sha1"

    def of(variant: str, material: int = 0, days: int = 0, **more: Value) -> Probe:
        label = f"ImportKeyMaterial/{variant}" if variant else "ImportKeyMaterial"
        return Probe(label, import_material(first + material, number, index, days, **more))

    yield of("")
    yield of("expires", days=20)
    yield of("described", KeyMaterialDescription="described")
    yield of("new", 1, ImportType=NEW)
    yield of("not-new", ImportType=NEW)
    yield of("another", 1, ImportType="EXISTING_KEY_MATERIAL")
    yield of("third", 2, ImportType=NEW)
    for material in key.materials[:1]:
        yield of("named", KeyMaterialId=material.name)
        yield of("new-and-named", 1, ImportType=NEW, KeyMaterialId=material.name)
    yield of("misnamed", KeyMaterialId=Ref("keymaterial", 99))
    yield of("another-implied", 1)
    yield of("too-short", 10 - first)
    yield of("corrupt", EncryptedKeyMaterial=Ref("material", first, f"{number}corrupt"))
    yield of("other-algorithm", EncryptedKeyMaterial=Ref("material", first, f"{number}{otherwise}"))
    yield of("no-token", ImportToken=Ref("token", 99))
    yield of("now", ValidTo=Ref("moment", 0), ExpirationModel="KEY_MATERIAL_EXPIRES")
    yield of("in-a-year", days=_YEAR)
    yield of("too-late", days=_YEAR + 1)
    yield of("no-valid-to", ExpirationModel="KEY_MATERIAL_EXPIRES")
    yield of("valid-to-not-wanted", days=20, ExpirationModel=FOREVER)
    for other in world.parameters:
        if other.key != index:
            token = Ref("token", other.index)
            yield of("token-of-another-key", ImportToken=token)
        elif other.index != number:
            token = Ref("token", other.index)
            yield of("token-of-another-pair", ImportToken=token)
