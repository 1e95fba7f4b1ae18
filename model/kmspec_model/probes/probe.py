"""What a probe is, and the well-formed names of nothing."""

from typing import NamedTuple

from kmspec_model.command import Command, Value, command

UNKNOWN_KEY = "00000000-0000-4000-8000-000000000000"
UNKNOWN_STORE = "cks-00000000000000000"
UNKNOWN_CLUSTER = "cluster-aaaaaaaaaaa"
UNKNOWN_HSM = "hsm-aaaaaaaaaaa"
UNKNOWN_BACKUP = "backup-aaaaaaaaaaa"


class Probe(NamedTuple):
    """One command to try; ``label`` is its operation, and its variant behind a slash."""

    label: str
    command: Command


def kms(variant: str, operation: str, **arguments: Value) -> Probe:
    """A probe of AWS KMS; the variant is empty for the plain one."""
    label = f"{operation}/{variant}" if variant else operation
    return Probe(label, command("kms", operation, **arguments))
