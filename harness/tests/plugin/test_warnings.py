"""Warnings are errors in the suite's own tests, and in nobody else's affairs."""

import subprocess
import sys
import warnings

import pytest

from harness.tests.conftest import ROOT


def test_warning_of_anyone_in_a_test_of_ours_is_an_error() -> None:
    """Whatever its kind, and whichever module it is said to come from."""
    for category in (UserWarning, DeprecationWarning, RuntimeWarning):
        with pytest.raises(category):
            warnings.warn_explicit("said", category, "numpy/core.py", 1, module="numpy.core")


@pytest.mark.filterwarnings("ignore:known:UserWarning")
def test_filter_of_a_test_goes_before_that() -> None:
    """A test that knows of a warning says so itself."""
    warnings.warn("known", UserWarning, stacklevel=1)
    with pytest.raises(UserWarning):
        warnings.warn("unknown", UserWarning, stacklevel=1)


def test_claims_are_collected_where_pytest_warns_at_its_start() -> None:
    """Under python -O it says that assertions are not rewritten: that is shown, and stops nothing."""
    command = [sys.executable, "-O", "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", "claims"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "assertions not in test modules" in done.stdout
    assert "c01_icl_beats_zero_shot.py::" in done.stdout
