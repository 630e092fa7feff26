"""The command line: what it writes, and one line on stderr with exit 2 where it can't."""

import json
import os
from pathlib import Path

import pytest

from harness.evidence.questions import HowItRan, OnTasks
from harness.judging.claims import Claim
from harness.judging.verdicts import Verdict
from harness.report.document import Document, ModelFacts, RunFacts
from harness.report.json_form import to_json
from harness.statistics.results import Estimate, Outcome, PartResult
from harness.store import Store
from harness.tests.conftest import Run
from harness.tests.tiny import Project, ready


def _report(
    folder: Path, name: str = "claims", queries: int = 30, effect: float = 0.5, model: str = "m", **outcomes: Outcome
) -> Path:
    """Write a report's JSON file with these verdicts, each on one comparison, half a standard error from another."""
    estimate = Estimate(effect, effect - 0.25, effect + 0.25, 0.95, 0.01, 40, 5, 1, 0.5, 4.0)
    verdicts = tuple(
        Verdict(
            Claim(claim, *["x"] * 9),
            outcome,
            "because",
            (PartResult("a part", "", estimate, outcome, "", 0.1, "cosine"),),
            None,
            subject=model,
            margin=None if outcome is Outcome.NOT_TESTABLE else 0.5,
            presupposed=2.0 if outcome is Outcome.NOT_TESTABLE else None,
        )
        for claim, outcome in outcomes.items()
    )
    settings = {"model": model, "queries": queries} if model != "m" else {"queries": queries}
    facts = RunFacts({model: ModelFacts({"name": model}, ())}, settings, {"python": "3"})
    path = folder / f"{name}.json"
    document = Document("0", "2023-01-01T00:00:00+00:00", 1.0, facts, verdicts, title="What Is Tested?")
    path.write_text(to_json(document))
    return path


def test_expect_writes_the_verdicts_of_a_report(run: Run, tmp_path: Path) -> None:
    """Settings, and by claim and subject outcome, margin and comparisons; and one line that says so."""
    report = _report(tmp_path, C1=Outcome.SUPPORTED, C2=Outcome.NOT_TESTABLE)
    code, said, _ = run("expect", report, "--out", tmp_path / "e.json")
    written = json.loads((tmp_path / "e.json").read_text())
    parts = {"a part": {"effect": 0.5, "n": 40, "moves": 0.0}}
    assert written == {
        "settings": {"queries": 30},
        "verdicts": {
            "C1": {"m": {"outcome": "SUPPORTED", "margin": 0.5, "presupposed": None, "parts": parts}},
            "C2": {"m": {"outcome": "NOT TESTABLE", "margin": None, "presupposed": 2.0, "parts": parts}},
        },
        "format_version": 3,
    }
    assert (code, said.strip().endswith("C1 SUPPORTED, C2 NOT TESTABLE")) == (0, True)


def test_expect_keeps_how_far_other_kernels_move_effects(run: Run, tmp_path: Path) -> None:
    """Of three runs' effects 0.5, 0.75 and 0.25, the furthest apart; the report's own is the one that is expected."""
    report = _report(tmp_path, C1=Outcome.SUPPORTED)
    others = [
        _report(tmp_path, name, effect=effect, C1=Outcome.SUPPORTED) for name, effect in (("a", 0.75), ("b", 0.25))
    ]
    run("expect", report, *(word for other in others for word in ("--beside", other)), "--out", tmp_path / "e.json")
    (part,) = json.loads((tmp_path / "e.json").read_text())["verdicts"]["C1"]["m"]["parts"].values()
    assert part == {"effect": 0.5, "n": 40, "moves": 0.5}


def test_report_of_other_settings_says_nothing_of_kernels(run: Run, tmp_path: Path) -> None:
    """One message names the report and the setting, and nothing is written."""
    report, other = _report(tmp_path, C1=Outcome.SUPPORTED), _report(tmp_path, "o", queries=7, C1=Outcome.SUPPORTED)
    code, _, err = run("expect", report, "--beside", other, "--out", tmp_path / "e.json")
    assert (code, len(err.splitlines()), (tmp_path / "e.json").exists()) == (2, 1, False)
    assert "o.json' is of another run" in err
    assert "queries is 7, not 30" in err


