"""Facts that no other test held, or none fast enough, when an error was planted against them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.data import Example
from harness.evidence.evidence import Evidence
from harness.evidence.questions import FinetunedAt
from harness.evidence.sources import Sources
from harness.evidence.training_questions import TextTasks
from harness.judging.kept import find_or_calibrate
from harness.models.gpt.network import AttentionChoice, vector_gpt
from harness.models.gpt.problems import Recall, recall_answers
from harness.models.gpt.sizes import Shape, Size
from harness.models.gpt.tokens import tokenize
from harness.prompts import draw_demonstrations
from harness.report.sentences import calibration
from harness.runs.loaded import model_of
from harness.runs.variants import Variant
from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.calibration import calibrate
from harness.statistics.results import Calibration
from harness.store import Entry, Record, Store
from harness.tests.minuscule import MINUSCULE, fill, open_minuscule, write_words
from harness.tests.tiny import ANSWERS, Project
from harness.tests.two_tasks import sources_of, two_tasks
from harness.trainings.training import problem_of

CHOSEN_AMONG = replace(MINUSCULE, etas=(0.1, 0.5, 0.9))


def opened(project: Project, folder: Path, size: Size = MINUSCULE, **options: Any) -> Sources:
    """Return sources of minuscule trainings, with an empty store."""
    more = {"corpus": write_words(folder / "words.txt"), "device": "cpu"} | options
    return open_minuscule(project.settings(folder / "store", **more), size)


def keep(sources: Sources, record: Record, tensors: Mapping[str, np.ndarray]) -> None:
    """Keep what a record is to have left."""
    sources.store.find_or_compute(record.kind, record.key, lambda: Entry(tensors, {"seconds": 0.0}))


def keep_tried(sources: Sources, losses: Mapping[float, float]) -> None:
    """Keep a loss for each eta that is tried."""
    for eta, training in sources.grid.tries.items():
        keep(sources, training, {"dev": np.full(6, losses[eta])})


def test_eta_is_the_one_of_least_loss(project: Project, tmp_path: Path) -> None:
    """Of losses 3, 1 and 2 the second's eta is taken; a reported run, which says 0.1, is not asked."""
    sources = opened(project, tmp_path, CHOSEN_AMONG)
    keep_tried(sources, {0.1: 3.0, 0.5: 1.0, 0.9: 2.0})
    for eta, loss in {0.1: 1.0, 0.5: 3.0, 0.9: 2.0}.items():
        keep(sources, sources.grid.reported("language", "momentum", eta)[0], {"dev": np.full(6, loss)})
    assert sources.grid.tried == {0.1: 3.0, 0.5: 1.0, 0.9: 2.0}
    assert sources.eta == 0.5


def test_language_models_learn_the_training_text(project: Project, tmp_path: Path) -> None:
    """The tokens that windows are drawn from are those of the corpus' training part."""
    sources = opened(project, tmp_path)
    training, validation = np.random.default_rng(0).integers(7, size=(2, 600)).astype(np.int32)
    keep(sources, sources.grid.tokens, {"training": training, "validation": validation})
    (first, *_) = sources.grid.reported("language", "vanilla", 0.5)
    assert np.array_equal(problem_of(first, sources.store).tokens, training)


def _prompt(sources: Sources, tokenizer: str, query: Example) -> list[int]:
    """Return start token, demonstrations in order while the longest query still fits, and the query, by hand."""
    settings, task = sources.experiment.settings, sources.experiment.tasks["toy"]
    start = int(tokenize(tokenizer, ["x"]).tokens[0])

    def tokens(text: str) -> list[int]:
        return list(map(int, tokenize(tokenizer, [text]).tokens[1:]))

    longest = max(len(tokens(f"Input: {e.texts['text']} Type:")) for e in task.test[: settings.queries])
    prefix = [start]
    for shown in draw_demonstrations(task, settings.demonstrations, settings.seed, 0):
        more = tokens(f"Input: {shown.texts['text']} Type: {ANSWERS[shown.label]}\n")
        if len(prefix) + len(more) + longest > sources.grid.size.language.length:
            break
        prefix += more
    assert len(prefix) > 1, "no demonstration fits: this test would not see one"
    return prefix + tokens(f"Input: {query.texts['text']} Type:")


def test_answers_are_the_networks_own(project: Project, tmp_path: Path) -> None:
    """Untrained networks out of the store: right is where the likelier answer word behind the whole prompt is gold."""
    sources = opened(project, tmp_path, queries=8)
    grid, store, examples = sources.grid, sources.store, sources.experiment.tasks["toy"].test[:8]
    keep_tried(sources, {0.5: 1.0})
    tokenizer = str(store.find_or_run(grid.tokens).facts["tokenizer"])
    made = {attention: grid.reported("language", attention, sources.eta) for attention in TextTasks.attentions}
    networks = {
        attention: [problem_of(each, store).network(grid.size.language.shape, each.choice) for each in trainings]
        for attention, trainings in made.items()
    }
    for attention, trainings in made.items():
        for training, network in zip(trainings, networks[attention], strict=True):
            with torch.no_grad():
                for weight in network.parameters():
                    weight.mul_(3)
            keep(sources, training, {f"weights.{name}": w.numpy() for name, w in network.state_dict().items()})
    fill(sources, [TextTasks()])
    words = [int(tokenize(tokenizer, [f" {answer}"]).tokens[1]) for answer in ANSWERS]
    prompts = [torch.tensor([_prompt(sources, tokenizer, example)]) for example in examples]
    for attention, by_task in Evidence(sources).text_tasks().items():
        with torch.inference_mode():
            logits = [[network(prompt)[0, -1, words] for prompt in prompts] for network in networks[attention]]
        right = [[int(of.argmax()) == e.label for of, e in zip(row, examples, strict=True)] for row in logits]
        assert np.array_equal(by_task["toy"], np.array(right, float))


