"""Kills at random instants under a mixed load, in figures.

    python -m tests.crash.run [--kills 500] [--clients 8] [--seed 0] [--processes 3]

With several processes they share a database of PostgreSQL, one of them is killed each time, and
what is left is looked at by another as well.

Exit code 1: something that was answered was lost, something is half done, or the server did not
start again.
"""

import argparse
import itertools
import random
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import perf_counter
from types import MappingProxyType
from typing import Final

from benchmarks.servers import postgres
from kmspec_impl.client.endpoint import Endpoint
from kmspec_impl.client.keystore import up
from tests.crash.load import Enough, StoreWorker, Worker, look_at_key
from tests.crash.server import Client, Server

DELAY: Final = "0.02"
"""Seconds that connecting takes."""
FEWEST: Final = 15
MOST: Final = 150
"""Things done before a kill; it comes a random moment after the last of them."""
LONGEST: Final = 0.01
"""Seconds that moment may be away."""
CHECKED: Final = 40
"""So many of a client's newest ciphertexts are decrypted after a crash."""
SHOWN: Final = 20


@dataclass
class Found:
    """What came of a run."""

    kills: int = 0
    answered: int = 0
    resources: int = 0
    decrypted: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    """Seconds that a restart took, from the kill to the first answer."""
    faults: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The figures, for people."""
        kinds = Counter(fault.partition(":")[0] for fault in self.faults)
        lost, half, restarts = (kinds[kind] for kind in ("lost", "half done", "restart"))
        yield f"{self.kills} kills in {self.seconds:.0f} s, {self.answered} requests answered"
        yield f"{self.resources} resources looked at, {self.decrypted} ciphertexts decrypted"
        yield f"{lost} lost, {half} half done, {restarts} restarts failed"
        others = len(self.faults) - lost - half - restarts
        yield f"{others} other faults; the slowest restart took {self.slowest:.2f} s"
        yield from self.faults[:SHOWN]


def crash(
    kills: int,
    clients: int,
    seed: int,
    *options: str,
    processes: int = 1,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Found:
    """Kill one of the servers so often while clients are at work, and look at what is left."""
    found, rng, began = Found(), random.Random(seed), perf_counter()
    with ExitStack() as running:
        servers = [
            running.enter_context(Server("--delay", DELAY, *options, **variables))
            for _ in range(processes)
        ]
        workers = _workers(servers, clients, str(seed))
        for _ in range(kills):
            stop, enough = threading.Event(), Enough(rng.randint(FEWEST, MOST))
            threads = [
                threading.Thread(target=worker.work, args=(stop, enough)) for worker in workers
            ]
            for thread in threads:
                thread.start()
            enough.wait()
            stop.wait(rng.uniform(0, LONGEST))
            killed, server = perf_counter(), rng.choice(servers)
            server.end()
            stop.set()
            for thread in threads:
                thread.join()
            found.kills += 1
            others = [one for one in servers if one is not server]
            if others:
                _look(rng.choice(others), workers, found)
            try:
                server.start()
            except AssertionError as error:
                found.faults.append(f"restart: {error}")
                break
            client = server.connect()
            client.ask("ListKeys", Limit=1)
            client.close()
            found.slowest = max(found.slowest, perf_counter() - killed)
            _look(server, workers, found)
    for worker in workers:
        found.answered += worker.answered
        found.faults.extend(worker.faults)
    found.seconds = perf_counter() - began
    return found


def _workers(servers: Sequence[Server], clients: int, seed: str) -> list[Worker]:
    """One with a key store, the others with keys; each at one of the servers."""
    server, *_ = servers
    endpoint = Endpoint(f"http://127.0.0.1:{server.port}")
    store = up(endpoint, "crash", endpoint.pause).store_id
    client = server.connect()
    wanted = {"CustomKeyStoreId": store, "Origin": "AWS_CLOUDHSM", "Description": "in a store"}
    key = client.ask("CreateKey", **wanted)["KeyMetadata"]["KeyId"]
    client.close()
    places = itertools.islice(itertools.cycle(servers), 1, clients)
    others = (Worker(place, number, seed) for number, place in enumerate(places, 1))
    return [StoreWorker(server, 0, seed, store, key), *others]


def _look(server: Server, workers: list[Worker], found: Found) -> None:
    """Look at everything that anybody was told of, and at what was perhaps made."""
    client = server.connect()
    for worker in workers:
        for resource in worker.resources:
            found.resources += 1
            wrong = resource.check(client)
            if wrong:
                found.faults.append(wrong)
        usable = "NotThere"
        for sealed in worker.sealed[-CHECKED:]:
            answer = client.ask("Decrypt", CiphertextBlob=sealed)
            usable = answer.get("__type", "")
            found.decrypted += not usable
            if usable not in {"", "DisabledException", "KMSInvalidStateException"}:
                found.faults.append(f"lost: a ciphertext: {answer}")
    known = {f"key {worker.key}" for worker in workers if isinstance(worker, StoreWorker)}
    known |= {resource.name for worker in workers for resource in worker.resources}
    perhaps = {value for worker in workers for value in worker.created}
    for key in _keys(client):
        if f"key {key}" not in known:
            state = look_at_key(client, key) or {}
            whole = state.get("tags") == [state.get("description")] * 3
            if not whole or state["description"] not in perhaps:
                found.faults.append(f"half done: key {key}, which nobody was told of: {state}")
    client.close()


def _keys(client: Client) -> Iterator[str]:
    marker: dict[str, str] = {}
    while True:
        page = client.ask("ListKeys", Limit=1000, **marker)
        yield from (key["KeyId"] for key in page["Keys"])
        if not page["Truncated"]:
            return
        marker = {"Marker": page["NextMarker"]}


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description="Kill the emulator, again and again.")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    load = given.kills, given.clients, given.seed
    if given.processes > 1:
        with postgres.started(hurried=True) as database:
            where = ("--data-url", database.database())
            found = crash(*load, *where, processes=given.processes, variables=database.key())
    else:
        with tempfile.TemporaryDirectory() as directory:
            found = crash(*load, "--data-dir", directory)
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
