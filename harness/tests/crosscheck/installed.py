"""Packages that only the comparisons with others' models need."""

from typing import Any

import pytest

COMMAND = "pip install -c constraints.txt -e '.[oracle]'"


def installed(module: str) -> Any:
    """Return a module of such a package; skip the test where it is not installed, and say how it would be."""
    return pytest.importorskip(module, reason=f"{module} is not installed: {COMMAND}", exc_type=ImportError)
