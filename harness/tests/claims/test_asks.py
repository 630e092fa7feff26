"""What a claim asks for is all that it reads: with it planned everything is there, without it nothing is made."""

import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import claims
from harness.evidence.evidence import Evidence
from harness.evidence.questions import AcrossSets, FinetunedAt, OnControls, OnTasks, Question, UpdateSizes
from harness.evidence.sized import SizedModel
from harness.evidence.sources import Sources
from harness.evidence.stand_ins import StandIn
from harness.evidence.supervised import Supervised
from harness.evidence.training_questions import TextTasks, TrainedGPTs, TrainedLayers
from harness.judging.claims import MODELS, ClaimModule, load_claims
from harness.runs.variants import OWN
from harness.settings import Settings
from harness.store import Entry, MissingEntryError
from harness.tests.minuscule import fill, open_minuscule, write_words
from harness.tests.planted.worlds import World
from harness.tests.tiny import Project
from harness.tests.two_tasks import QUERIES, two_tasks

CLAIMS = load_claims(claims)
ASKING = [claim_id for claim_id, module in CLAIMS.items() if module.asks]
SELECTING = (FinetunedAt(OWN),)
"""Asks for no more than what demonstrations and learning rates are selected by."""


class Stores:
    """Stores that were filled by a plan of some questions and nothing else."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = two_tasks(project, folder / "both")
        self.folder = folder
        self.corpus = write_words(folder / "words.txt")
        self.filled = cache(self._filled)

    def _settings(self, store: Path, second: str) -> Settings:
        more = {"tasks": ("toy", second), "control_queries": QUERIES, "corpus": self.corpus, "device": "cpu"}
        more |= {"demonstration_sets": 2, "selection": "random"}  # orders are compared across sets
        return self.project.settings(store, **more)

    def _filled(self, questions: tuple[Question, ...]) -> Sources:
        """Return sources whose store holds what answers the questions; the same questions have the same store."""
        selected = self.filled(SELECTING).store.root if _of_model(questions) and questions != SELECTING else None
        store = self.folder / f"store {len(list(self.folder.iterdir()))}"
        if selected is not None:
            shutil.copytree(selected, store)
        # to the language models of the grid cube's answer words begin alike
        second = "cube" if _of_model(questions) else "doll"
        sources = open_minuscule(self._settings(store, second))
        if TrainedLayers in map(type, questions):
            _keep_layers(sources)
        fill(sources, questions)
        return sources


def _of_model(questions: Sequence[Question]) -> bool:
    return not {TrainedLayers, TrainedGPTs, TextTasks} & set(map(type, questions))


def _keep_layers(sources: Sources) -> None:
    """Keep layers of linear attention in place of trained ones: to train them takes half a minute."""
    names = ("explained", "cosine", "cosine_untrained", "loss", "loss_gradient_step")
    record, entry = TrainedLayers().record(sources), Entry({name: np.linspace(0.1, 0.9, 10) for name in names}, {})
    sources.store.find_or_compute(record.kind, record.key, lambda: entry)


@pytest.fixture(scope="module")
def stores(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """Return the stores of this module."""
    return Stores(project, tmp_path_factory.mktemp("asks"))


def _kept(sources: Sources) -> list[Path]:
    return sorted(sources.store.root.rglob("*"))


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_what_a_claim_asks_for_is_all_that_it_reads(stores: Stores, claim_id: str) -> None:
    """Measured on a store that its own questions filled, it finds everything, and leaves the store as it was."""
    module = CLAIMS[claim_id]
    sources = stores.filled(module.asks)
    before = _kept(sources)
    measured = module.measure(_handed(module, Evidence(sources)))
    assert measured.parts or measured.checks
    assert _kept(sources) == before


@pytest.mark.parametrize("claim_id", ASKING)
def test_claim_that_was_not_planned_says_what_is_missing(stores: Stores, claim_id: str) -> None:
    """On a store that holds what is selected by, the first thing that it reads is named, and nothing is computed."""
    module = CLAIMS[claim_id]
    sources = stores.filled(SELECTING)
    before = _kept(sources)
    with pytest.raises(MissingEntryError, match="lacks '") as raised:
        module.measure(_handed(module, Evidence(sources)))
    assert _kept(sources) == before
    (missing,) = re.findall("lacks '(.*)', which was not planned", str(raised.value))
    asked = stores.filled(module.asks)
    assert missing in {words for question in module.asks for words in _stated(question, asked)}


def _handed(module: ClaimModule, evidence: Evidence) -> object:
    """Return what the claim's `measure` is handed: where it is about several models, one as three of three sizes."""
    if module.claim.subject != MODELS:
        return evidence
    sets = dict.fromkeys(evidence.tasks, (0,))
    return [SizedModel(f"{size} M", "llama", size * 10**6, evidence, sets) for size in (1, 2, 3)]


def _stated(question: Question, sources: Sources) -> list[str]:
    return [record.words for stage in question.stages(sources) for record in stage]


@pytest.mark.parametrize("claim_id", ASKING)
def test_claim_reads_all_that_it_asks_for(claim_id: str) -> None:
    """No measurement is planned for nothing, and none is read that was not asked for under its variant."""
    module, world = CLAIMS[claim_id], World()
    module.measure(_handed(module, world))
    kinds = (OnTasks, OnControls, AcrossSets, StandIn, FinetunedAt, UpdateSizes, Supervised)
    assert {question for question in module.asks if isinstance(question, kinds)} == world.asked


def test_exact_claims_ask_for_nothing() -> None:
    """The algebra's identities need no store; C8 is about the model."""
    assert {claim_id for claim_id in CLAIMS if claim_id not in ASKING} == {"C4", "C5", "C6", "C7"}
