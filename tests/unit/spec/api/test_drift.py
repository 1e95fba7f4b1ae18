"""The API that the installed botocore describes is the one that kmspec was written for.

When a new botocore has something else: look at the rows that are named, write what is missing,
then write the files of this folder anew:
`KMSPEC_SNAPSHOTS=write .venv/bin/pytest tests/unit/spec/api`.
"""

import os

import pytest

from tests.unit.spec.api.facts import LISTED, MODELS, differences, installed, known, look_at, write


def told(before: dict[str, str], now: dict[str, str]) -> str:
    """Every difference in a line, and where to look."""
    both = {**before, **now}
    lines = [f"  {one}\n    see {look_at(one, both)}" for one in differences(before, now)]
    return "\n".join(lines)


@pytest.mark.parametrize("service", MODELS)
def test_botocore_describes_what_is_known(service: str) -> None:
    if os.environ.get("KMSPEC_SNAPSHOTS") == "write":
        write(service)
    said = told(known(service), installed(service))
    assert not said, f"the service model of {service} is another than kmspec knows:\n{said}"


def test_a_difference_says_what_it_is_and_where_to_look() -> None:
    before = known("kms")
    now = dict(before)
    del now["error Encrypt.DisabledException"]
    now["enum KeyState.Sleeping"] = LISTED
    now["member EncryptRequest.Plaintext"] = "PlaintextType"
    now["operation Enchant"] = "EnchantRequest -> nothing"
    said = told(before, now).splitlines()
    assert [line.strip() for line in said[::2]] == [
        "added: enum KeyState.Sleeping: listed",
        "removed: error Encrypt.DisabledException, was listed",
        "changed: member EncryptRequest.Plaintext: was PlaintextType required, is PlaintextType",
        "added: operation Enchant: EnchantRequest -> nothing",
    ]
    assert "names.py" in said[1]
    assert "operations/keys.toml" in said[1]  # DescribeKey, which answers a KeyMetadata
    assert "operations/cryptography.toml" in said[3]
    assert "effects/cryptography.toml" in said[5]
    assert "no row yet" in said[7]
