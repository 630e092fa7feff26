"""Errors planted in attention behind a shared prefix, in what it refuses and in its adapters."""

from harness.tests.planted.in_models import EVERYTHING, OF_SCORING
from harness.tests.planted.planted import Planted

PREFIX, ADAPTERS = "harness/models/prefix_attention.py", "harness/models/adapters.py"
OF_PARTS, OF_PREFIX = "harness/tests/models/test_parts.py", "harness/tests/models/test_prefix_attention.py::test_"
OF_ADAPTERS = "harness/tests/models/test_adapters.py::test_what_the_adapter_does_not_do_is_refused_by_name"

COMPUTED = [
    Planted(
        "demonstrations leaking into the query slice",
        "C12",
        PREFIX,
        "LayerScores(last_own.flatten(1, 2),",
        "LayerScores(torch.cat([last_prefix[..., -1:], last_own[..., 1:]], -1).flatten(1, 2),",
        OF_SCORING,
    ),
    Planted(
        "softmax left in the recorded scores",
        "C12",
        PREFIX,
        "LayerScores(last_own.flatten(1, 2),",
        "LayerScores(last_own.softmax(-1).flatten(1, 2),",
        OF_SCORING,
    ),
    Planted(
        "scores not scaled",
        EVERYTHING,
        PREFIX,
        "(query * scaling).view(",
        "query.view(",
        OF_SCORING,
    ),
    Planted(
        "attention to the next token",
        EVERYTHING,
        PREFIX,
        ".triu(1)",
        ".triu(2)",
        OF_SCORING,
    ),
    Planted(
        "one head's scores for the sum over heads",
        "C13",
        PREFIX,
        "last_prefix.sum(dim=(1, 2))",
        "last_prefix[:, 0, 0]",
        OF_SCORING,
    ),
    Planted(
        "mass of the prefix by the best score alone",
        "C9 C11",
        PREFIX,
        "(prefix_top + total.log())",
        "(prefix_top + 0 * total)",
        OF_SCORING,
    ),
    Planted(
        "scale left in the relaxed form",
        "C9",
        PREFIX,
        "relaxed=relaxed / module.scaling",
        "relaxed=relaxed / 1.0",
        f"{OF_PARTS}::test_parts_are_those_of_the_models_own_attention",
    ),
    Planted(
        "padding in the mean of values",
        "C9",
        PREFIX,
        "(value * seen[:, None, :, None])",
        "(value * 1)",
        f"{OF_PARTS}::test_padding_belongs_to_no_part {OF_PARTS}::test_parts_are_those_of_the_models_own_attention",
    ),
]
REFUSED = [
    Planted(
        "unknown arguments of attention swallowed",
        EVERYTHING,
        PREFIX,
        "value is None or name ==",
        "value is None or name not in NEUTRAL or name ==",
        f"{OF_PREFIX}what_would_change_attention_is_refused_by_name {OF_PREFIX}family_with_sliding_windows_is_refused",
    ),
    Planted(
        "any value of a known argument taken",
        EVERYTHING,
        PREFIX,
        "(name in NEUTRAL and value == NEUTRAL[name])",
        "name in NEUTRAL",
        f"{OF_PREFIX}what_would_change_attention_is_refused_by_name",
    ),
    Planted(
        "mask of the family's own dropped",
        EVERYTHING,
        PREFIX,
        '{**arguments, "attention_mask": attention_mask}',
        "arguments",
        f"{OF_PREFIX}what_would_change_attention_is_refused_by_name",
    ),
    Planted(
        "masks of chunked attention not built",
        EVERYTHING,
        PREFIX,
        "mask_function is causal_mask_function and attention_mask is None",
        "attention_mask is None",
        f"{OF_PREFIX}mask_is_built_where_causal_order_is_not_all",
    ),
    Planted(
        "masks of padding not built",
        EVERYTHING,
        PREFIX,
        "mask_function is causal_mask_function and attention_mask is None",
        "mask_function is causal_mask_function",
        f"{OF_PREFIX}mask_is_built_where_causal_order_is_not_all",
    ),
    Planted(
        "the adapter swallows what it does not know",
        EVERYTHING,
        ADAPTERS,
        "        **arguments,\n    )",
        "    )",
        OF_ADAPTERS,
    ),
    Planted(
        "the adapter drops the mask",
        EVERYTHING,
        ADAPTERS,
        "        attention_mask,\n",
        "        None,\n",
        OF_ADAPTERS,
    ),
    Planted(
        "the adapter forgets dropout in training",
        EVERYTHING,
        ADAPTERS,
        "module.dropout if module.training else 0.0",
        "0.0",
        OF_ADAPTERS,
    ),
]
ERRORS = [*COMPUTED, *REFUSED]
