"""Proofs in a script: the only place that says in Python what :mod:`kmspec_check.proofs` checks.

The functions that it names are those of the snippet for it.
"""

from collections.abc import Callable

from kmspec_check import wrapping
from kmspec_check.binding import agreement_key
from kmspec_check.trace import Trace
from kmspec_model import Command, Ref
from kmspec_model.materials import read

Written = Callable[[object], str]
"""Writes an argument as Python."""


def holds(trace: Trace, written: Written) -> str:
    """A predicate on what the last step answered."""
    command = trace.steps[-1].command
    arguments = {name: written(value) for name, value in command.arguments}
    public = f"call(kms, 'GetPublicKey', KeyId={arguments['KeyId']})['PublicKey']"
    match command.operation:
        case "Sign":
            form = arguments.get("MessageType", "'RAW'")
            of = f"{arguments['Message']}, {arguments['SigningAlgorithm']}, {form}"
            return f"lambda seen: signed({public}, seen, {of})"
        case "GenerateMac":
            of = f"{_imported(trace)!r}, {arguments['Message']}, {arguments['MacAlgorithm']}"
            return f"lambda seen: seen == mac({of})"
        case "DeriveSharedSecret":
            return f"lambda seen: seen == agreed({_agreement_key(command)!r}, {public})"
        case "GenerateDataKeyPair":
            return "lambda seen: paired(seen, answer['PublicKey'])"
        case "Encrypt":
            opened = f"decrypted({_imported(trace)!r}, seen, {arguments['EncryptionAlgorithm']})"
            return f"lambda seen: {opened} == {arguments['Plaintext']}"
    return f"lambda seen: paired({_imported(trace)!r}, seen)"


def _imported(trace: Trace) -> bytes:
    """The key material that was imported on the way."""
    given = (step.command.get("EncryptedKeyMaterial") for step in trace.steps)
    found = [read(ref).material for ref in given if isinstance(ref, Ref)]
    return wrapping.material(found[-1])


def _agreement_key(command: Command) -> bytes:
    """The private key of the public key that the command names."""
    public = command.get("PublicKey")
    if not isinstance(public, Ref):
        return b""
    return wrapping.pkcs8(agreement_key(public.index, public.form))