def test_compare_leaves_out_what_it_is_told_to(run: Run, tmp_path: Path) -> None:
    """Other queries are one message; left out, they are said, then both verdicts and how far the effect moved."""
    one = _report(tmp_path, C1=Outcome.SUPPORTED)
    other = _report(tmp_path, "o", queries=7, effect=0.75, C1=Outcome.INCONCLUSIVE)
    code, _, err = run("compare", one, other)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "queries is 7, not 30" in err
    code, out, _ = run("compare", one, other, "--leaving-out", "queries")
    assert (code, out.splitlines()[0]) == (0, "queries: 30 and 7")
    assert out.splitlines()[2].split() == ["C1", "SUPPORTED", "INCONCLUSIVE", "0.5", "SE", "0.5", "SE"]
    assert out.splitlines()[-1] == "1 of 1 verdicts of both differ, 0 by more than the first's margin"


def test_compare_fails_on_a_change_beyond_its_edge(run: Run, tmp_path: Path) -> None:
    """From SUPPORTED to REFUTED: exit 1."""
    one, other = _report(tmp_path, C1=Outcome.SUPPORTED), _report(tmp_path, "o", C1=Outcome.REFUTED)
    code, out, _ = run("compare", one, other)
    assert (code, out.splitlines()[-1]) == (1, "1 of 1 verdicts of both differ, 1 by more than the first's margin")


def test_combine_makes_one_report_and_its_page(run: Run, tmp_path: Path) -> None:
    """Of two models' reports: a JSON file that compare and expect take as they take a run's, and the page beside it."""
    one = _report(tmp_path, "one", model="a", C1=Outcome.SUPPORTED)
    other = _report(tmp_path, "other", model="b", C1=Outcome.REFUTED)
    code, said, _ = run("combine", one, other, "-o", tmp_path / "all.json")
    assert (code, said.strip()) == (0, f"{tmp_path / 'all.json'}: 2 verdicts of 2 reports")
    assert "≠ opposite" in (tmp_path / "all.html").read_text()
    run("expect", tmp_path / "all.json", "--out", tmp_path / "e.json")
    written = json.loads((tmp_path / "e.json").read_text())
    assert {model: of["outcome"] for model, of in written["verdicts"]["C1"].items()} == {
        "a": "SUPPORTED",
        "b": "REFUTED",
    }
    assert written["settings"] == {"model": ["a", "b"], "queries": 30}
    code, out, _ = run("compare", one, tmp_path / "all.json", "--leaving-out", "model")
    assert (code, out.splitlines()[-1]) == (0, "0 of 1 verdicts of both differ, 0 by more than the first's margin")


def test_what_is_no_one_run_is_no_expectation(run: Run, tmp_path: Path) -> None:
    """Put together of runs of other settings, which is said; nothing is compared with it either."""
    one = _report(tmp_path, "one", model="a", C1=Outcome.SUPPORTED)
    other = _report(tmp_path, "other", model="b", queries=60, C1=Outcome.SUPPORTED)
    run("combine", one, other, "-o", tmp_path / "all.json")
    for command in (
        ("expect", tmp_path / "all.json", "--out", tmp_path / "e.json"),
        ("compare", one, tmp_path / "all.json"),
    ):
        code, _, err = run(*command)
        assert (code, len(err.splitlines()), (tmp_path / "e.json").exists()) == (2, 1, False)
        assert "is put together of runs of other settings (queries; with model a: 30)" in err


