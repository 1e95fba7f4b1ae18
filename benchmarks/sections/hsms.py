"""HSMs: Encrypt on one HSM of each kind, called directly, without HTTP and without AWS KMS."""

import time
from typing import Final

from benchmarks.apart import apart
from benchmarks.customers import PLAINTEXT
from benchmarks.plan import Plan
from benchmarks.results import Ratio, Section, Table
from kmspec_impl.hsm.backend import Backend, MaskingKey, maker
from kmspec_impl.storage.tables import Table as Rows

TEXT: Final = """\
Encrypt of 32 bytes on one HSM, called in its own process: no HTTP, no AWS KMS.
"""


def measure(plan: Plan) -> Section:
    """Measure each kind."""
    kinds = [one for one in Backend if one is not Backend.PKCS11 or plan.has_tokens]
    rates = {kind: apart(rate, kind, 4 * plan.effort.seconds) for kind in kinds}
    software = rates[Backend.SOFTWARE]
    return Section(
        name="hsms",
        title="HSMs alone",
        text=TEXT,
        tables=(
            Table(
                title="Encrypt",
                columns=("", "Encrypt/s", "by software"),
                rows=tuple((kind.value, rate, rate / software) for kind, rate in rates.items()),
            ),
        ),
        ratios=tuple(
            Ratio(name=f"Encrypt on an HSM, {kind} by software", value=rate / software)
            for kind, rate in rates.items()
            if kind is not Backend.SOFTWARE
        ),
    )


def rate(backend: Backend, seconds: float) -> float:
    """Encrypt per second."""
    device = maker(backend, Rows[MaskingKey]())(Rows(), Rows(), Rows())
    handle = device.generate("kmsuser", "benchmark")
    count, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        device.encrypt(handle, PLAINTEXT, b"associated")
        count += 1
    return count / passed
