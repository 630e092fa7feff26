"""What a variant changes, what of it is in a key, and how it is said."""

from dataclasses import dataclass, fields

import pytest

from harness.runs.variants import ALWAYS, OWN, Variant
from harness.tests.runs.made_up import VARIANTS


def test_fields_of_the_first_keys_are_in_every_key() -> None:
    """Five of them, whatever they are: the keys of older stores hold them all. Of the others, what is other."""
    assert set(ALWAYS) == {"weights", "labels", "order", "another_task", "gradient"}
    assert all(set(v.key) == set(ALWAYS) | {name.split()[0]} & {"update", "texts"} for name, v in VARIANTS.items())


def test_every_field_in_all_its_values_makes_another_key() -> None:
    """All eight fields are given another value; no two keys are alike, and each holds the value."""
    changed = [*VARIANTS.values(), Variant(order=2), Variant(draw=1), Variant(labels="random", draw=2)]
    names = {f.name for f in fields(Variant)}
    assert {name for v in changed for name in names if getattr(v, name) != getattr(OWN, name)} == names
    assert len({str(sorted(variant.key.items())) for variant in changed}) == len(changed)
    assert all(value == getattr(variant, name) for variant in changed for name, value in variant.key.items())


@dataclass(frozen=True)
class _Later(Variant):
    """A variant as it would be with a field that is added after stores were filled."""

    noise: float = 0.0


@pytest.mark.parametrize("name", VARIANTS)
def test_new_field_at_its_default_is_not_in_the_key(name: str) -> None:
    """What is in a store by now is found as before; at any other value the field counts."""
    given = {f.name: getattr(VARIANTS[name], f.name) for f in fields(Variant)}
    assert _Later(**given).key == VARIANTS[name].key
    assert _Later(**given, noise=0.5).key == VARIANTS[name].key | {"noise": 0.5}


def test_first_draw_is_not_in_the_key() -> None:
    """Draw 0 is as before there were draws, in keys and in the names of streams; others count in both."""
    assert Variant(labels="random", draw=0).key == Variant(labels="random").key
    assert Variant(labels="random").names == ()
    assert Variant(labels="random", draw=3).key == Variant(labels="random").key | {"draw": 3}
    assert Variant(labels="random", draw=3).names == (3,)


def test_variant_reaches_the_settings_that_it_changes() -> None:
    """Another task's demonstrations reach ICL alone; gradient, update and texts FT alone; weights everything."""
    reached = {name: (v.changes_icl, v.changes_ft, v.of_zero_shot != OWN) for name, v in VARIANTS.items()}
    assert reached == {
        "own": (False, False, False),
        "weights fresh": (True, True, True),
        "weights shuffled": (True, True, True),
        "weights embeddings": (True, True, True),
        "weights norms": (True, True, True),
        "labels random": (True, True, False),
        "labels flipped": (True, True, False),
        "order 1": (True, True, False),
        "another_task True": (True, False, False),
        "gradient layer_causal": (False, True, False),
        "update random": (False, True, False),
        "update distilled_answers": (False, True, False),
        "update distilled_outputs": (False, True, False),
        "texts unrelated": (False, True, False),
    }


def test_finetuning_and_zero_shot_leave_out_what_does_not_reach_them() -> None:
    """Of everything at once finetuning keeps all but the other task; ZSL the weights, and their draw."""
    everything = Variant("fresh", "flipped", order=2, another_task=True, gradient="layer_causal", draw=4)
    assert everything.of_finetuning == Variant("fresh", "flipped", order=2, gradient="layer_causal", draw=4)
    assert everything.of_zero_shot == Variant("fresh", draw=4)
    assert Variant(labels="random", draw=4).of_zero_shot == OWN


def test_context_leaves_out_how_weights_are_changed() -> None:
    """And with it the draw, where nothing of what is drawn is left: no draw of an update makes another ICL."""
    everything = Variant("fresh", "flipped", gradient="layer_causal", update="random", texts="unrelated", draw=4)
    assert everything.of_context == Variant("fresh", "flipped", draw=4)
    for variant in (Variant(update="random", draw=2), Variant(texts="unrelated", draw=2)):
        assert variant.of_context == OWN
        assert not variant.changes_icl


def test_random_update_stands_in_for_the_steps_of_the_rest() -> None:
    """Of a random update alone these are the claims' own, in every draw; other labels and weights they keep."""
    assert Variant(update="random", draw=3).of_training == OWN
    assert Variant(update="random", labels="flipped", draw=3).of_training == Variant(labels="flipped")
    assert Variant(weights="norms", update="random", draw=3).of_training == Variant(weights="norms", draw=3)


def test_what_is_distilled_is_icls_answers_or_outputs() -> None:
    """The other two updates imitate nothing; no rate is selected for what is fitted, and a draw has other queries."""
    imitated = {name: variant.imitates for name, variant in VARIANTS.items() if variant.imitates is not None}
    assert imitated == {"update distilled_answers": "answers", "update distilled_outputs": "outputs"}
    drawn = Variant(update="distilled_outputs", draw=2)
    assert (drawn.of_finetuning, drawn.of_context, drawn.of_tuning) == (drawn, OWN, OWN)


def test_rate_is_selected_on_the_first_draw() -> None:
    """Whatever draw asks; of what reaches no step nothing is left."""
    assert Variant(texts="unrelated", draw=3).of_tuning == Variant(texts="unrelated")
    assert Variant(gradient="layer_causal", another_task=True).of_tuning == Variant(gradient="layer_causal")
    assert Variant(update="random", another_task=True, draw=2).of_tuning == OWN


def test_words_say_what_is_other() -> None:
    """Names and values, in the order of the fields; nothing where nothing is."""
    assert OWN.words == ""
    assert Variant("shuffled", "random", another_task=True, gradient="layer_causal", draw=1).words == (
        "weights shuffled, labels random, another task True, gradient layer causal, draw 1"
    )
