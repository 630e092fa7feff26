"""The machine and the versions that a run was made with."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version

PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "scipy", "scikit-learn", "statsmodels", "pytest")


def environment() -> Mapping[str, object]:
    """Return facts that say where numbers may differ in their last digits: versions, system, processor."""
    return {
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 0,
    }
