"""Which rule is named for a wrong refusal, by what the target was seen to keep."""

from kmspec.tables import load
from kmspec_model.blame import violated_rule

CELL = "key-state/Encrypt/Enabled"
SHOULD, MUST = "crypto/internal-error", "usage/fits-operation"
WRONG_STATE = "KMSInvalidStateException"


def test_a_cell_that_was_not_seen_to_be_kept_is_named() -> None:
    for expected in (SHOULD, MUST):
        assert violated_rule(load(), (expected,), (CELL, expected), WRONG_STATE) == CELL


def test_a_cell_that_was_seen_to_be_kept_is_named_before_a_must_only() -> None:
    kept = {CELL}
    assert violated_rule(load(), (SHOULD,), (CELL, SHOULD), WRONG_STATE, kept) == SHOULD
    assert violated_rule(load(), (MUST,), (CELL, MUST), WRONG_STATE, kept) == CELL


def test_of_two_keys_the_one_whose_cell_was_not_seen_to_be_kept_is_named() -> None:
    first, second = "key-state/ReEncrypt/Enabled", "key-state/ReEncrypt/Disabled"
    named = violated_rule(load(), (first, second), (first, second), "DisabledException", {first})
    assert named == second