def test_scores_are_those_of_the_test_sequences() -> None:
    """What counts in recall are the keys of step -1 that came before, and not those of the first training step."""
    problem = Recall(3, 3, 6, seed=0)
    network = problem.network(Shape(1, 1, 8), AttentionChoice())
    counted = ~np.isnan(recall_answers(network, problem, 5))
    tested, trained = (problem.batch(step, 5).counts[:, 0::2].numpy() for step in (-1, 0))
    assert np.array_equal(counted, tested)
    assert not np.array_equal(counted, trained)


def test_momentum_is_of_values() -> None:
    """Where all values are 0, attention with momentum adds nothing, whatever the keys."""
    networks = [
        vector_gpt(Shape(1, 2, 8), 3, 1, AttentionChoice(name, 0.9), torch.Generator().manual_seed(0))
        for name in ("vanilla", "momentum")
    ]
    inputs = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for network in networks:
            network.blocks[0].attention.project.weight[16:] = 0.0  # type: ignore[union-attr, operator]
        one, other = (network(inputs) for network in networks)
    assert torch.equal(one, other)


def test_rival_is_finetuned_itself(project: Project, tmp_path: Path) -> None:
    """At a rate of 1e-6 the keys and values that finetuning leaves are the rival's own, not the trained model's."""
    question = FinetunedAt(Variant(weights="fresh"))
    sources = sources_of(two_tasks(project, tmp_path / "both"), tmp_path / "store", question, learning_rates=(1e-6,))
    (run,) = question.records(sources)["toy"]
    found = sources.store.read(run).tensors
    with torch.no_grad():
        rival = model_of(run, sources.store)
        own = {part.name: part.of(part.parameter).numpy() for part in rival.key_value_slices}
    assert own
    assert all(np.allclose(found[name], weight, rtol=0, atol=1e-4) for name, weight in own.items())


STRONG = Comparison(name="a", prediction="", unit="accuracy", cells=(np.arange(40.0)[None] / 40,), matters=0.3)


def test_false_support_is_counted_without_the_effect() -> None:
    """Of values that vary by 0.3 about their mean, 40 examples support effects of 0.3 and 1 nearly always."""
    found = calibrate("C1", [STRONG], 0.05, stream(0, "c"), printed=[1.0], runs=100)
    assert (found.power_printed, round(found.power or 0)) == (1, 1)
    assert found.false_support < 0.1


def test_claim_that_is_half_true_is_rarely_supported() -> None:
    """Of two parts one has an effect of 1 and one none: the claim is supported as often as a part without any is."""
    one = replace(STRONG, matters=0.0)
    other = replace(one, name="b", cells=(STRONG.cells[0][:, ::-1],))
    found = calibrate("C2", [one, other], 0.05, stream(0, "c"), printed=[1.0, 0.0], runs=100)
    assert found.power_printed is not None
    assert found.power_printed < 0.1
    against = calibrate("C2", [one, other], 0.05, stream(0, "c"), printed=[1.0, -1.0], runs=20)
    assert against.power_printed == 0


def test_calibration_is_kept_by_what_it_is_drawn_from(tmp_path: Path) -> None:
    """Other values, effects, level or number of runs are another simulation; the same is the same."""
    store = Store(tmp_path)

    def calibrated(part: Comparison, printed: float, alpha: float, runs: int) -> Calibration:
        return find_or_calibrate(store, "C1", [part], [printed], alpha, 0, runs)

    base = calibrated(STRONG, 1.0, 0.05, 20)
    assert calibrated(STRONG, 1.0, 0.05, 20) == base
    assert (base.power_printed, round(base.power or 0)) == (1, 1)
    assert calibrated(STRONG, 0.001, 0.05, 20).power_printed != 1
    assert calibrated(STRONG, 1.0, 0.05, 30).runs == 30
    assert calibrated(STRONG, 1.0, 0.9, 20).false_negligible > base.false_negligible
    assert round(calibrated(replace(STRONG, matters=0.001), 1.0, 0.05, 20).power or 0) == 0
    spread = replace(STRONG, cells=(100 * STRONG.cells[0],))
    assert calibrated(spread, 1.0, 0.05, 20).power_printed != 1


def test_calibration_is_said_in_percent() -> None:
    """False outcomes with one decimal, power without, beside the design that they are of."""
    found = Calibration("C1", 1000, 5, 1, (40, 50), 0.013, 0.021, 0.004, 0.32, 0.62, (0.1, 0.1))
    said = calibration(found).replace("\N{NO-BREAK SPACE}", " ")
    for part in (
        "Simulated 1,000 times from these data (5 sets, 1 draw, 40 examples a task)",
        "SUPPORTED in 1.3 %, REFUTED in 2.1 % and NEGLIGIBLE in 0.4 %",
        "just the size that matters in 32 % and the paper's (0.1) in 62 %",
    ):
        assert part in said
