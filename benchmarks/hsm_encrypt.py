"""Encrypt on one HSM, of each backend: called directly, without HTTP and without AWS KMS."""

import time
from typing import Final

from kmspec_impl.hsm.backend import Backend, MaskingKey, maker
from kmspec_impl.storage.tables import Table

SECONDS: Final = 2.0
ROUNDS: Final = 3
PLAINTEXT: Final = bytes(32)


def rate(backend: Backend) -> float:
    """Encrypt of 32 bytes per second, the best of some rounds."""
    device = maker(backend, Table[MaskingKey]())(Table(), Table(), Table())
    handle = device.generate("kmsuser", "benchmark")
    best = 0.0
    for _ in range(ROUNDS):
        count, begun = 0, time.perf_counter()
        while (passed := time.perf_counter() - begun) < SECONDS:
            device.encrypt(handle, PLAINTEXT, b"associated")
            count += 1
        best = max(best, count / passed)
    return best


if __name__ == "__main__":
    for one in Backend:
        print(f"{one:8} {rate(one):>9,.0f} Encrypt/s")
