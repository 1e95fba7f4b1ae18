"""The loader: every wrong row is an error that names the file and the row."""

import copy
from collections.abc import Callable

import pytest

from kmspec.faults import TableError
from kmspec.names import (
    BackupState,
    ClusterState,
    ConnectionErrorCode,
    ConnectionState,
    ErrorCode,
    HsmState,
    KeyState,
)
from kmspec.tables import Table, assemble, load, read_all


def test_every_cell_is_decided_for_every_state() -> None:
    spec = load()
    for cell in spec.cells:
        states = {state.name for state in spec.machines[cell.machine].states}
        row = {one.state for one in spec.cells if (one.table, one.row) == (cell.table, cell.row)}
        assert row == states, f"{cell.table}/{cell.row} leaves {states - row} undecided"
        assert cell.answers or not cell.reached, f"{cell.id} has no answer"


def test_every_rule_has_an_id_of_words_a_level_a_sentence_and_sources() -> None:
    for rule in load().rules.values():
        assert rule.sentence.endswith("."), rule.id
        assert rule.sources, rule.id
        assert not any(part.isdigit() for part in rule.id.split("/")), rule.id


def test_vocabulary_and_tables_name_the_same_states() -> None:
    spec = load()
    words = {
        "key": KeyState,
        "connection": ConnectionState,
        "cluster": ClusterState,
        "hsm": HsmState,
        "backup": BackupState,
    }
    for machine, enum in words.items():
        named = {state.name for state in spec.machines[machine].states}
        assert named == {str(word) for word in enum}
    assert {row.code for row in spec.connection_errors} == {
        str(code) for code in ConnectionErrorCode
    }
    assert set(spec.errors) <= {str(code) for code in ErrorCode}


def _drop_state(tables: dict[str, Table]) -> None:
    del tables["key_states/cryptography"]["row"]["Encrypt"]["cell"]["Updating"]


def _unknown_unreached(tables: dict[str, Table]) -> None:
    tables["key_states/attributes"]["row"]["RetireGrant"]["unreached"] = ["Made"]


def _unknown_answer(tables: dict[str, Table]) -> None:
    tables["key_states/cryptography"]["row"]["Encrypt"]["cell"]["Updating"] = "perhaps"


def _unknown_operation(tables: dict[str, Table]) -> None:
    tables["operations/cryptography"]["Encrypted"] = tables["operations/cryptography"].pop(
        "Encrypt"
    )


def _unknown_member(tables: dict[str, Table]) -> None:
    tables["operations/cryptography"]["Encrypt"]["key"] = "KeyName"


def _no_source(tables: dict[str, Table]) -> None:
    tables["conditions/cryptography"]["crypto"]["active-hsm"]["sources"] = []


def _unknown_source(tables: dict[str, Table]) -> None:
    tables["conditions/cryptography"]["crypto"]["active-hsm"]["sources"] = ["Hearsay"]


def _unknown_exception(tables: dict[str, Table]) -> None:
    tables["errors"]["NoSuchException"] = tables["errors"].pop("DisabledException")


def _unknown_target(tables: dict[str, Table]) -> None:
    tables["key"]["transition"][0]["to"] = "Elsewhere"


def _misspelt_state(tables: dict[str, Table]) -> None:
    tables["connection"]["state"][0]["name"] = "CONECTED"
    for row in tables["connection_states"]["row"].values():
        row["cell"]["CONECTED"] = row["cell"].pop("CONNECTED")
    for move in tables["connection"]["transition"]:
        for end in ("from", "to"):
            move[end] = move[end].replace("CONNECTED", "CONECTED").replace("DISCON", "DISCONN")


def _unknown_field(tables: dict[str, Table]) -> None:
    tables["conditions/cryptography"]["crypto"]["active-hsm"]["severity"] = "high"


def _two_of_one_id(tables: dict[str, Table]) -> None:
    tables["key"]["transition"].append(tables["key"]["transition"][0])


def _neither_answer_nor_decider(tables: dict[str, Table]) -> None:
    del tables["conditions/cryptography"]["crypto"]["active-hsm"]["answers"]


