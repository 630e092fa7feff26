"""Facts that no other test held, or none fast enough, when an error was planted against them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.evidence.evidence import Evidence
from harness.judging.kept import find_or_judge
from harness.models.gpt.network import AttentionChoice, vector_gpt
from harness.models.gpt.problems import Recall, recall_answers
from harness.models.gpt.sizes import Shape
from harness.models.gpt.tokens import tokenize
from harness.report.page import calibration
from harness.runs.control_runs import Variant
from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.calibration import calibrate
from harness.statistics.results import Calibration
from harness.store import Entry, Store
from harness.tests.tiny import ANSWERS, WORDS, Project
from harness.tests.trainings.test_grid import MINUSCULE, trainings, write_corpus
from harness.tests.trainings.test_text_tasks import SIZE, evidence_of, prompt_by_hand
from harness.tests.trainings.test_training import keep_text, training
from harness.tests.two_tasks import controls_of, two_tasks
from harness.trainings.grid import ATTENTIONS, Trainings
from harness.trainings.training import Training, problem_of


def keep(made: Trainings, given: Training, tensors: Mapping[str, np.ndarray]) -> None:
    """Keep what a training is to have left."""
    made.store.find_or_compute("training", given.key, lambda: Entry(tensors, {"seconds": 0.0}))


def keep_tried(made: Trainings, seed: int, losses: Mapping[float, float]) -> None:
    """Keep a loss for each eta under a seed."""
    for eta, loss in losses.items():
        keep(made, made._training("language", "momentum", eta, seed), {"dev": np.full(6, loss)})


def test_eta_is_the_one_of_least_loss(tmp_path: Path) -> None:
    """Of losses 3, 1 and 2 the second's eta is taken; a reported run, which says 0.1, is not asked."""
    made = trainings(tmp_path / "store", write_corpus(tmp_path / "corpus.txt"))
    keep_tried(made, made._seeds("choice of eta", 1)[0], {0.1: 3.0, 0.5: 1.0, 0.9: 2.0})
    keep_tried(made, made.seeds[0], {0.1: 1.0, 0.5: 3.0, 0.9: 2.0})
    assert made.tried == {0.1: 3.0, 0.5: 1.0, 0.9: 2.0}
    assert made.eta == 0.5


def test_results_stand_under_their_attention(tmp_path: Path) -> None:
    """Scores 0 to 3 that the four attentions' trainings left, in halves for the second run, are found as such."""
    made = trainings(tmp_path / "store", write_corpus(tmp_path / "corpus.txt"))
    keep_tried(made, made._seeds("choice of eta", 1)[0], dict.fromkeys(MINUSCULE.etas, 1.0))
    for given in made.every():
        level = ATTENTIONS.index(given.attention) + 0.5 * made.seeds.index(given.seed)
        keep(made, given, {"score": np.full((7, 3), level)})
    found = {attention: of["score"][:, 0, 0].tolist() for attention, of in made.of("regression").items()}
    assert found == {"vanilla": [0, 0.5], "momentum": [1, 1.5], "uniform": [2, 2.5], "shift": [3, 3.5]}


def test_language_models_learn_the_training_text(tmp_path: Path) -> None:
    """The tokens that windows are drawn from are those of the corpus' training part."""
    keep_text(tmp_path, "text")
    expected = np.random.default_rng(0).integers(7, size=(2, 100))[0]
    assert np.array_equal(problem_of(training(tmp_path, "language")).tokens, expected)


