"""A Dask cluster finds what one process finds, though one of its workers is killed."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kmspec_check.campaign.exploring import exploring
from kmspec_check.campaign.workers import Alone
from kmspec_check.events import silent
from kmspec_check.target import Trouble
from kmspec_model.model import Model
from tests.campaigns.support import Fatal, bytes_of, campaign
from tests.helpers.machine import explored

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=60
    ) as here:
        yield here.scheduler_address


@pytest.mark.filterwarnings("ignore:Do not use the .random. module")
def test_a_cluster_finds_what_one_finds_though_a_worker_is_killed(
    address: str, tmp_path: Path
) -> None:
    from kmspec_check.campaign.cluster import cluster  # noqa: PLC0415 - needs the extra

    fatal = Fatal(tmp_path / "killed")
    with cluster(address) as workers:
        assert bytes_of(campaign(workers, fatal)) == bytes_of(campaign(Alone()))
    assert fatal.mark.exists()


def test_a_cluster_explores_what_one_process_does(address: str) -> None:
    from kmspec_check.campaign.cluster import cluster  # noqa: PLC0415 - needs the extra

    with cluster(address) as workers, exploring(workers, silent) as visit:
        assert visit(Model(), "login") == explored().graphs["login"]


@pytest.mark.parametrize("given", ["tcp://127.0.0.1:1", "nonsense", "foo://x", "silent"])
def test_an_address_of_no_scheduler_is_told(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kmspec_check.campaign import cluster  # noqa: PLC0415 - needs the extra

    monkeypatch.setattr(cluster, "_CONNECT_WITHIN", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        if given == "silent":
            given = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Trouble, match=f"^no Dask scheduler answers at {given}; start one"):
            cluster.cluster(given).__enter__()
