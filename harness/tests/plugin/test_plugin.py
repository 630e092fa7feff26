"""The suite as its users run it: whole pytest runs of six claims on a tiny model and task.

On this project C11 is supported, C12 refuted, and the others inconclusive. Two runs at once, one of them with two
workers, fill one store; all other runs read it, one after the other in one process that imports torch once.
"""

import os
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from harness.judging.expectation import expectation_of, write_expectation
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Outcome
from harness.tests.conftest import ROOT
from harness.tests.plugin.whole_runs import BROKEN, FILES, REFUSED, WATCH, Folder, Ran, refused
from harness.tests.tiny import Project

OUTCOMES = {
    "C1": "INCONCLUSIVE",
    "C2": "INCONCLUSIVE",
    "C10": "INCONCLUSIVE",
    "C11": "SUPPORTED",
    "C12": "REFUTED",
    "C13": "INCONCLUSIVE",
}


@pytest.fixture(scope="module")
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return the folder of all runs, with the plugins that watch them and break them."""
    path = tmp_path_factory.mktemp("runs")
    (path / "watch.py").write_text(WATCH)
    (path / "broken.py").write_text(BROKEN)
    return Folder(path, project)


@pytest.fixture(scope="module")
def first(folder: Folder) -> dict[str, Ran]:
    """Return two runs that were started at once on one empty store."""
    started = {"alone": folder.start("alone"), "workers": folder.start("workers", "-n", 2)}
    return {name: folder.finish(name, run) for name, run in started.items()}


def _expect(path: Path, ran: Ran, **others: tuple[str, float]) -> None:
    """Write an expectation of a run's verdicts, with other outcomes and margins for some of its claims."""
    document = from_json(ran.report.with_suffix(".json").read_text())
    expectation = expectation_of(document.facts.settings, document.verdicts)
    for claim, (outcome, margin) in others.items():
        ((subject, expected),) = expectation.verdicts[claim].items()
        changed = replace(expected, outcome=Outcome(outcome), margin=margin)
        expectation = replace(expectation, verdicts={**expectation.verdicts, claim: {subject: changed}})
    write_expectation(path, expectation)


@pytest.fixture(scope="module")
def later(folder: Folder, first: dict[str, Ran]) -> dict[str, Ran]:
    """Return runs on the full store, and runs that are refused, by name."""
    path, run = folder.path, folder.arguments
    _expect(path / "right.json", first["alone"])
    _expect(
        path / "wrong.json", first["alone"], C11=("INCONCLUSIVE", 5.0), C12=("SUPPORTED", 0.5), C13=("SUPPORTED", 5.0)
    )
    _expect(path / "edges.json", first["alone"], C10=("SUPPORTED", 0.5), C12=("INCONCLUSIVE", 0.5))
    other = (path / "right.json").read_text().replace(str(folder.project.model), "another-model")
    (path / "missing.json").write_text(other.replace("another-model", str(folder.project.model), 1))
    damaged = shutil.copytree(folder.store, path / "damaged")
    for tensors in damaged.glob("runs/accuracy/*/tensors.safetensors"):
        tensors.write_bytes(tensors.read_bytes()[:-1])
    (path / "file").touch()
    os.mkfifo(path / "fifo")
    (path / "link.html").symlink_to("fifo")
    (path / "deep.json").write_text('{"settings":' + "[" * 100_000)
    here = os.path.relpath(path, ROOT)
    runs = {
        "attention": run("attention", "-m", "attention", "-q", f"--expect={path / 'right.json'}"),
        "expected": run("expected", "-v", "-m", "not accuracy", f"--expect={path / 'wrong.json'}"),
        "edges": run("edges", "-m", "not accuracy", f"--expect={path / 'edges.json'}"),
        "missing": run("missing", "-m", "representation", f"--expect={path / 'missing.json'}"),
        "missing with workers": run(
            "missing with workers", "-n", 1, "-m", "representation", f"--expect={path / 'missing.json'}"
        ),
        "other": run("other", "-m", "accuracy", f"--expect={path / 'wrong.json'}", alpha=0.1, store=damaged),
        "diverged": run("diverged", learning_rates="1e38"),
        "marker": run("marker", "-m", "atention"),
        "task": run("task", tasks="toi"),
        "task with workers": run("task with workers", "-n", 1, tasks="toi"),
        "model": run("model", model="smolm2-135m-instruct"),
        "unwritable": run("unwritable", store=path / "file" / "store"),
        "expectation": run("expectation", "--expect=nowhere.json"),
        "collect": run("collect", "--collect-only", "-q", data_dir=path / "nowhere", store=path / "nowhere"),
        "full trace": run("full trace", "--full-trace", learning_rates="1e38"),
        "two workers": run("two workers", "-n", 2, learning_rates="1e38"),
        "elsewhere": [each for each in run("elsewhere", "--rootdir", path, "-m", "attention") if each not in FILES]
        + ["claims"],
        **{name: refused(run(name), option.format(here)) for name, (option, _) in REFUSED.items()},
        "broken": run("broken", "-p", "broken"),  # the last one, for it breaks this process' claims
    }
    return folder.run_all(runs)


