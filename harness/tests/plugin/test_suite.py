"""The engine knows no paper: claims about something else are run, judged, reported and held to an expectation by it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.errors import HarnessError, shown
from harness.judging.expectation import Expectation, expectation_of, write_expectation
from harness.plugin.suite import suite_of
from harness.report.document import Document
from harness.report.json_form import from_json
from harness.tests.conftest import ROOT
from harness.tests.plugin.coins import make_coins
from harness.tests.plugin.whole_runs import SESSIONS


@pytest.fixture(scope="module")
def coins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the other suite."""
    return make_coins(tmp_path_factory.mktemp("coins"))


def _run(folder: Path, **runs: list[str]) -> dict[str, tuple[int, str, str]]:
    """Run pytest there with each list of arguments, in one process; return exit code, stdout and stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COLUMNS"))}
    arguments = {name: ["-p", "no:cacheprovider", *given] for name, given in runs.items()}
    done = subprocess.run(
        [sys.executable, "-c", SESSIONS, str(folder)],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return dict(zip(runs, json.loads(done.stdout), strict=True))


@pytest.fixture(scope="module")
def document(coins: Path) -> Document:
    """Return the report of a whole run."""
    ((code, out, err),) = _run(coins, whole=["--report=out/coins.html"]).values()
    assert code == 0, out + err
    assert "a01_heads.py S" in out
    assert "a02_memory.py I" in out
    return from_json((coins / "out" / "coins.json").read_text())


def test_claims_about_coins_are_judged_and_read(document: Document) -> None:
    """50 heads of 60 are more than half, 30 are not; one claim names its subject, the other's is the bench's."""
    assert {verdict.key: verdict.outcome for verdict in document.verdicts} == {
        ("A1", "a loaded coin"): "SUPPORTED",
        ("A2", "all coins"): "INCONCLUSIVE",
    }
    (reading,) = document.readings
    assert (reading.plain, reading.terms) == (
        "Coins fall on their heads.",
        "supported as stated (A1 supported); rival explanations were not tested.",
    )
    assert document.facts.settings == {"tosses": 60}


def test_page_of_coins_speaks_of_coins(coins: Path, document: Document) -> None:
    """Its title is the suite's, its sections are cited from the suite's source, and no paper is named."""
    html = (coins / "out" / "coins.html").read_text()
    assert document.title == "Are Coins Fair?"
    assert "<h1>Are Coins Fair?</h1>" in html
    assert "<cite>the mint&#39;s handbook, section 2</cite>" in html
    assert not [word for word in ("GPT", "the paper,", "In-Context") if word in html]


def test_coins_are_held_to_their_expectation(coins: Path, document: Document) -> None:
    """To their own verdicts; to a claim that exists no more, in a whole run alone; and not to other settings."""
    own = expectation_of(document.facts.settings, document.verdicts)
    gone = Expectation(own.settings, {**own.verdicts, "A9": own.verdicts["A2"]})
    for name, given in (("own", own), ("gone", gone), ("other", Expectation({"tosses": 9}, own.verdicts))):
        write_expectation(coins / f"{name}.json", given)
    ran = _run(
        coins,
        own=["--expect=own.json"],
        gone=["--expect=gone.json"],
        workers=["--expect=gone.json", "-n", "1"],
        part=["--expect=gone.json", "coins/a01_heads.py"],
        other=["--expect=other.json"],
    )
    assert {name: code for name, (code, _, _) in ran.items()} == {
        "own": 0,
        "gone": 1,
        "workers": 1,
        "part": 0,
        "other": 0,
    }
    missing = "missing: A9 about all coins: INCONCLUSIVE was expected, and there is no such claim any more"
    assert [missing in ran[name][1].splitlines() for name in ran] == [False, True, True, False, False]
    assert "other.json is of another run and was not applied (tosses is 60, not 9)" in ran["other"][1]


STEERING = """
import coins
from dataclasses import replace
import warnings

from harness.statistics.results import Outcome

said = "\\x1b[31m \\x9b2J \\u202e \\ud83d"
judged = coins.Table.verdict

def verdict(self, claim_id):
    warnings.warn(f"warned {said}")
    if claim_id == "A2":
        raise ValueError(f"raised {said}")
    verdict = judged(self, claim_id)
    return replace(verdict, subject=f"coin {said}", reason=f"since {said}", outcome=Outcome.REFUTED, changes=(said,))

coins.Table.verdict = verdict
coins.Table.settings = {"tosses": said}
"""


def test_no_text_of_a_claim_steers_a_terminal_or_breaks_a_file(coins: Path) -> None:
    """Messages, warnings, tracebacks, closing block, page, JSON and JUnit hold escapes alone; the data are whole."""
    (coins / "steering.py").write_text(STEERING)
    ((code, out, err),) = _run(
        coins, whole=["-p", "steering", "--report=st/coins.html", "--junitxml=st/j.xml"]
    ).values()
    assert code == 1
    files = [path.read_text(encoding="utf-8") for path in sorted((coins / "st").iterdir())]
    assert [shown(text) == text for text in (out, err, *files)] == [True] * 5
    assert all(f"{word} \\x1b[31m" in out for word in ("warned", "raised", "since"))
    junit = ET.parse(coins / "st" / "j.xml")  # noqa: S314  # pytest has written it
    told = junit.findall(".//property[@name='icl-claims-document']")
    assert [from_json(each.attrib["value"]).facts.settings["tosses"] for each in told] == [SAID, SAID]


SAID = "\x1b[31m \x9b2J \u202e \ud83d"


SEVERAL = """
import coins
from dataclasses import replace

from harness.errors import HarnessError


class Coin(coins.Table):
    def __init__(self, config, progress, name):
        super().__init__(config, progress)
        self.settings = {"model": name}

    def subject(self, claim):
        return self.settings["model"] if claim.subject == "model" else claim.subject

    def verdict(self, claim_id):
        if (self.settings["model"], claim_id) == ("lost", "A1"):
            raise HarnessError("it fell into a drain")
        return super().verdict(claim_id)


NAMES = ("lost", "found")
coins.SUITE = replace(
    coins.SUITE, cases=lambda _: NAMES, open=lambda config, progress: {n: Coin(config, progress, n) for n in NAMES}
)
"""


def test_subject_that_cannot_be_judged_stops_no_other(coins: Path) -> None:
    """Of two coins the first is lost: its claim is an ERROR that says so, and all else is judged."""
    (coins / "several.py").write_text(SEVERAL)
    ((code, out, err),) = _run(coins, whole=["-p", "several", "--report=two/coins.html"]).values()
    assert code == pytest.ExitCode.TESTS_FAILED, out + err
    document = from_json((coins / "two" / "coins.json").read_text())
    assert {verdict.key: verdict.outcome for verdict in document.verdicts} == {
        ("A1", "lost"): "ERROR",
        ("A1", "found"): "SUPPORTED",
        ("A2", "all coins"): "INCONCLUSIVE",
    }
    assert "A1 could not be judged: it fell into a drain" in out


@pytest.mark.parametrize(
    ("package", "complaint"),
    [
        ("nowhere", "no package 'nowhere'"),
        ("fixtures", r"'fixtures\.SUITE' is None, expected a harness\.plugin\.suite"),
    ],
)
def test_package_without_a_suite_is_named(package: str, complaint: str) -> None:
    """What the ini option says, and what it should name."""
    config: Any = SimpleNamespace(getini={"claims": package}.get)
    with pytest.raises(HarnessError, match=complaint):
        suite_of(config)
