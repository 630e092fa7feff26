"""One record after the other, in the process that asked."""

import os
from pathlib import Path

import pytest

from harness.engines.in_process import InProcess
from harness.errors import HarnessError
from harness.store import Record, Store
from harness.tests.engines.noted import Noted, noted, run_all


def test_records_run_in_their_order_here(tmp_path: Path) -> None:
    """Each is said, then computed in this process, then told as ended, when it is in the store."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    records = [Noted(name, log) for name in "cab"]
    heard: list[object] = []

    def ended(record: Record) -> None:
        heard.append((record, store.find(record) is not None))

    run_all(InProcess(heard.append), records, store, ended)
    assert noted(log) == [(name, os.getpid()) for name in "cab"]
    assert heard == [said for record in records for said in (record.words, (record, True))]


def test_what_is_there_is_not_run(tmp_path: Path) -> None:
    """A job that the store has, as another process made it meanwhile, is done without being computed."""
    store, record = Store(tmp_path / "store"), Noted("a", tmp_path / "log")
    store.find_or_run(record)
    (taken,) = InProcess().take([[record]], store).values()
    assert (taken.result(), len(noted(record.log))) == ([], 1)


def test_first_error_stops_the_rest(tmp_path: Path) -> None:
    """It arrives as it was raised; what came before is kept and was told, what comes after never begins."""
    store, log, heard = Store(tmp_path / "store"), tmp_path / "log", list[Record]()
    records = [Noted(name, log) for name in ("a", "bad", "b")]
    with pytest.raises(HarnessError, match=r"^the record was bad; bring a good one$"):
        run_all(InProcess(), records, store, heard.append)
    assert heard == records[:1]
    assert [name for name, _ in noted(log)] == ["a", "bad"]
    assert store.find(records[0]) is not None
