"""From a construction to verdicts, as from a model to verdicts: prompts, runs, selection, measurements, judge."""

import gc
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import claims
import fixtures
from claims.ladder import SCALES, STEPS
from harness.data import JSON
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import load_claims
from harness.judging.exhibits import Ladder
from harness.judging.ladders import asked, ladder
from harness.judging.verdicts import Verdict
from harness.plugin.several import Several
from harness.plugin.study import Study, Turns
from harness.progress import Silent
from harness.settings import Settings, parse_settings
from harness.tests.known.project import make_model, make_task
from harness.tests.tiny import ready

CLAIMS = {name: module for name, module in load_claims(claims).items() if module.claim.family == "similarity"}
"""All that is judged together there: C10 to C13."""
GROWTH = {name: module for name, module in load_claims(claims).items() if module.claim.family == "growth"}
"""S1 and S2."""
SMALLEST = 20_000
"""Numbers that a model has, about."""
RATES = 2e-3, 4e-3
"""That finetuning selects between. At .003 attention outputs change by .26 to .51 of their size, by base."""
RATE = 3e-3
"""In the context."""
LOOKUP = 3.0

CONSTRUCTIONS: Mapping[str, JSON] = {
    "meta-optimizer": {"rate": RATE, "share": 0.95, "swapped": True},
    "uphill": {"rate": RATE, "share": -1.0, "lookup": LOOKUP},
    "lookup": {"size": 0.0, "lookup": LOOKUP},
    "ignoring": {"size": 0.0},
    "random": {"rate": RATE, "share": 0.0, "lookup": LOOKUP},
    "large random": {"rate": 30 * RATE, "share": 0.0, "lookup": LOOKUP},
}
"""What each does in its context (see `KnownConfig`).

The meta-optimizer's rate and the order of its steps are not finetuning's, and a third of its update's size is noise.
What goes uphill, or changes at random, answers by looking up, so that it learns in context and claims can be tested.
The large random change is of thirty times the size.
"""


def mixture(share: float) -> JSON:
    """Return the construction whose update is descent by a share, and random else; it answers by looking up."""
    return {"rate": RATE, "share": share, "lookup": LOOKUP}


@dataclass(frozen=True)
class Weighed:
    """A construction under a seed: of texts, demonstrations and what is random of it, with its base."""

    construction: JSON
    seed: int
    folder: Path

    @cached_property
    def settings(self) -> Settings:
        """Write task and model; return the settings of a run on them."""
        make_task(self.folder / "data", self.seed)
        make_model(self.folder / "model", self.seed, **self.construction, draw=self.seed)
        return settings_of(self.folder, "model", self.seed)

    def verdicts(self) -> Mapping[str, Verdict]:
        """Return the verdicts on C10 to C13, with what a report says of the run worked out."""
        gc.freeze()  # the judge's library collects garbage at every correction, a second each with torch loaded
        study = Study(CLAIMS, self.settings, fixtures.MODELS, fixtures.TASKS, Silent())
        return {claim: study.verdict(claim) for claim in CLAIMS}

    def figures(self) -> Mapping[str, float]:
        """Return SimAOU, SimAM on differences from ZSL and Kendall's tau, means over sets, examples and layers."""
        asked = {"SimAOU": ("sim_aou", "ft"), "SimAM": ("sim_am", "differences"), "Kendall": ("kendall", "ft")}
        questions = {name: OnTasks(measurement) for name, (measurement, _) in asked.items()}
        sources = ready(self.settings, *questions.values())
        records = {name: question.records(sources)["kinds"] for name, question in questions.items()}
        return {
            name: float(np.mean([sources.store.read(record).tensors[asked[name][1]] for record in of]))
            for name, of in records.items()
        }


def settings_of(folder: Path, model: str, seed: int, sets: int = 5, queries: int = 30) -> Settings:
    """Return the settings of a run on a model that stands in a folder, with the task beside it."""
    return parse_settings(
        model=str(folder / model),
        data_dir=folder / "data",
        store=folder / "store",
        device="cpu",  # where the network makes its steps
        tasks=("kinds",),
        learning_rates=RATES,
        demonstrations=16,
        demonstration_sets=sets,
        queries=queries,
        dev_queries=40,
        control_queries=20,
        simulations=0,
        seed=seed,
    )


def trends_of(
    constructions: Sequence[JSON], seed: int, folder: Path, sets: int = 5, queries: int = 30
) -> Mapping[str, Verdict]:
    """Return the verdicts on S1 and S2 on models of one family that are made so, each ten times as large as the last.

    What a model has more than the smallest does nothing, so that size and what grows with it are known apart.
    """
    make_task(folder / "data", seed)
    for place, construction in enumerate(constructions):
        make_model(folder / f"{place}", seed, **construction, draw=seed, spare=SMALLEST * (10**place - 1))
    of_each = [settings_of(folder, f"{place}", seed, sets, queries) for place, _ in enumerate(constructions)]
    turns = Turns()
    studies = [Study(GROWTH, of, fixtures.MODELS, fixtures.TASKS, Silent(), turns) for of in of_each]
    bench = Several(GROWTH, studies)
    return {claim: bench.verdict(claim) for claim in GROWTH}


def verdicts_of(name: str, seed: int) -> Mapping[str, Verdict]:
    """Return the verdicts on a construction by name."""
    with tempfile.TemporaryDirectory() as folder:
        return Weighed(CONSTRUCTIONS[name], seed, Path(folder)).verdicts()


def ladders_of(name: str, seed: int) -> Mapping[str, Ladder]:
    """Return the ladders on a construction by name: of outputs and of attention, by measurement.

    Without untrained models, as the known networks with other weights diverge under some seeds at either learning rate;
    and without heads apart, as these networks keep no prefix of tokens that a head could read labels in.
    """
    scales = [scale for scale in SCALES if not scale.from_start]
    steps = [step for step in STEPS if not {"untrained", "heads"} & {*step.name.split()}]
    with tempfile.TemporaryDirectory() as folder:
        settings = Weighed(CONSTRUCTIONS[name], seed, Path(folder)).settings
        evidence = Evidence(ready(settings, *asked(steps, scales)))
        return {scale.measurement: ladder(evidence, scale, steps) for scale in scales}


def dose_response(shares: tuple[float, ...], seeds: range) -> dict[float, dict[str, float]]:
    """Return the figures by share of descent in the update, means over seeds: what similarities are read on."""
    found = {}
    for share in shares:
        of_seeds = []
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                of_seeds.append(Weighed(mixture(share), seed, Path(folder)).figures())
        found[share] = {name: float(np.mean([of[name] for of in of_seeds])) for name in of_seeds[0]}
    return found