def test_answers_are_the_networks_own(project: Project, tmp_path: Path) -> None:
    """Untrained networks out of the store: right is where the likelier answer word behind the whole prompt is gold."""
    rng, corpus = stream(0, "corpus"), tmp_path / "corpus.txt"
    corpus.write_text("\n\n".join(f"{' '.join(rng.choice(WORDS, 17))} Type: {ANSWERS[i % 2]}" for i in range(200)))
    settings = project.settings(tmp_path / "store", corpus=str(corpus), processes=1, device="cpu", queries=8)
    evidence = evidence_of(settings)
    made, examples = evidence.runner.trainings, evidence.runner.runs.tasks["toy"].test[:8]
    keep_tried(made, made._seeds("choice of eta", 1)[0], dict.fromkeys(SIZE.etas, 1.0))
    made._token_streams()
    for given in made.every():
        network = problem_of(given).network(SIZE.language.shape, given.choice)
        keep(made, given, {f"weights.{name}": 3 * weight.numpy() for name, weight in network.state_dict().items()})
    found = evidence.text_tasks()
    words = [int(tokenize(made.tokenizer(), [f" {answer}"]).tokens[1]) for answer in ANSWERS]
    prompts = [torch.tensor([prompt_by_hand(evidence, example)]) for example in examples]
    for attention, by_task in found.items():
        with torch.inference_mode():
            logits = [[network(prompt)[0, -1, words] for prompt in prompts] for network in made.networks(attention)]
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
    controls = controls_of(two_tasks(project, tmp_path / "both"), tmp_path / "store", learning_rates=(1e-6,))
    found = controls._finetuned("toy", controls.runner.selection("toy").candidates[0], Variant(weights="fresh")).tensors
    with torch.no_grad():
        rival = controls._rival("fresh")
        own = {part.name: part.of(part.parameter).numpy() for part in rival.key_value_slices}
    assert own
    assert all(np.allclose(found[name], weight, rtol=0, atol=1e-4) for name, weight in own.items())


STRONG = Comparison(name="a", prediction="", unit="accuracy", cells=(np.arange(40.0)[None] / 40,))


def test_false_support_is_counted_without_the_effect() -> None:
    """Of values that vary by 0.3 about their mean, 40 examples support an effect of 1 always, and none rarely."""
    (found,) = calibrate({"C1": [STRONG]}, 0.05, stream(0, "c"), effects={"C1": [1.0]}, runs=100)
    assert found.power == 1
    assert found.false_support < 0.1


def test_claim_that_is_half_true_is_rarely_supported() -> None:
    """Of two parts one has an effect of 1 and one none: the claim is supported as often as a part without any is."""
    other = replace(STRONG, name="b", cells=(STRONG.cells[0][:, ::-1],))
    (found,) = calibrate({"C2": [STRONG, other]}, 0.05, stream(0, "c"), effects={"C2": [1.0, 0.0]}, runs=100)
    assert found.power is not None
    assert found.power < 0.1


def test_verdict_of_other_values_is_not_read(tmp_path: Path) -> None:
    """Two comparisons that differ in one value alone are judged apart."""
    one, other = (replace(STRONG, cells=(STRONG.cells[0] + np.eye(1, 40) * more,)) for more in (0.0, 0.1))
    effects = [
        find_or_judge(Store(tmp_path), {"C1": [part]}, 0.05, 0, "judge")["C1"][0].estimate.effect
        for part in (one, other)
    ]
    assert effects == pytest.approx([19.5 / 40, 19.6 / 40])


def test_calibration_is_kept_by_what_it_is_drawn_from(evidence: Evidence) -> None:
    """Another effect, level or number of runs is another simulation; the same is the same."""
    family = {"C1": [STRONG]}
    base = evidence.calibrated(family, {"C1": [1.0]}, 0.05, 20)["C1"]
    assert evidence.calibrated(family, {"C1": [1.0]}, 0.05, 20)["C1"] == base
    assert base.power == 1
    assert evidence.calibrated(family, {"C1": [0.001]}, 0.05, 20)["C1"].power != 1
    assert evidence.calibrated(family, {"C1": [1.0]}, 0.05, 30)["C1"].runs == 30
    assert evidence.calibrated(family, {"C1": [1.0]}, 0.9, 20)["C1"].false_support > base.false_support


def test_calibration_is_said_in_percent() -> None:
    """False support with one decimal, power without, and both beside what they are of."""
    found = Calibration("C1", 1000, (40, 50), 0.013, (0.1, 0.1), 0.62, 90)
    assert calibration(found) == (
        "Simulated 1,000 times on these data: with no effect in its family the rule says SUPPORTED in 1.3 % of runs; "
        "with the paper's effect (0.1) in 62 % at 40 examples a task; 90 a task would make it 80 %."
    )


def test_power_that_no_number_of_examples_reaches_is_said() -> None:
    """Where the search for enough examples ends in vain, the report does not stay silent."""
    found = Calibration("C1", 1000, (40,), 0.0, (0.1,), 0.02, None)
    assert calibration(found).endswith("in 2 % at 40 examples a task; more examples alone would not make it 80 %.")