def test_budget_of_several_models_is_of_the_named_one(run: Run, tmp_path: Path) -> None:
    """Without a name it is refused, with those that there are."""
    one = _report(tmp_path, "one", model="a", C1=Outcome.SUPPORTED)
    run("combine", one, _report(tmp_path, "other", model="b"), "-o", tmp_path / "all.json")
    code, _, err = run("budget", tmp_path / "all.json", "--store", tmp_path)
    assert (code, "is of several models; name one with --model: Known: a, b" in err) == (2, True)
    code, _, err = run("budget", tmp_path / "all.json", "--store", tmp_path, "--model", "b")
    assert (code, "unknown model 'b'" in err) == (2, True)


def test_render_makes_the_page_from_its_data(run: Run, tmp_path: Path) -> None:
    """The page holds the verdicts of the JSON file."""
    code, _, _ = run("render", _report(tmp_path, C1=Outcome.SUPPORTED), tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text()
    assert (code, "SUPPORTED" in html, "<h1>What Is Tested?</h1>" in html) == (0, True, True)


def test_clean_says_what_it_freed(run: Run, tmp_path: Path) -> None:
    """Numbers and bytes; what was moved aside is named, and goes only where that is asked for."""
    place = Store(tmp_path).path("accuracy", {"n": 1})
    (place.parent / f".{place.name}-abcdefgh").mkdir(parents=True)
    (place.parent / f".{place.name}-abcdefgh" / "half").write_text("0123456789")
    (place.parent / f".damaged-{place.name}-01234567").write_text("01234")
    code, said, _ = run("clean", "--store", tmp_path)
    assert (code, said.splitlines()[0]) == (0, "removed 1 leftovers of killed processes: 10 bytes")
    assert "removed 1 files of locks" in said
    assert f"--damaged removes them:\n  {place.parent}/.damaged-" in said
    code, said, _ = run("clean", "--store", tmp_path, "--damaged")
    assert "removed 1 things that had been moved aside: 5 bytes" in said
    assert list(place.parent.iterdir()) == []


def test_export_makes_the_runs_that_it_needs(run: Run, project: Project, tmp_path: Path) -> None:
    """On an empty store it runs the three settings, then writes four files of which each line is JSON."""
    places = ("--model", project.model, "--data-dir", project.data, "--store", tmp_path / "store")
    numbers = ("--queries", 4, "--demonstrations", 3)
    code, said, _ = run("export", "--task", "toy", "--out", tmp_path / "out", *places, *numbers)
    lines = {Path(path).parent.name: Path(path).read_text().splitlines() for path in said.split()}
    assert (code, {name: len(map_) for name, map_ in lines.items()}) == (0, {"zs": 4, "icl": 4, "ftzs": 4, "ft": 3})
    assert all(isinstance(json.loads(line), dict) for of_setting in lines.values() for line in of_setting)


def test_budget_reads_a_reports_run_out_of_the_store(run: Run, project: Project, tmp_path: Path) -> None:
    """The settings are the report's; the run's own split comes first, of two sets and thirty queries."""
    settings = project.settings(tmp_path / "store", demonstration_sets=2)
    ready(settings, HowItRan(), OnTasks("accuracy"))
    facts = RunFacts({"m": ModelFacts({"name": "m"}, ())}, settings.numbers)
    document = Document("0", "2023-01-01T00:00:00+00:00", 1.0, facts, (), title="What Is Tested?")
    (tmp_path / "run.json").write_text(to_json(document))
    options = ("--store", tmp_path / "store", "--claims", "C1", "--simulations", 20)
    code, said, err = run("budget", tmp_path / "run.json", *options)
    assert (code, err) == (0, "")
    (own,) = [line for line in said.splitlines() if line.endswith("own")]
    assert own.split()[:3] == ["2", "30", "20"]


def test_plan_says_what_a_run_would_take(run: Run, project: Project, tmp_path: Path) -> None:
    """The options are pytest's, and nothing is run."""
    code, said, err = run("plan", *project.arguments(tmp_path / "store"))
    assert (code, err, len(said.splitlines())) == (0, "", 4)
    assert "claims of" in said
    assert not [*(tmp_path / "store").glob("runs/*/*")]


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("fetch --model , --store {0}", "--model ',' names no model"),
        ("export --task movie --out {0} --model a,b", "'a,b' names 2 models, and this writes the recordings of one"),
        ("budget --model a,b --store {0}", "'a,b' names 2 models, and this reads the runs of one"),
        ("plan --querys 3 --store {0}", "'--querys' is no setting: did you mean '--queries'"),
        ("run --querys 3 --store {0}", "'--querys' is no setting: did you mean '--queries'"),
        ("run --engine rya --store {0}", "engine: Input should be 'local', 'ray' or 'slurm'"),
        ("run --data-dir {0}/nowhere --store {0}", "--data-dir '"),
        ("budget --claims C99 --store {0}", "--claims 'C99': "),
        ("budget {0}/nowhere.json --store {0}", "nowhere.json' can't be used"),
        ("export --task movie --out {0} --format xml", "unknown format 'xml': the one format is 'lmops'"),
        ("export --task movei --out {0} --store {0}", "unknown task 'movei': did you mean 'movie'"),
        ("export --task movie --out {0} --store {0} --model gtp2", "unknown model 'gtp2'"),
        ("export --task movie --out {0} --queries 0", "queries: Input should be greater"),
        ("clean --store {0}", "no store at"),
        ("clean --store {0}/nowhere", "no store at"),
        ("render {0}/nowhere.json {0}/page.html", "nowhere.json' can't be used"),
        ("render {0}/text {0}/page.html", "is not JSON"),
        ("render {0}/claims.json {0}/text/page.html", "page.html' can't be used"),
        ("expect {0}/bytes --out {0}/e.json", "bytes' can't be used"),
        ("expect {0}/claims.json --out {0}/text/e.json", "e.json' can't be used"),
        ("expect {0}/claims.json --out {0}/claims.json", "is a report, which the expectation would replace"),
        ("expect {0}/claims.json --out {0}/fifo", "a FIFO is there, expected a file or nothing"),
        ("render {0}/claims.json {0}/claims.json", "its data go there"),
        ("render {0}/claims.json {0}/fifo", "a FIFO is there, expected a file or nothing"),
        ("render {0}/fifo {0}/page.html", "a FIFO, expected a regular file"),
        ("combine {0}/claims.json -o {0}/all.json", "one report alone"),
        ("combine {0}/claims.json {0}/nowhere.json -o {0}/all.json", "nowhere.json' can't be used"),
        ("combine {0}/claims.json {0}/copy.json -o {0}/all.json", "each model's verdicts can stand in one report only"),
        ("combine {0}/claims.json {0}/copy.json -o {0}/copy.json", "is one of the reports, which the result would"),
        ("combine {0}/claims.json {0}/copy.json -o {0}/all.html", "must end in .json"),
        ("combine {0}/claims.json {0}/other.json -o {0}/fifo.json", "a FIFO is there, expected a file or nothing"),
        ("export --task movie --out {0}/text --store {0}", "text' can't be used"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exit_2(run: Run, tmp_path: Path, command: str, complaint: str) -> None:
    """What was given is named; there is no traceback and nothing on stdout."""
    _report(tmp_path, C1=Outcome.SUPPORTED)
    _report(tmp_path, "copy", C1=Outcome.SUPPORTED)
    _report(tmp_path, "other", model="other", C1=Outcome.SUPPORTED)
    (tmp_path / "text").write_text("no JSON")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "fifo.json").symlink_to("fifo")
    code, out, err = run(*(word.format(tmp_path) for word in command.split()))
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert err.startswith("error: ")
    assert complaint in err


def test_claims_that_could_not_be_judged_make_no_expectation(run: Run, tmp_path: Path) -> None:
    """An ERROR is no verdict to hold later runs to."""
    report = _report(tmp_path, C1=Outcome.SUPPORTED, C2=Outcome.ERROR)
    code, _, err = run("expect", report, "--out", tmp_path / "e.json")
    assert (code, "could not be judged (C2)" in err, (tmp_path / "e.json").exists()) == (2, True, False)
