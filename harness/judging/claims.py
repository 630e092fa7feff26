"""A claim as data, and the files of a package that hold claims."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from harness.evidence.best_sets import BestSets
from harness.evidence.checks import Check
from harness.evidence.questions import AcrossSets, Measuring, OnControls, Question
from harness.judging.exhibits import Curve, Ladder, Table
from harness.statistics import Comparison

MODEL = "model"
"""As a claim's subject: the model under test, whichever that is."""

MODELS = "models"
"""As a claim's subject: all models of a session together. Its `measure` is handed a sequence of them
(`harness.evidence.sized.SizedModel`) in the place of one's evidence, and what it asks for is asked of each."""


@dataclass(frozen=True)
class Claim:
    """A claim, fixed before the run."""

    id: str
    """A letter and a number: its place among the others."""
    title: str
    statement: str
    section: str
    prediction: str
    """The inequality that must hold for the claim to be supported."""
    decision_rule: str
    unit: str
    family: str
    refuted_if: str
    control: str
    """What the negative control is."""
    subject: str = field(default=MODEL, kw_only=True)
    """What it is about: MODEL, MODELS, or in words what it makes itself."""
    qualifies: tuple[str, ...] = field(default=(), kw_only=True)
    """Ids of the claims that this one says more about: it stands beside them in the report."""
    paper_effects: tuple[float, ...] = field(default=(), kw_only=True)
    """Of each comparison, the effect that the paper prints (the smaller where it prints two); empty where it has none.
    The power of the decision rule is simulated with these."""
    matters: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    """By unit, the smallest effect that would matter. A comparison of a unit that is not here is never negligible."""
    because: str = field(default="", kw_only=True)
    """Why a smaller one would not."""

    presumes: tuple[str, ...] = field(default=(), kw_only=True)
    """What must have learned a task for the claim to say anything about it (see `harness.evidence.presuppositions`)."""
    on_best_sets: bool = field(default=False, kw_only=True)
    """Whether its comparisons are made on each task's best demonstration set alone, too, as the paper reports one. That
    is shown beside the verdict, and decides nothing."""

    def __hash__(self) -> int:
        """Return the id's: no two claims of a suite share it."""
        return hash(self.id)


@dataclass(frozen=True)
class Measured:
    """What a claim's `measure` returns: comparisons to judge, the same for its control, and what to show."""

    parts: tuple[Comparison, ...] = ()
    control: tuple[Comparison, ...] = ()
    checks: tuple[Check, ...] = ()
    """Exact statements: all must hold for the claim to be supported."""
    control_checks: tuple[Check, ...] = ()
    """The same statements with a planted error: none may hold."""
    tables: tuple[Table, ...] = ()
    curves: tuple[Curve, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    notes: tuple[str, ...] = ()
    untestable: str = ""
    """Why nothing can be said: what the claim presupposes does not hold on any task. Empty where it does on one."""
    presupposed: float | None = None
    """How far what the claim presupposes is from the number that decides whether it holds, in standard errors; None
    where it presupposes nothing, or that can't be measured."""
    best_sets: BestSets | None = None
    """The sets that its comparisons are made on alone, too; None where they are not, or there is one set."""


@dataclass(frozen=True)
class ClaimModule:
    """A file of claims/: its data and how it is measured."""

    claim: Claim
    asks: tuple[Question, ...]
    """All that `measure` reads."""
    measure: Callable[[Any], Measured]

    @property
    def on_controls(self) -> bool:
        """Whether what it measures is on the control tasks alone; on others too, and these may be its control's."""
        measured = [isinstance(asked, OnControls | AcrossSets) for asked in self.asks if isinstance(asked, Measuring)]
        return bool(measured) and all(measured)


def load_claims(package: ModuleType) -> Mapping[str, ClaimModule]:
    """Return every claim of the package by its id, in the order of its files."""
    return {
        module.CLAIM.id: ClaimModule(module.CLAIM, getattr(module, "ASKS", ()), module.measure)
        for module in _modules(package)
    }


def claims_by_file(package: ModuleType) -> Mapping[str, Claim]:
    """Return every claim of the package by its file, named from where the package lies: 'claims/c01_name.py'."""
    return {f"{module.__name__.replace('.', '/')}.py": module.CLAIM for module in _modules(package)}


def _modules(package: ModuleType) -> Iterator[Any]:
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if hasattr(module, "CLAIM"):
            yield module
