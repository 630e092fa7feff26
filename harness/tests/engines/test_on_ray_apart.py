"""Where there is no cluster, and where machines do not see the store."""

import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from harness.engines.demand import Demands
from harness.engines.in_process import InProcess
from harness.engines.on_ray import OnRay
from harness.errors import HarnessError
from harness.store import Store
from harness.tests.engines.clusters import NEEDS_RAY, Cluster, machines_of, of_a_model, wait_until
from harness.tests.engines.noted import Noted, noted, run_all
from harness.tests.engines.test_engines import require_same
from harness.tests.tiny import Project

pytestmark = [pytest.mark.slow, NEEDS_RAY]

THREADS = torch.get_num_threads()
DEMANDS = Demands(THREADS, lambda: 0)


def test_no_cluster_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether nobody answers at the address or none was started, and at once."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(HarnessError, match=rf"no cluster: RAY_ADDRESS '{address}'.*refused.*ray start --head"):
        OnRay(DEMANDS).__enter__()
    monkeypatch.setenv("RAY_ADDRESS", "nonsense")
    with pytest.raises(HarnessError, match=r"no cluster: RAY_ADDRESS 'nonsense'.*Invalid"):
        OnRay(DEMANDS).__enter__()


HIDDEN = 'mount -t tmpfs none "$0" && exec "$@"'
"""Of a shell of its own: whoever it starts sees an empty folder in the store's place."""


def hiding(folder: Path) -> Sequence[str]:
    """Return the command that starts another one which does not see what is in a folder; skip where that can't be."""
    command = ("unshare", "--mount", "sh", "-c", HIDDEN, str(folder))
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("file systems can't be hidden from a process here: that needs root, and unshare")
    return command


def test_a_machine_that_does_not_see_the_store_is_brought_what_it_needs(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it computed is taken from it: the store holds the same bits, and each was computed once."""
    here, there, log = Store(tmp_path / "here"), Store(tmp_path / "there"), tmp_path / "log"
    first = Noted("first", log)
    records = [first, Noted("second", log, (first,)), *of_a_model(project, tmp_path / "here")]
    run_all(InProcess(), records, here)
    behind = hiding(there.root)
    own = tmp_path / "own"
    with tempfile.TemporaryDirectory(prefix="ray") as folder, Cluster(Path(folder) / "r") as cluster:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        cluster.join(processors=THREADS, behind=behind, environment={"ICL_CLAIMS_STORE": str(own)})
        with OnRay(DEMANDS) as engine:
            wait_until(lambda: len(machines_of()) == 2)
            run_all(engine, records, there)
    require_same(here, there, records)
    require_same(here, Store(own), records)
    assert [name for name, _ in noted(log)] == ["first", "second"] * 2
    assert not list((there.root / "signs").iterdir())
