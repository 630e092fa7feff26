"""Where there is no cluster, and where machines do not see the store."""

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from harness.engines.away import LostWorkerWarning
from harness.engines.demand import Demands
from harness.engines.on_ray import OnRay
from harness.errors import HarnessError
from harness.evidence.questions import OnTasks, Question
from harness.store import FACTS, TENSORS, Store
from harness.tests.engines.clusters import NEEDS_RAY, Cluster, wait_until
from harness.tests.engines.noted import Asked, Noted, noted, run_all
from harness.tests.tiny import Project, ready

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


def require_same_entries(one: Path, other: Path) -> None:
    """Fail unless two stores have the same entries, bit by bit, but for how long they took."""
    kept = {folder.relative_to(one) for folder in one.glob("runs/*/*") if (folder / FACTS).is_file()}
    assert kept == {folder.relative_to(other) for folder in other.glob("runs/*/*") if (folder / FACTS).is_file()}
    for folder in kept:
        assert (one / folder / TENSORS).read_bytes() == (other / folder / TENSORS).read_bytes()
        found = [json.loads((store / folder / FACTS).read_text())["facts"] for store in (one, other)]
        assert {**found[0], "seconds": 0} == {**found[1], "seconds": 0}


def test_a_machine_that_does_not_see_the_store_is_brought_what_it_needs(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole plan is computed in a store of its own, once, and taken from it: the same bits as in one process."""
    log = tmp_path / "log"
    first = Noted("first", log)
    questions: list[Question] = [
        OnTasks("sim_am"),
        OnTasks("kendall"),
        Asked(((first,), (Noted("second", log, (first,)),))),
    ]
    here, there, own = tmp_path / "here", tmp_path / "there", tmp_path / "own"
    ready(project.settings(here), *questions)
    behind = hiding(Store(there).root)
    with tempfile.TemporaryDirectory(prefix="ray") as folder, Cluster(Path(folder) / "r") as cluster:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        cluster.join(processors=THREADS, behind=behind, environment={"ICL_CLAIMS_STORE": str(own)})
        ready(project.settings(there, engine="ray", threads=THREADS), *questions)
    require_same_entries(here, there)
    require_same_entries(here, own)
    assert [name for name, _ in noted(log)] == ["first", "second"] * 2
    assert not list((there / "passing").iterdir())


def test_a_killed_machine_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its processes at once: the record that it had is named, and computed on the machine that is left."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    with tempfile.TemporaryDirectory(prefix="ray") as folder, Cluster(Path(folder) / "r") as cluster:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        machines = [cluster.join(processors=THREADS) for _ in range(2)]

        def kill() -> None:
            wait_until(lambda: noted(log))
            (machine,) = [each for each in machines if each.pid == os.getsid(noted(log)[0][1])]
            cluster.kill(machine)

        with ThreadPoolExecutor(1) as beside, OnRay(DEMANDS) as engine:
            killed = beside.submit(kill)
            with pytest.warns(LostWorkerWarning, match="computed 'noting held'"):
                run_all(engine, [Noted("held", log, takes=5)], store)
            killed.result()
    assert [name for name, _ in noted(log)] == ["held", "held"]
    assert store.read(Noted("held", log)).tensors["sum"] == [1]
