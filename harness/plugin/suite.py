"""What the plugin needs to know of a set of claims: its words, and a bench to judge them on."""

import importlib
import importlib.util
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Protocol

import pytest

from harness.errors import HarnessError
from harness.judging.claims import MODELS, Claim
from harness.judging.expectation import Expectation, read_expectation
from harness.judging.reading import Level
from harness.judging.verdicts import Verdict
from harness.plugin.progress_bar import progress_of
from harness.progress import Progress
from harness.report.document import RunFacts


class Bench(Protocol):
    """Where the claims of a suite are judged, under the settings of one run and, of claims about a model, about one."""

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings that decide verdicts, as JSON has them: an expectation of others is not applied."""

    def ready(self) -> None:
        """Find out whether it can be run; HarnessError where not. Asked beforehand of each of several benches."""

    def expect(self, claim_ids: Collection[str]) -> None:
        """Hear which claims are to be judged, before the first is: what they need can then be run at once."""

    def subject(self, claim: Claim) -> str:
        """Return what a verdict on the claim is about."""

    def verdict(self, claim_id: str) -> Verdict:
        """Return the claim's verdict, with its subject.

        Raises HarnessError where no claim about the same subject can be judged from then on, and the same one at once
        for the next of them; anything else that it raises is this claim's ERROR.
        """

    def facts(self, claim: Claim) -> RunFacts:
        """Return how the run was made that the claim was judged on; starts nothing. The plugin adds the machine."""

    def pause(self) -> None:
        """Leave the screen to pytest until the next work begins."""


@dataclass(frozen=True)
class Suite:
    """A set of claims. The package that the ini option `claims` names has it as SUITE."""

    title: str
    open: Callable[[pytest.Config, Progress], Bench | Mapping[str, Bench]]
    """Return the bench, or by case the benches of several models: the cases are those of `cases`, in their order.

    Raises HarnessError where settings are wrong or something is not there, before anything long begins.
    """
    lead: str = "Claims, tested"
    cites: Mapping[str, str] = field(default_factory=dict)
    """By the letter of a claim's id, whose section its statement is from."""
    levels: tuple[Level, ...] = ()
    """What the overall reading is of."""
    cases: Callable[[pytest.Config], tuple[str, ...]] = lambda _: ("",)
    """Of claims about a model, a name for each model that they are judged on; "" for the one, which needs none. Opens
    nothing; raises HarnessError where the command line names no model, or the same twice."""
    together: Callable[[Mapping[str, Bench]], Bench] | None = None
    """Return the bench of claims about all models of a session, from the benches of each; None: there are no such."""
    kept: Callable[[pytest.Config], Path] | None = None
    """Where a session keeps what verdicts rest on, so that a report that was not written is made again in seconds."""


_BENCHES = pytest.StashKey[Mapping[str, Bench]]()
_TOGETHER = pytest.StashKey[Bench]()
_CASES = pytest.StashKey[tuple[str, ...]]()
_EXPECTATION = pytest.StashKey[Expectation]()


def claims_of(config: pytest.Config) -> ModuleType:
    """Return the package of claims; HarnessError where the ini option `claims` names none that can be imported."""
    name = str(config.getini("claims"))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise HarnessError(
            f"no package '{name}' ({error}); the ini option 'claims' names the package of claims"
        ) from error


def claim_files(config: pytest.Config) -> frozenset[str]:
    """Return the names of the files of the package of claims, which is not imported; none where there is no such."""
    try:
        spec = importlib.util.find_spec(str(config.getini("claims")))
    except (ImportError, ValueError):
        return frozenset()
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return frozenset(path.name for folder in folders for path in Path(folder).glob("*.py"))


def suite_of(config: pytest.Config) -> Suite:
    """Return the suite of the package of claims; HarnessError where it has none."""
    package = claims_of(config)
    suite = getattr(package, "SUITE", None)
    if not isinstance(suite, Suite):
        raise HarnessError(f"'{package.__name__}.SUITE' is {suite!r}, expected a harness.plugin.suite.Suite")
    return suite


def cases_of(config: pytest.Config) -> tuple[str, ...]:
    """Return what the session's cases of claims about a model are called, each registered as a marker.

    One that is called "" is the only one. HarnessError where they can't be told.
    """
    if _CASES not in config.stash:
        config.stash[_CASES] = suite_of(config).cases(config)
        for case in config.stash[_CASES]:
            if case:
                config.addinivalue_line("markers", f"{case}: claims that are judged on this model")
    return config.stash[_CASES]


def benches_of(config: pytest.Config) -> Mapping[str, Bench]:
    """Return the session's benches by case, opened on first use; HarnessError where they can't be."""
    if _BENCHES not in config.stash:
        opened = suite_of(config).open(config, progress_of(config))
        config.stash[_BENCHES] = opened if isinstance(opened, Mapping) else {"": opened}
    return config.stash[_BENCHES]


def bench_of(config: pytest.Config, case: str = "") -> Bench:
    """Return the bench of a case; the first for a claim about no model, which is judged once. Opened as all are."""
    benches = benches_of(config)
    return benches[case] if case in benches else next(iter(benches.values()))


def bench_for(config: pytest.Config, claim: Claim | None, case: str = "") -> Bench:
    """Return the bench that a claim is judged on: a case's, or that of all models together. Opened as all are.

    Raises HarnessError also where a claim is about all models, and the suite says nothing of them together.
    """
    if claim is None or claim.subject != MODELS:
        return bench_of(config, case)
    if _TOGETHER not in config.stash:
        if (together := suite_of(config).together) is None:
            raise HarnessError(f"{claim.id} is about {MODELS}, and its suite has no bench of several: give `together`")
        config.stash[_TOGETHER] = together(benches_of(config))
    return config.stash[_TOGETHER]


def open_bench(config: pytest.Config, claim: Claim, case: str = "") -> Bench | None:
    """Return the bench that a claim is judged on where the session's were opened."""
    return bench_for(config, claim, case) if _BENCHES in config.stash else None


def given_expectation(config: pytest.Config) -> Expectation | None:
    """Return what the file of --expect holds, read once a session; None where it is not given."""
    path = config.getoption("expect")
    if path is None:
        return None
    if _EXPECTATION not in config.stash:
        config.stash[_EXPECTATION] = read_expectation(Path(path))
    return config.stash[_EXPECTATION]


def expectation_of(config: pytest.Config, case: str = "") -> Expectation | None:
    """Return what --expect demands of a case: None where it is not given or speaks of another run."""
    expectation = given_expectation(config)
    differ = expectation is None or expectation.differences(bench_of(config, case).settings)
    return None if differ else expectation