def test_verdicts_are_those_of_the_data(first: dict[str, Ran]) -> None:
    """A refuted claim fails the run; one letter a claim, and a count of what is neither passed nor failed."""
    assert first["alone"].outcomes == OUTCOMES
    assert first["alone"].code == 1
    letters = re.findall(r"^claims/c\d+_\w+\.py (\w) ", first["alone"].out, flags=re.MULTILINE)
    assert "".join(letters) == "IIISRI"
    assert re.search(r"1 failed, 1 passed, 4 inconclusive in", first["alone"].out)


def test_refuted_claim_fails_with_effect_interval_and_number(first: dict[str, Ran]) -> None:
    """The message alone shows why, and there is no traceback."""
    message = r"C12 REFUTED: .*effect -0\.\d+, .* interval \[-0\.\d+, -0\.\d+\] \(n = 30\) lies below 0"
    assert re.search(message, first["alone"].out)
    assert "Traceback" not in first["alone"].out
    assert "harness/report" not in first["alone"].out


def test_workers_give_the_same_verdicts_and_one_report(first: dict[str, Ran]) -> None:
    """Which process judged a claim changes no digit of the report."""
    assert first["workers"].code == 1
    assert first["workers"].verdicts == first["alone"].verdicts
    assert re.search(r"^[SRI]{6} ", first["workers"].out, flags=re.MULTILINE)
    assert first["workers"].out.count("report: ") == 1


def test_commands_and_workers_at_once_compute_nothing_twice(folder: Folder, first: dict[str, Ran]) -> None:
    """Three processes on one empty store: each entry was made once, by one of them."""
    assert first
    counted = Counter(folder.made("alone") + folder.made("workers"))
    assert len(counted) > 10
    assert set(counted.values()) == {1}


def test_report_is_whole_and_reads_back(first: dict[str, Ran]) -> None:
    """A page and its data, nothing else beside them, and the data survive reading and writing."""
    report = first["alone"].report
    assert {path.name for path in report.parent.iterdir()} == {"claims.html", "claims.json"}
    text = report.with_suffix(".json").read_text()
    assert to_json(from_json(text)) == text
    assert all(f"{claim} " in report.read_text() or claim in report.read_text() for claim in OUTCOMES)


def test_marker_runs_its_claims_alone_with_the_same_verdicts(
    folder: Folder, first: dict[str, Ran], later: dict[str, Ran]
) -> None:
    """-m attention judges C12 and C13 as the whole run did, corrected for the claims that did not run."""
    ran = later["attention"]
    assert ran.verdicts == [v for v in first["alone"].verdicts if v["claim"]["id"] in {"C12", "C13"}]
    assert folder.made("attention") == []


