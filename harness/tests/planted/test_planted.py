"""Every planted error is caught, and there is one for every metric, measurement and claim."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import claims
import harness.metrics
from harness.evidence.measurements import MEASUREMENTS
from harness.tests.planted.errors import ERRORS
from harness.tests.planted.planted import ROOT, Planted

NO_NUMBER = {"require_same_shape": "it refuses and computes nothing"}
ONE_CLAIM = "[a-z][0-9]*.py"
"""Files of claims; others hold what claims share."""


def _metrics() -> set[str]:
    """Return the public functions of harness/metrics."""
    modules = [
        importlib.import_module(m.name) for m in pkgutil.iter_modules(harness.metrics.__path__, "harness.metrics.")
    ]
    return {
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def _concerned(folder: str) -> set[str]:
    return {word for error in ERRORS if error.file.startswith(folder) for word in error.concerns.split()}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.name)
def test_mistaken_source_is_other_source_that_compiles(error: Planted) -> None:
    """What is right stands once in the file, and what is wrong in its place is still Python."""
    source = (ROOT / error.file).read_text(encoding="utf-8")
    mistaken = error.mistaken(source)
    assert mistaken != source
    compile(mistaken, error.file, "exec")


def test_errors_have_names_of_their_own() -> None:
    """No name stands twice in one file, so that a line of the campaign says which error it is."""
    names = [(error.file, error.name) for error in ERRORS]
    assert len(set(names)) == len(names)


def test_every_metric_has_a_planted_error() -> None:
    """A new function of harness/metrics needs one, or a reason in NO_NUMBER."""
    assert _metrics() - _concerned("harness/metrics/") == NO_NUMBER.keys()


def test_every_measurement_has_a_planted_error() -> None:
    """A new row of MEASUREMENTS needs one."""
    assert MEASUREMENTS.keys() <= _concerned("harness/evidence/")


def test_every_claim_has_a_planted_error() -> None:
    """A new file in claims/ needs one."""
    files = {path.name.split("_")[0] for folder in claims.__path__ for path in Path(folder).glob(ONE_CLAIM)}
    planted = {Path(error.file).name for error in ERRORS if Path(error.file).match(f"claims/{ONE_CLAIM}")}
    assert {name.split("_")[0] for name in planted} == files


def _ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own: the campaign forks, which wants a parent without threads."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_planted_errors_are_caught() -> None:
    """One error of each file: a minute of processor time. All of them take four, and are the command's."""
    done = _ran("-m", "harness.tests.planted", "--one-a-file")
    *lines, last = done.stdout.splitlines() or [done.stderr]
    assert not [line for line in lines if not line.startswith("caught")]
    number = len({error.file for error in ERRORS})
    assert (done.returncode, last) == (0, f"caught {number} / {number} planted")


UNCAUGHT = """
from dataclasses import replace
from harness.tests.planted import in_metrics
from harness.tests.planted.__main__ import main
error = replace(in_metrics.COSINES[0], caught_by=f"{in_metrics.OF_COSINE}::test_cosine_of_two_vectors_by_hand")
harmless, unbound = replace(error, wrong=f"({error.right})"), replace(error, wrong="undefined")
raise SystemExit(main([error, harmless, unbound]))
"""


@pytest.mark.slow
def test_what_is_not_caught_is_said() -> None:
    """Of a wrong number, the right one in brackets and a name that does not exist, the first alone is caught."""
    done = _ran("-c", UNCAUGHT)
    words = {line.split("  ")[0] for line in done.stdout.splitlines()[:-1]}
    assert words == {"caught", "SURVIVED", "badly planted"}
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "caught 1 / 3 planted")


def test_unknown_word_is_said() -> None:
    """A word that no error holds is no empty success."""
    done = _ran("-m", "harness.tests.planted", "no such error")
    assert done.returncode == 2
    assert "no planted error has 'no such error'" in done.stderr


def test_tests_that_fail_anyway_catch_nothing() -> None:
    """Where a test fails with nothing planted, the campaign says which and plants nothing."""
    done = _ran("-c", UNCAUGHT.replace("test_cosine_of_two_vectors_by_hand", "test_that_is_not_there"))
    assert done.returncode == 1
    assert "tests fail where nothing is planted, mend them first: " in done.stderr
    assert not done.stdout
