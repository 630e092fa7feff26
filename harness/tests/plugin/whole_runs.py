"""Whole pytest runs of six claims on the tiny project, each with a report of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.tests.conftest import ROOT
from harness.tests.tiny import Project

FILES = sorted(
    str(path.relative_to(ROOT)) for n in ("01", "02", *range(10, 14)) for path in ROOT.glob(f"claims/c{n}_*")
)

WATCH = """
import os, sys

def write_down(event, arguments):  # each entry of the store is made by one renaming
    if event == "os.rename" and str(arguments[0]).endswith("/entry"):
        with open(os.environ["RENAMES"], "a") as file:
            file.write(f"{arguments[1]}\\n")

sys.addaudithook(write_down)
"""

BROKEN = """
import claims.c12_sim_am

def measure(evidence):
    return 1 / 0

claims.c12_sim_am.measure = measure
"""


REFUSED = {
    "report without a name": ("--report=", "The report's page can't be named ''"),
    "report that is a folder": ("--report=harness", "a folder is there, expected a file or nothing"),
    "report that is to be a folder": ("--report={0}/new/", "can't be named"),
    "report beside itself": ("--report=a.json", "end the name in .html"),
    "report in a FIFO": ("--report={0}/link.html", "a FIFO is there, expected a file or nothing"),
    "report below a file": ("--report={0}/file/claims.html", "Not a directory"),
    "report in the place of what is expected": ("--report={0}/right.html", "would replace the expectation file"),
    "expectation in a FIFO": ("--expect={0}/fifo", "a FIFO, expected a regular file"),
    "expectation without an end": ("--expect={0}/deep.json", "deep.json' can't be used"),
    "corpus that is missing": ("--corpus=nowhere", "--corpus 'nowhere' is nothing; expected 'package', a text file"),
    "data without a name": ("--data-dir=", "data_dir: Value error, is empty"),
    "store without a name": ("--store=", "store: Value error, is empty"),
    "data that are missing": ("--data-dir=nowhere", "--data-dir 'nowhere' is nothing; expected a folder"),
    "WordNet that is missing": ("--wordnet=nowhere", "--wordnet 'nowhere' is nothing; expected a folder with WordNet"),
    "seed without an end": (f"--seed={'1' * 40}", "where a number between -2^63 and 2^63 is expected"),
}
"""Options by what is wrong with them, and what is said of each before anything runs."""

SESSIONS = """
import contextlib, io, json, os, sys, pytest

said = []
for name, arguments in json.load(sys.stdin).items():
    os.environ["RENAMES"] = f"{sys.argv[1]}/{name}.renames"
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = int(pytest.main(arguments))
    said.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(said))
"""


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    code: int
    out: str
    err: str
    report: Path

    @property
    def verdicts(self) -> list[Any]:
        """The report's verdicts as plain JSON, apart from what was expected of them."""
        document = json.loads(self.report.with_suffix(".json").read_text())
        return [verdict | {"expected": None} for verdict in document["verdicts"]]

    @property
    def outcomes(self) -> dict[str, str]:
        """Outcome by claim."""
        return {verdict["claim"]["id"]: verdict["outcome"] for verdict in self.verdicts}


@dataclass(frozen=True)
class Folder:
    """Where runs leave their store, their reports and what they made."""

    path: Path
    project: Project

    @property
    def store(self) -> Path:
        """The store that all share unless they are given another."""
        return self.path / "store"

    def arguments(self, name: str, *extra: object, store: Path | None = None, **options: object) -> list[str]:
        """Return pytest's arguments of a run."""
        given = self.project.arguments(store or self.store, **options)
        plugins = ["-p", "no:cacheprovider", "-p", "watch"]
        return [*plugins, *FILES, *given, f"--report={self._report(name)}", *map(str, extra)]

    def start(self, name: str, *extra: object) -> subprocess.Popen[str]:
        """Begin a run of its own."""
        return self._popen(name, "-m", "pytest", *self.arguments(name, *extra))

    def finish(self, name: str, started: subprocess.Popen[str]) -> Ran:
        """Wait for a run."""
        out, err = started.communicate()
        return Ran(started.returncode, out, err, self._report(name))

    def run_all(self, runs: Mapping[str, list[str]]) -> dict[str, Ran]:
        """Run each list of arguments, in one process."""
        out, err = self._popen("all", "-c", SESSIONS, str(self.path)).communicate(json.dumps(runs))
        assert out, err
        said: list[tuple[int, str, str]] = json.loads(out)
        ran = zip(runs, said, strict=True)
        return {name: Ran(code, out, err, self._report(name)) for name, (code, out, err) in ran}

    def made(self, name: str) -> list[str]:
        """Return the store's entries that a run made."""
        path = self.path / f"{name}.renames"
        return path.read_text().split() if path.exists() else []

    def _report(self, name: str) -> Path:
        return self.path / name / "claims.html"

    def _popen(self, name: str, *command: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COLUMNS"))}
        environment |= {
            "PYTHONPATH": os.pathsep.join([str(self.path), os.environ.get("PYTHONPATH", "")]),
            "RENAMES": str(self.path / f"{name}.renames"),
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def refused(arguments: list[str], option: str) -> list[str]:
    """Return arguments with this option, and with an expectation that the report would replace where it says so."""
    expect = [f"--expect={option.partition('=')[2].replace('.html', '.json')}"] if option.endswith("right.html") else []
    return [*arguments, option, *expect]
