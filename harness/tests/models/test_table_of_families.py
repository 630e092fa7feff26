"""The table of what each family was tested to, harness/models/README.md: written of what tests run, or held to it."""

import os
from pathlib import Path

import harness.models
from harness.models.architectures import ARCHITECTURES
from harness.tests.crosscheck.installed import COMMAND
from harness.tests.crosscheck.test_second_implementations import CASES as HELD_TO_OTHERS
from harness.tests.crosscheck.test_transformer_lens import RECORDED
from harness.tests.models.configurations import CONFIGURATIONS, FAMILIES, VARIANTS
from harness.tests.models.families import TOLERANCE
from harness.tests.models.test_finetuning import STEPS
from harness.tests.models.test_parts import CASES as PARTS
from harness.tests.models.test_saved_families import SAVED
from harness.tests.models.test_scoring import CASES as SCORED
from harness.tests.models.test_scoring import HALVES_LOSE
from harness.tests.models.test_updates import CASES as UPDATES

PAGE = Path(harness.models.__path__[0]) / "README.md"
WRITE = "WRITE_TABLE_OF_FAMILIES"
TEXT = """# What each family was tested to

Written by `{write}=1 pytest harness/tests/models/test_table_of_families.py` of what the tests run, and held to it.
Models are random, of three layers and width 32; their configurations, with windows shorter than prefix and query, are
in [configurations.py](../tests/models/configurations.py). Each number is one of variants, which change what the last
column names.

- *Recorded*: label logits, attention outputs, scores of query and context, and query vectors behind a shared prefix, in
  batches of one, two and eight, are those of whole prompts under the family's own eager attention; scores are what
  enters its softmax. Each field within {tolerance:g} of its largest value, and within twice what rounding of the
  weights does to it. A second test holds these to products of query vectors and cached keys, with norms, rotary
  positions, soft caps, ALiBi and windows written down by hand, and their softmax to the weights that transformers
  hands out.
  In bfloat16 and float16, of one variant of each family, they err from float32 by less than {halves_lose} times what
  eager attention errs there.
- *Finetuned*: one step moves keys and values as torch's SGD does, by the same two tolerances, and nothing else.
- *Parts*: the demonstration part, the query part and attention to first order, head by head. *Updates*: dW_ICL and
  dW_FT.
- *Saved*: through a folder and back, the same to the bit.
- *Second oracle*: packages that implement the family apart from transformers, which whole prompts' logits of the next
  token, over the whole vocabulary, are held to by the same two tolerances; windows, soft caps and ALiBi among them, in
  the variants of [crosscheck](../tests/crosscheck). Its tests are skipped where a package is not installed:
  `{install}`.

Recorded are attention outputs before any norm behind the block; query vectors scaled, behind a norm of queries, before
rotary positions; scores behind a soft cap and ALiBi (counted from the last token), NaN (own tokens) or -inf (context)
where a window does not reach. Keys of dW_ICL and dW_FT are taken before a norm of keys. Falcon with ALiBi is held to
transformers' SDPA: under eager attention transformers 5.23 adds it twice.

| family | attention | recorded | finetuned | parts | updates | saved | second oracle | variants |
|---|---|---|---|---|---|---|---|---|
{rows}
"""


def page() -> str:
    """Return the page."""
    rows = "\n".join(map(_row, FAMILIES))
    return TEXT.format(write=WRITE, tolerance=TOLERANCE, halves_lose=HALVES_LOSE, install=COMMAND, rows=rows)


def _row(family: str) -> str:
    named = [{name for name, *_ in cases} for cases in (PARTS, UPDATES, SAVED)]
    changed = sorted({field for name, more in VARIANTS if name == family for field in more})
    cells = [
        f"`{family}`",
        "adapter" if ARCHITECTURES[family].adapter else "dispatches",
        str(len({str(case[:2]) for case in SCORED if case[0] == family})),
        str(len({str(case[:2]) for case in STEPS if case[0] == family})),
        *("yes" if family in names else "no" for names in named),
        ", ".join(sorted(_others(family), key=str.lower)),
        ", ".join(f"`{field}`" for field in changed),
    ]
    return f"| {' | '.join(cells)} |"


def _others(family: str) -> set[str]:
    recorded = {"TransformerLens"} if family in RECORDED else set()
    return recorded | {package for package, of, _ in HELD_TO_OTHERS if of == family}


def test_page_says_what_the_tests_run() -> None:
    """Written anew it is what stands there: a family or a variant that comes or goes changes it."""
    if os.environ.get(WRITE):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_row_of_the_table_is_in_it() -> None:
    """There is a tiny model of every architecture, and of each a line."""
    assert set(CONFIGURATIONS) == set(ARCHITECTURES)
    assert all(f"\n| `{family}` |" in page() for family in ARCHITECTURES)
