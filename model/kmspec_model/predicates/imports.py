"""Predicates of requests about imported key material."""

from collections.abc import Mapping

from kmspec import limits
from kmspec.names import (
    ExpirationModel,
    ImportType,
    KeySpec,
    MultiRegionKeyType,
    WrappingAlgorithm,
    WrappingKeySpec,
)
from kmspec_model.case import Case
from kmspec_model.command import Ref
from kmspec_model.materials import ImportParameters, Wrapped, imported, read, spec_of
from kmspec_model.predicates.kinds import OfCase

_RSA_AES = (
    WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_1,
    WrappingAlgorithm.RSA_AES_KEY_WRAP_SHA_256,
)
_OAEP = (WrappingAlgorithm.RSAES_OAEP_SHA_1, WrappingAlgorithm.RSAES_OAEP_SHA_256)


def _wrapping_not_supported(case: Case) -> bool:
    algorithm, spec = case.arguments["WrappingAlgorithm"], case.arguments["WrappingKeySpec"]
    return algorithm not in (*_OAEP, *_RSA_AES) or spec == WrappingKeySpec.SM2


def _wrapping_does_not_suit(case: Case) -> bool:
    if case.key is None:
        return False
    spec, algorithm = case.key.spec, case.arguments["WrappingAlgorithm"]
    if spec.startswith("RSA"):
        return algorithm not in _RSA_AES
    if not spec.startswith("ECC"):
        return algorithm in _RSA_AES
    small = case.arguments["WrappingKeySpec"] == WrappingKeySpec.RSA_2048
    return spec == KeySpec.ECC_NIST_P521 and small and algorithm in _OAEP


def _expires(case: Case) -> bool:
    model = case.arguments.get("ExpirationModel", ExpirationModel.EXPIRES)
    return bool(model == ExpirationModel.EXPIRES)


def _valid_to_out_of_range(case: Case) -> bool:
    valid_to = case.arguments.get("ValidTo")
    if not isinstance(valid_to, Ref):
        return False
    return not 0 < valid_to.index <= limits.MATERIAL_VALIDITY_DAYS * limits.DAY


def _new_material_with_id(case: Case) -> bool:
    new = case.arguments.get("ImportType") == ImportType.NEW
    return new and "KeyMaterialId" in case.arguments


def _new_material_of_replica(case: Case) -> bool:
    new = case.arguments.get("ImportType") == ImportType.NEW
    return new and case.key is not None and case.key.role == MultiRegionKeyType.REPLICA


def _material_member_of_no_symmetric_key(case: Case) -> bool:
    members = {"ImportType", "KeyMaterialId", "KeyMaterialDescription"}
    symmetric = case.key is None or case.key.spec == KeySpec.SYMMETRIC_DEFAULT
    return not symmetric and not members.isdisjoint(case.arguments)


def _parameters(case: Case) -> ImportParameters | None:
    """The import parameters that the token is of, if it is of any for this KMS key."""
    token = case.arguments["ImportToken"]
    for row in case.world.parameters:
        if isinstance(token, Ref) and row.index == token.index:
            return row if case.key is not None and row.key == case.key.index else None
    return None


def _token_of_another_key(case: Case) -> bool:
    return _parameters(case) is None


def _token_expired(case: Case) -> bool:
    row = _parameters(case)
    return row is not None and row.expires <= case.world.now


def _content(case: Case) -> Wrapped | None:
    """What comes out when the token's key unwraps, if anything does."""
    row = _parameters(case)
    given = read(case.arguments["EncryptedKeyMaterial"])
    fits = row is not None and (row.index, row.algorithm) == (given.parameters, given.algorithm)
    return given if fits and not given.corrupt else None


def _not_wrapped(case: Case) -> bool:
    return _parameters(case) is not None and _content(case) is None


def _material_of_another_kind(case: Case) -> bool:
    content = _content(case)
    return (
        content is not None and case.key is not None and spec_of(content.material) != case.key.spec
    )


def _is_known(case: Case) -> bool | None:
    """Whether the key has the key material; ``None`` where there is none to speak of."""
    content = _content(case)
    if content is None or case.key is None or _material_of_another_kind(case):
        return None
    return case.key.material(imported(case.key.index, content.material)) is not None


def _is_new(case: Case) -> bool:
    """Whether an import is of new key material: as it says, or the first without saying so."""
    key = case.key
    default = ImportType.NEW if key is None or key.current is None else ImportType.EXISTING
    return bool(case.arguments.get("ImportType", default) == ImportType.NEW)


def _material_not_the_named(case: Case) -> bool:
    named, content = case.arguments.get("KeyMaterialId"), _content(case)
    if named is None or content is None or case.key is None:
        return False
    return bool(named != Ref("keymaterial", imported(case.key.index, content.material)))


def _material_waits(case: Case) -> bool:
    waits = case.key is not None and case.key.pending is not None
    return waits and _is_new(case) and _is_known(case) is False


def _material_unknown(case: Case) -> bool:
    named = case.arguments.get("KeyMaterialId")
    if named is None or case.key is None:
        return False
    return not isinstance(named, Ref) or case.key.material(named.index) is None


OF_CASE: Mapping[str, OfCase] = {
    "wrapping-not-supported": _wrapping_not_supported,
    "wrapping-does-not-suit": _wrapping_does_not_suit,
    "valid-to-missing": lambda case: _expires(case) and "ValidTo" not in case.arguments,
    "valid-to-not-wanted": lambda case: not _expires(case) and "ValidTo" in case.arguments,
    "valid-to-out-of-range": _valid_to_out_of_range,
    "new-material-of-replica": _new_material_of_replica,
    "new-material-with-id": _new_material_with_id,
    "material-member-of-no-symmetric-key": _material_member_of_no_symmetric_key,
    "token-of-another-key": _token_of_another_key,
    "token-expired": _token_expired,
    "not-wrapped": _not_wrapped,
    "material-of-another-kind": _material_of_another_kind,
    "material-not-the-same": lambda case: not _is_new(case) and _is_known(case) is False,
    "material-not-the-named": _material_not_the_named,
    "material-not-new": lambda case: _is_new(case) and bool(_is_known(case)),
    "material-waits": _material_waits,
    "material-unknown": _material_unknown,
}
"""By the word the tables use."""
