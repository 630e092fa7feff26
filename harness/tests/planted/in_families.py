"""Errors planted in what the table of architectures says of a family, and in the adapters' own parts."""

from harness.tests.planted.in_attention import ADAPTERS, OF_SITES
from harness.tests.planted.in_models import ANSWERS, EVERYTHING, OF_SCORING
from harness.tests.planted.planted import Planted

TABLE, SITES = "harness/models/architectures.py", "harness/models/sites.py"
OF_SHARES = f"{OF_SITES}shares_are_where_the_modeling_files_have_them"
OF_VECTORS = "harness/tests/models/test_language_model.py::test_query_vectors_by_hand"
OF_HALVES = "harness/tests/models/test_scoring.py::test_half_precision_loses_no_more_than_the_stock_forward"
OF_REFUSED = "harness/tests/models/test_saved_families.py::test_what_of_a_family_is_not_covered_is_refused_by_name"

ADAPTED = [
    Planted(
        "GPT-J's keys left as they are while queries are turned",
        EVERYTHING,
        ADAPTERS,
        "heads = (turn(query), turn(key), value.float())",
        "heads = (turn(query), key.float(), value.float())",
        f"{OF_HALVES}[gptj-dtype0]",
    ),
    Planted(
        "Falcon's ALiBi not scaled as its products are",
        EVERYTHING,
        ADAPTERS,
        "hidden_states.dtype)[:, 0] * module.inv_norm_factor",
        "hidden_states.dtype)[:, 0]",
        "harness/tests/models/test_adapters.py::test_falcons_alibi_counts_once",
    ),
    Planted(
        "Bloom's residual left out of what its attention puts out",
        EVERYTHING,
        ADAPTERS,
        "**arguments)) + residual, None",
        "**arguments)) + 0 * residual, None",
        f"{OF_HALVES}[bloom-dtype0]",
    ),
    Planted(
        "MPT's own softmax scale overlooked",
        EVERYTHING,
        ADAPTERS,
        '"scaling": module.softmax_scale, "position_bias": bias',
        '"scaling": module.head_dim**-0.5, "position_bias": bias',
        OF_SCORING,
    ),
]
SAID = [
    Planted(
        "Falcon's groups of heads read as heads",
        EVERYTHING,
        TABLE,
        "return (attention.num_kv_heads, attention.num_heads // attention.num_kv_heads, 1, 1)",
        "return (attention.num_heads, 1, 1, 1)",
        OF_SHARES,
    ),
    Planted(
        "Phi-3's keys as many as its queries",
        EVERYTHING,
        TABLE,
        "return (1, groups * attention.num_key_value_groups, groups, groups)",
        "return (1, 1, 1, 1)",
        OF_SHARES,
    ),
    Planted(
        "OPT's projection behind the final norm left out",
        ANSWERS,
        TABLE,
        'after_norm=("model.decoder.project_out",),',
        "after_norm=(),",
        f"{OF_SITES}logits_are_read_out_of_the_last_layer",
    ),
    Planted(
        "GPT-Neo's query vectors recorded as if they were scaled",
        "C13",
        TABLE,
        "scale=lambda _: 1.0,",
        "scale=lambda attention: attention.head_dim**-0.5,",
        OF_VECTORS,
    ),
    Planted(
        "query vectors before a norm over all heads",
        "C13",
        SITES,
        "norm(vectors) if self.of_all_heads",
        "vectors if self.of_all_heads",
        OF_VECTORS,
    ),
    Planted(
        "what a row requires of a configuration not asked for",
        EVERYTHING,
        "harness/models/fitting.py",
        "if found != wanted and (found or wanted):",
        "if found != wanted and found and wanted:",
        OF_REFUSED,
    ),
]
ERRORS = [*ADAPTED, *SAID]
