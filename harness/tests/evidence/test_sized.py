"""Which models of a session a trend can be judged on."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.evidence.questions import HowItRan
from harness.evidence.sized import SizedModel, by_family, enough, far_from_too_few, sized_model, too_few
from harness.tests.planted.worlds import SETS, World, learning
from harness.tests.tiny import Project, ready

NOT = [learning(ft=0)] * SETS


def model(name: str, family: str = "llama", size: int = 10, unlearned: Sequence[str] = ()) -> SizedModel:
    """Return a model of two tasks, some of which finetuning did not learn."""
    sets = dict.fromkeys(("a", "b"), tuple(range(SETS)))
    return SizedModel(name, family, size, World(learned=dict.fromkeys(unlearned, NOT)), sets)


def test_models_are_of_families_the_smallest_first() -> None:
    """Whatever the order of the command line, and families by their names."""
    models = [model("c", size=30), model("x", "gpt2", 5), model("a", size=10), model("b", size=20)]
    found = {family: [m.name for m in of] for family, of in by_family(models).items()}
    assert list(found.items()) == [("gpt2", ["x"]), ("llama", ["a", "b", "c"])]


def test_three_sizes_are_enough_and_three_models_of_two_sizes_are_not() -> None:
    """A chat model and its base have one size."""
    assert enough([model("a", size=10), model("b", size=20), model("c", size=30)])
    assert not enough([model("a", size=10), model("b", size=20), model("b chat", size=20)])


def test_too_few_says_how_many_of_which_family_ran_and_what_is_needed() -> None:
    """In one line; nothing where one family has three sizes, whatever else ran."""
    models = [model("x", "gpt2", 5_000_000), model("a", size=10_000_000), model("b", size=2_000_000_000)]
    assert too_few(models) == (
        "a trend needs 3 models of one family, each of another size; there ran 1 of gpt2 (x, 5 M), "
        "and 2 of llama (a, 10 M, b, 2e+03 M)"
    )
    assert too_few([*models, model("c", size=3)]) == ""


def test_task_counts_where_three_sizes_learned_it() -> None:
    """Of three models that learned one task each there is none; where all three learned one, it can be judged on it."""
    sized, lacking = {"a": 10, "b": 20, "c": 30}, {"a": "a", "b": "b", "c": "a"}
    apart = [model(name, size=size, unlearned=lacking[name]).presuming(("icl", "ft")) for name, size in sized.items()]
    assert [[*each.left_out] for each in apart] == [["a"], ["b"], ["a"]]
    assert too_few(apart) == (
        "a trend needs 3 models of one family, each of another size, that learned a task; at most 2 of llama "
        "learned one (b)"
    )
    alike = [model(name, size=size, unlearned=["a"]).presuming(("icl", "ft")) for name, size in sized.items()]
    assert too_few(alike) == ""
    assert alike[0].evidence.tasks == ("b",)


def test_nothing_presumed_leaves_nothing_out() -> None:
    """And no distance from it."""
    same = model("a", unlearned=["a", "b"]).presuming(())
    assert (same.left_out, same.evidence.tasks) == ({}, ("a", "b"))
    assert far_from_too_few([same] * 3) is None


def test_distance_is_the_third_models_on_the_nearest_task() -> None:
    """Margins of four sizes: the third from the top decides a task, and of two tasks the one that is further above."""
    margins = {"w": (1.0, 9.0), "x": (2.0, -3.0), "y": (3.0, -1.0), "z": (4.0, -2.0)}
    models = [
        SizedModel(name, "llama", size, World(), {}, margins={"a": a, "b": b})
        for size, (name, (a, b)) in enumerate(margins.items(), start=1)
    ]
    assert far_from_too_few(models) == 2.0
    assert far_from_too_few(models[1:]) == 2.0
    below = [SizedModel(m.name, "llama", m.parameters, World(), {}, margins={"b": m.margins["b"]}) for m in models]
    assert far_from_too_few(below) == 2.0
    assert far_from_too_few(below[:2]) is None


def test_margin_is_below_zero_where_a_task_was_not_learned() -> None:
    """As far as what the claim presupposes is from the number that decides it."""
    found = model("a", unlearned=["a"]).presuming(("icl", "ft")).margins
    assert found["a"] < 0 < found["b"]
    assert all(map(math.isfinite, found.values()))


@pytest.mark.parametrize("selection", ["best", "random"])
def test_model_is_sized_by_its_configuration(project: Project, tmp_path: Path, selection: str) -> None:
    """All numbers of a Llama of 40 words, width 16, two layers and MLPs of 32, counted by hand; its reported sets."""
    sources = ready(project.settings(tmp_path / "store", selection=selection), HowItRan())
    found = sized_model(sources)
    attention, mlp, norms = 16 * (16 + 8 + 8 + 16), 3 * 16 * 32, 2 * 16
    assert found.parameters == 2 * 40 * 16 + 2 * (attention + mlp + norms) + 16
    assert (found.name, found.family) == (str(project.model), "llama")
    assert found.sets == {"toy": tuple(sources.selection("toy").candidates)}
