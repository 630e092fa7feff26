"""How much heads read labels, held to the family's own attention weights over the whole prompt."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.models.label_reading import label_positions, label_reading
from harness.models.language_model import LanguageModel
from harness.prompts import Prompts
from harness.tests.models.families import assert_untouched

LABELS = (7, 15, 22, 23, 31, 39)
"""Places of the answers, with a second token in the third demonstration."""


@pytest.fixture
def labelled(prompts: Prompts) -> Prompts:
    """Return the prompts with an answer word at each demonstration's end, and one more within the first's text."""
    tokens = list(prompts.prefix)
    for place, answer in zip((2, 7, 15, 22, 31, 39), (5, 6, 5, 7, 6, 5), strict=True):
        tokens[place] = answer
    tokens[23] = 3
    return replace(prompts, prefix=tuple(tokens))


def test_labels_are_where_answers_begin_last(labelled: Prompts) -> None:
    """An answer word in the text is none; of an answer of two tokens both are."""
    answers = set(labelled.answer_tokens)
    within = [i for i, token in enumerate(labelled.prefix) if token in answers]
    assert set(within) > {*LABELS} - {23}
    assert tuple(label_positions(labelled)) == LABELS


def test_demonstration_without_an_answer_has_none(prompts: Prompts) -> None:
    """Nothing is marked in it."""
    bare = replace(prompts, answer_tokens=(10**6,))
    assert list(label_positions(bare)) == []


@torch.inference_mode()
def test_reading_is_the_attention_weight_on_labels(of_any_family: LanguageModel, labelled: Prompts) -> None:
    """Of each query, layer and head: the eager softmax over the whole prompt, at the last token, summed over labels."""
    model = of_any_family
    found = label_reading(model, labelled, batch_size=2)
    assert_untouched(model)
    with model.attending("eager"):
        whole = [
            model.network(torch.tensor([[*labelled.prefix, *query]]), output_attentions=True).attentions
            for query in labelled.queries
        ]
    expected = np.array([[layer[0, :, -1, list(LABELS)].sum(-1).tolist() for layer in layers] for layers in whole])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found > 0, expected > 0)  # 0 where a window reaches none of them
    assert found.max() > 0.1
