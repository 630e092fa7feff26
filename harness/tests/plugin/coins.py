"""Another suite, as its author would write it: two claims about coins that are tossed where they are judged."""

from pathlib import Path

FILES = {
    "pyproject.toml": """
[tool.pytest.ini_options]
claims = "coins"
pythonpath = ["."]
testpaths = ["coins"]
python_files = ["a*.py"]
addopts = "--strict-config"
""",
    "conftest.py": 'pytest_plugins = ["harness.plugin.plugin"]\n',
    "coins/__init__.py": """
from dataclasses import replace

from coins import a01_heads, a02_memory
from harness.judging.claims import load_claims
from harness.judging.judge import judge
from harness.judging.reading import Level, rival
from harness.plugin.suite import Suite
from harness.report.document import RunFacts
from harness.statistics.results import Outcome
from harness.store import Store


class Table:
    settings = {"tosses": a01_heads.TOSSES}

    def __init__(self, config, progress):
        import coins

        measured = {module.claim: module.measure(None) for module in load_claims(coins).values()}
        self.judged = judge(measured, Store(config.rootpath / "store"), alpha=0.05, seed=0)

    def ready(self):
        pass

    def expect(self, claim_ids):
        pass

    def subject(self, claim):
        return "a loaded coin" if claim.subject == "model" else claim.subject

    def verdict(self, claim_id):
        verdict = self.judged[claim_id]
        return replace(verdict, subject=self.subject(verdict.claim))

    def facts(self, claim):
        return RunFacts({}, self.settings)

    def pause(self):
        pass


SUITE = Suite(
    title="Are Coins Fair?",
    cites={"A": "the mint's handbook"},
    levels=(
        Level(
            "Fairness",
            ("A1",),
            (rival("A2", (), "it remembers", "it alternates", "memory was not seen"),),
            plain={Outcome.SUPPORTED: "Coins fall on their heads."},
        ),
    ),
    open=Table,
)
""",
    "coins/a01_heads.py": """
import numpy as np

from harness.judging.claims import Claim, Measured
from harness.statistics import Comparison

TOSSES = 60
CLAIM = Claim("A1", "Heads come often", "It falls on its head.", "2", "heads > tails", "r", "toss", "coins", "-", "c")


def tossed(heads):
    values = np.where(np.arange(TOSSES) < heads, 1.0, -1.0)[None]
    return Comparison(name="heads over tails", prediction="heads > tails", unit="fraction", cells=(values,))


def measure(evidence):
    return Measured(parts=(tossed(50),), control=(tossed(30),))


def test_heads(judge):
    judge(CLAIM)
""",
    "coins/a02_memory.py": """
from coins.a01_heads import tossed
from harness.judging.claims import Claim, Measured

CLAIM = Claim(
    "A2", "Heads follow heads", "It remembers.", "", "alike > not", "r", "pair", "coins", "-", "c",
    qualifies=("A1",), subject="all coins",
)


def measure(evidence):
    return Measured(parts=(tossed(30),), control=(tossed(30),))


def test_memory(judge):
    judge(CLAIM)
""",
}


def make_coins(folder: Path) -> Path:
    """Write the suite, with a conftest and settings of its own; return its folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    return folder
