"""What follows from a row: explanation, diagram and model change with it and nothing else."""

import pytest

from kmspec.tables import load
from kmspec_model.command import command
from kmspec_model.diagrams import mermaid
from kmspec_model.explain import Question, Unknown, explain, four_conditions, permitted_answers
from kmspec_model.model import Model
from kmspec_model.outcome import Success
from kmspec_model.setup import encrypt, of_key
from kmspec_model.world import EMPTY


def test_an_answer_names_rule_sentence_and_source() -> None:
    found = explain(load(), Question("Encrypt", key_state="Disabled"))
    assert found[0].rule.id == "key-state/Encrypt/Disabled"
    assert "DisabledException" in found[0].rule.sentence
    assert found[0].sources[0].where.startswith("https://docs.aws.amazon.com/")


def test_the_answers_of_a_cell_are_told_in_order() -> None:
    spec = load()
    question = Question("Encrypt", key_state="PendingDeletion")
    assert permitted_answers(spec, question) == ("KMSInvalidStateException", "DisabledException")
    assert permitted_answers(spec, Question("Encrypt", key_state="Enabled")) == ("success",)
    assert permitted_answers(spec, Question("Encrypt")) == ()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question("Encript"), "Encrypt"),
        (Question("Encrypt", key_state="Unavalable"), "Unavailable"),
        (Question("ConnectCustomKeyStore", connection_state="failed"), "FAILED"),
        (Question("ListKeys", key_state="Enabled"), "does not depend"),
        (
            Question("Encrypt", "Enabled", "DISCONNECTED"),
            "DISCONNECTED is Enabled: try Un",
        ),
        (
            Question("Encrypt", "Unavailable", "CONNECTED"),
            "CONNECTED is Unavailable: try En",
        ),
        (Question("Encrypt", "PendingImport", "CONNECTED"), "try Enabled, Disabled, PendingDel"),
        (Question("Encrypt", "Unavalable", "CONNECTED"), "no key state .* try Unavailable"),
    ],
)
def test_a_name_that_is_not_known_gets_near_ones(question: Question, said: str) -> None:
    with pytest.raises(Unknown, match=said):
        explain(load(), question)


@pytest.mark.parametrize(
    "word", ["kms:TagResource", "cloudhsmv2:TagResource", "cloudhsm:CreateHsm"]
)
def test_a_service_may_be_said(word: str) -> None:
    assert explain(load(), Question(word))
    with pytest.raises(Unknown, match="CreateHsm"):
        explain(load(), Question("kms:CreateHsm"))


def test_a_connection_state_is_told_by_the_key_state_it_shows_as() -> None:
    spec = load()
    question = Question("Encrypt", connection_state="DISCONNECTED")
    assert explain(spec, question)[0].rule.id == "key-state/Encrypt/Unavailable"
    assert permitted_answers(spec, question) == ("KMSInvalidStateException",)


def test_the_four_conditions_are_told_in_documented_order() -> None:
    words = [condition.id for condition in four_conditions(load())]
    assert words == [
        "crypto/key-enabled",
        "crypto/store-connected",
        "crypto/active-hsm",
        "crypto/key-material",
    ]


def test_one_edited_cell_changes_model_and_explanation() -> None:
    spec = load().with_cell("key-state/Encrypt/Disabled", "ok")
    changed = Model(spec)
    world = changed.permitted(EMPTY, command("kms", "CreateKey"))[0].world
    world = changed.permitted(world, of_key("DisableKey"))[0].world
    assert isinstance(changed.permitted(world, encrypt())[0].outcome, Success)
    assert not isinstance(Model().permitted(world, encrypt())[0].outcome, Success)
    told = explain(spec, Question("Encrypt", key_state="Disabled"))
    assert told[0].rule.id == "key-state/Encrypt/Disabled"
    assert permitted_answers(spec, Question("Encrypt", key_state="Disabled")) == ("success",)


def test_a_cell_that_refuses_takes_its_arrow_out_of_diagram_and_explanation() -> None:
    spec = load().with_cell("key-state/DisableKey/Enabled", "disabled")
    assert "Enabled --> Disabled: DisableKey" in mermaid(load(), "key")
    assert "Enabled --> Disabled: DisableKey" not in mermaid(spec, "key")
    told = [one.part for one in explain(spec, Question("DisableKey", key_state="Enabled"))]
    assert "success" not in told


@pytest.mark.parametrize("machine", ["key", "connection", "cluster", "hsm", "backup"])
def test_every_row_of_a_machine_is_an_arrow(machine: str) -> None:
    rows = load().machines[machine]
    drawn = mermaid(load(), machine)
    for move in rows.transitions:
        target = "[*]" if move.to == "gone" else move.to
        arrows = [line for line in drawn.splitlines() if f"{move.origin} -->" in line]
        expected = "Enabled" if target == "resumed" else target
        assert any(f"--> {expected}" in line and move.trigger in line for line in arrows)
    for state in rows.states:
        assert state.name in drawn