def test_expected_refutation_passes_and_quiet_is_quiet(later: dict[str, Ran]) -> None:
    """With --expect a REFUTED that is expected is no failure; -q leaves a few lines, none on stderr."""
    ran = later["attention"]
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) < 10
    assert ran.out.startswith("RI ")


def test_unexpected_verdicts_fail_in_either_direction(later: dict[str, Ran]) -> None:
    """Supported where inconclusive was expected, refuted or inconclusive where supported was: three failures."""
    ran = later["expected"]
    assert ran.code == 1
    assert re.search(r"expectation: .*wrong\.json was applied", ran.out)
    assert re.search(r"C11 SUPPORTED: .*; expected INCONCLUSIVE, which was 5 standard errors from any other", ran.out)
    assert re.search(r"C12 REFUTED: .*; expected SUPPORTED", ran.out)
    assert re.search(r"C13 INCONCLUSIVE: .*; expected SUPPORTED", ran.out)
    assert re.search(r"test_icl_covers_what_finetuning_corrects INCONCLUSIVE", ran.out)
    assert re.search("3 failed, 2 deselected, 1 inconclusive", ran.out), ran.out


def test_changes_at_the_edge_are_said_and_fail_nothing(later: dict[str, Ran]) -> None:
    """Verdicts half a standard error from another: a refuted claim fails nothing, and the JSON keeps what was said."""
    ran = later["edges"]
    assert ran.code == 0
    said = [line for line in ran.out.splitlines() if line.startswith("differs: ")]
    assert said == [
        "differs: C10 SUPPORTED was expected, 0.5 standard errors from its edge, and INCONCLUSIVE came out",
        "differs: C12 INCONCLUSIVE was expected, 0.5 standard errors from its edge, and REFUTED came out",
    ]
    kept = {verdict["claim"]["id"]: verdict["changes"] for verdict in ran.verdicts if verdict["changes"]}
    assert kept == {
        claim: [line.removeprefix(f"differs: {claim} ")] for claim, line in zip(("C10", "C12"), said, strict=True)
    }


@pytest.mark.parametrize("name", ["missing", "missing with workers"])
def test_expected_verdict_that_is_missing_fails_the_run(later: dict[str, Ran], name: str) -> None:
    """C11 was expected about another model: the run that passes without that verdict ends with 1, and says it."""
    ran = later[name]
    assert (ran.code, ran.outcomes) == (1, {"C11": "SUPPORTED"})
    assert "1 passed" in ran.out
    missing = [line for line in ran.out.splitlines() if line.startswith("missing: ")]
    assert missing == ["missing: C11 about another-model: SUPPORTED was expected, and there is no verdict"]


def test_expectation_of_another_run_is_not_applied(later: dict[str, Ran]) -> None:
    """The header says which setting differs; inconclusive claims do not fail a run."""
    ran = later["other"]
    assert re.search(r"wrong\.json is of another run and was not applied \(alpha is 0\.1, not 0\.05\)", ran.out)
    assert ran.code == 0
    assert "2 inconclusive" in ran.out


def test_damaged_entries_are_said_and_made_again(folder: Folder, later: dict[str, Ran]) -> None:
    """Selection's entries were cut short: the run warns of each, makes those, judges at its own alpha, and goes on."""
    ran = later["other"]
    made = [entry for entry in folder.made("other") if "/runs/judged/" not in entry]
    assert len(made) == 4
    assert all("/runs/accuracy/" in entry for entry in made)
    assert "is damaged" in ran.out
    assert "DamagedEntryWarning" in ran.out


def test_exception_is_an_error_and_the_other_claims_are_judged(later: dict[str, Ran]) -> None:
    """A mistake in C12 leaves its family without verdicts (they are corrected together), the other family with its."""
    ran = later["broken"]
    assert ran.code == 1
    assert ran.outcomes == OUTCOMES | dict.fromkeys(["C10", "C11", "C12", "C13"], "ERROR")
    assert "ZeroDivisionError" in ran.out


