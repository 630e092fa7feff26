"""Markers, files of claims, the plugins of the suite (its options among them), how its threads wait. Nothing else."""

import glob
import os
from pathlib import Path

import pytest

# Read when torch loads its threads. Waiting threads that spin lose a whole time slice at every small operation as
# soon as anything else runs: with one busy neighbour on two cores a finetuning step took 2.5 s instead of 0.8 s. On a
# quiet machine a step takes 15 % longer for it (0.36 s, not 0.31 s), scoring the same.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

pytest_plugins = ["harness.plugin.plugin", "harness.plugin.options"]

CLAIMS = Path(__file__).parent / "claims"
FILES_OF_CLAIMS = ("c[0-9]*.py", "q[0-9]*.py", "o[0-9]*.py", "s[0-9]*.py")

MARKERS = {
    "accuracy": "claims on how many queries are answered right",
    "prediction": "claims on which queries are answered right",
    "representation": "claims on attention outputs",
    "attention": "claims on attention weights",
    "theory": "claims of algebra, and how far they hold of a model",
    "dual_form": "claims that are identities, tried on random cases",
    "momentum": "claims on momentum attention, which train small models",
    "controls": "rival explanations of what other claims find",
    "scale": "claims on what grows with a model's size, of several models together",
    "model": "claims that run a language model",
    "slow": "tests that take more than a few seconds",
}


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and the files of claims for pytest to find where it reads another folder's settings."""
    for pattern in FILES_OF_CLAIMS:
        config.addinivalue_line("python_files", str(Path(glob.escape(str(CLAIMS)), pattern)))
    for name, text in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