def _no_effect(tables: dict[str, Table]) -> None:
    del tables["effects/cryptography"]["Encrypt"]


def _no_key_states(tables: dict[str, Table]) -> None:
    del tables["key_states/cryptography"]["row"]["Encrypt"]


def _unknown_key_spec(tables: dict[str, Table]) -> None:
    specs = tables["key_specs"]["spec"]
    specs["RSA_1024"] = specs.pop("RSA_2048")


def _drifted_algorithms(tables: dict[str, Table]) -> None:
    tables["key_specs"]["spec"]["HMAC_224"]["usages"]["GENERATE_VERIFY_MAC"] = []


def _drifted_key_pairs(tables: dict[str, Table]) -> None:
    del tables["key_specs"]["spec"]["RSA_4096"]["data-key-pair"]


def _algorithm_without_digest(tables: dict[str, Table]) -> None:
    del tables["key_specs"]["algorithm"]["ECDSA_SHA_256"]


def _bound_of_another_algorithm(tables: dict[str, Table]) -> None:
    tables["key_specs"]["spec"]["HMAC_224"]["plaintext"] = {"RSAES_OAEP_SHA_1": 1}


def _kind_without_source(tables: dict[str, Table]) -> None:
    tables["key_specs"]["spec"]["SM2"]["sources"] = []


WRONG: dict[str, tuple[Callable[[dict[str, Table]], None], str]] = {
    "a state left out": (_drop_state, "key_states/cryptography.toml, row Encrypt.*Updating"),
    "a state that is unreached and none": (_unknown_unreached, "row RetireGrant.*Made"),
    "an answer not defined": (_unknown_answer, "row Encrypt: answer 'perhaps'"),
    "an operation AWS does not have": (_unknown_operation, "Encrypt"),
    "a member AWS does not have": (_unknown_member, "row Encrypt.*KeyName"),
    "no source": (_no_source, "crypto/active-hsm"),
    "a source not defined": (_unknown_source, "crypto/active-hsm.*Hearsay"),
    "an exception AWS does not have": (_unknown_exception, "DisabledException|NoSuchException"),
    "a transition to nowhere": (_unknown_target, "key.toml.*Elsewhere"),
    "a state AWS does not have": (_misspelt_state, "connection"),
    "a field no row has": (_unknown_field, "severity"),
    "one id twice": (_two_of_one_id, "two rows make the rule"),
    "a condition without an answer": (_neither_answer_nor_decider, "crypto/active-hsm"),
    "an operation without an effect": (_no_effect, "effects/: Encrypt"),
    "a key spec AWS does not have": (_unknown_key_spec, "KeySpec differs.*RSA_1024, RSA_2048"),
    "an algorithm that no key has": (_drifted_algorithms, "MacAlgorithmSpec.*HMAC_SHA_224"),
    "a data key pair left out": (_drifted_key_pairs, "DataKeyPairSpec.*RSA_4096"),
    "a signing algorithm without a row": (_algorithm_without_digest, "ECDSA_SHA_256"),
    "a bound of what does not encrypt": (_bound_of_another_algorithm, "HMAC_224.*OAEP_SHA_1"),
    "a key spec without a source": (_kind_without_source, "row SM2"),
    "an operation without key states": (_no_key_states, "key_states/: Encrypt"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_row_is_an_error_that_names_it(name: str) -> None:
    spoil, said = WRONG[name]
    tables = copy.deepcopy(read_all())
    spoil(tables)
    with pytest.raises(TableError, match=said):
        assemble(tables)


def test_one_cell_can_be_changed_as_an_edit_of_its_row_would() -> None:
    spec = load()
    changed = spec.with_cell("key-state/Encrypt/Enabled", "disabled")
    differing = [old.id for old, new in zip(spec.cells, changed.cells, strict=True) if old != new]
    assert differing == ["key-state/Encrypt/Enabled"]
    with pytest.raises(KeyError):
        spec.with_cell("crypto/active-hsm", "ok")