def test_run_that_cannot_go_on_stops_with_one_message(later: dict[str, Ran]) -> None:
    """Where finetuning diverges at every rate the first claim is an ERROR, and the others are not tried."""
    ran = later["diverged"]
    assert (ran.code, ran.outcomes) == (1, {"C1": "ERROR"})
    assert "C1 could not be judged: task 'toy': finetuning diverged at every learning rate" in ran.out
    assert "Traceback" not in ran.out
    assert "harness/runs/runner.py" not in ran.out


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("marker", "-m atention: unknown marker 'atention': did you mean 'attention'?"),
        ("task", "unknown task 'toi': did you mean 'toy'?"),
        ("task with workers", "unknown task 'toi': did you mean 'toy'?"),
        ("model", "did you mean 'smollm2-135m-instruct'?"),
        ("unwritable", "the store can't be written at"),
        ("expectation", "the expectation file 'nowhere.json' can't be used"),
        *((name, complaint) for name, (_, complaint) in REFUSED.items()),
    ],
)
def test_bad_input_is_one_line_and_exit_4(later: dict[str, Ran], name: str, complaint: str) -> None:
    """The usage error of pytest, before anything is computed; no traceback."""
    ran = later[name]
    assert ran.code == 4
    (line,) = [line for line in ran.err.splitlines() if line]
    assert line.startswith("ERROR: ")
    assert complaint in line
    assert "Traceback" not in ran.out + ran.err
    assert "INTERNALERROR" not in ran.out + ran.err


def test_full_trace_shows_where_a_run_was_stopped(later: dict[str, Ran]) -> None:
    """For those who ask for it, in place of the message alone."""
    ran = later["full trace"]
    assert (ran.code, ran.outcomes) == (1, {"C1": "ERROR"})
    assert "raise HarnessError(" in ran.out
    assert "finetuning diverged at every learning rate" in ran.out


def test_two_workers_say_once_why_nothing_can_be_judged(later: dict[str, Ran]) -> None:
    """Both are stopped by the same, in claims of two families."""
    ran = later["two workers"]
    assert ran.code == pytest.ExitCode.INTERRUPTED  # as xdist has it where a worker stops the session
    failures, _, _ = ran.out.partition("short test summary")  # which says it again, in full where CI is set
    assert failures.count("finetuning diverged at every learning rate") == 1
    assert re.search(r"C\d+ could not be judged: as C\d+$", ran.out, flags=re.MULTILINE)


def test_claims_are_found_from_where_the_suite_is(folder: Folder, first: dict[str, Ran], later: dict[str, Ran]) -> None:
    """Where pytest reads another folder's settings: its files are claims, its catalogues the suite's."""
    ran = later["elsewhere"]
    assert f"rootdir: {folder.path}\n" in ran.out
    assert ran.code == 1
    assert ran.outcomes == {claim: OUTCOMES[claim] for claim in ("C12", "C13")}
    assert ran.verdicts == [v for v in first["alone"].verdicts if v["claim"]["id"] in {"C12", "C13"}]


def test_refused_runs_leave_nothing(folder: Folder, later: dict[str, Ran]) -> None:
    """No report, no draft of one, and what was in the way is there still."""
    assert later
    assert not [path for path in folder.path.iterdir() if path.name in REFUSED]
    assert not list(folder.path.rglob("*.draft"))
    assert (folder.path / "fifo").is_fifo()
    assert (folder.path / "link.html").is_symlink()


def test_collecting_needs_no_data(folder: Folder, later: dict[str, Ran]) -> None:
    """--collect-only lists the claims though the folder of data does not exist, and makes no store."""
    ran = later["collect"]
    assert (ran.code, ran.out.count("::test_"), (folder.path / "nowhere").exists()) == (0, 6, False)
