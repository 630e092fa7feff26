"""Every promise of .github/SECURITY.md names tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".github" / "SECURITY.md").read_text(encoding="utf-8")
PROMISED, _, _ = TEXT.partition("## What is not promised")
PROMISES = re.findall(r"^- (.*?)(?=^- |^## |\Z)", PROMISED, re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`(harness/tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.split(":")[0].split(".")[0][:40])
def test_promise_names_tests_that_are_there(promise: str) -> None:
    """At least one, each a function of its file."""
    named = NAMED.findall(promise)
    assert named
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_all_promises_are_found() -> None:
    """As many as the page has lists of tests."""
    assert len(PROMISES) >= 18
    assert sum(len(NAMED.findall(promise)) for promise in PROMISES) == len(NAMED.findall(TEXT))
