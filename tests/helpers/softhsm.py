"""SoftHSM: the only place where tests look for it, and say why they are skipped without it."""

import importlib.util

import pytest


def require() -> None:
    """Skip the test, and say why, where no token can be had."""
    if importlib.util.find_spec("pkcs11") is None:
        pytest.skip("no python-pkcs11 here: no HSM was a token; install kmspec[pkcs11]")
    from kmspec_impl.hsm.library import softhsm  # noqa: PLC0415 - it needs python-pkcs11

    if softhsm() is None:
        pytest.skip("no SoftHSM 2 here: no HSM was a token; install it (Debian: softhsm2)")
