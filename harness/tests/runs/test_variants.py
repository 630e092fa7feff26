"""What a variant changes, what of it is in a key, and how it is said."""

from dataclasses import dataclass, fields

import pytest

from harness.runs.variants import ALWAYS, OWN, Variant
from harness.tests.runs.made_up import VARIANTS


def test_fields_of_the_first_keys_are_in_every_key() -> None:
    """Five of them, whatever they are: the keys of older stores hold them all."""
    assert set(ALWAYS) == {"weights", "labels", "order", "another_task", "gradient"}
    assert all(set(variant.key) == set(ALWAYS) for variant in VARIANTS.values())


def test_every_field_in_all_its_values_makes_another_key() -> None:
    """All six fields are given another value; no two keys are alike, and each holds the value."""
    changed = [*VARIANTS.values(), Variant(order=2), Variant(draw=1), Variant(labels="random", draw=2)]
    assert {name for v in changed for name in ("draw", *ALWAYS) if getattr(v, name) != getattr(OWN, name)} == {
        f.name for f in fields(Variant)
    }
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
    """Another task's demonstrations reach ICL alone, a gradient finetuning alone, weights everything."""
    reached = {name: (v.changes_icl, v.changes_ft, v.of_zero_shot != OWN) for name, v in VARIANTS.items()}
    assert reached == {
        "own": (False, False, False),
        "weights fresh": (True, True, True),
        "weights shuffled": (True, True, True),
        "labels random": (True, True, False),
        "labels flipped": (True, True, False),
        "order 1": (True, True, False),
        "another_task True": (True, False, False),
        "gradient layer_causal": (False, True, False),
    }


def test_finetuning_and_zero_shot_leave_out_what_does_not_reach_them() -> None:
    """Of everything at once finetuning keeps all but the other task; ZSL the weights, and their draw."""
    everything = Variant("fresh", "flipped", order=2, another_task=True, gradient="layer_causal", draw=4)
    assert everything.of_finetuning == Variant("fresh", "flipped", order=2, gradient="layer_causal", draw=4)
    assert everything.of_zero_shot == Variant("fresh", draw=4)
    assert Variant(labels="random", draw=4).of_zero_shot == OWN


def test_words_say_what_is_other() -> None:
    """Names and values, in the order of the fields; nothing where nothing is."""
    assert OWN.words == ""
    assert Variant("shuffled", "random", another_task=True, gradient="layer_causal", draw=1).words == (
        "weights shuffled, labels random, another task True, gradient layer causal, draw 1"
    )
