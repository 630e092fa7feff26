"""How prompts are laid out, as the report says it."""

from harness.evidence.questions import HowItRan
from harness.evidence.sources import Sources
from harness.runs.layout import PromptLayout, layout_facts


def test_layout_is_kept(sources: Sources) -> None:
    """The tiny tokenizer has a token a word; '<s>' begins a prompt."""
    (record,) = HowItRan().layouts(sources).values()
    assert isinstance(record, PromptLayout)
    kept = sources.store.read(record).facts
    assert kept == {"start": "<s>", "answers": {"bad": ["bad"], "good": ["good"]}}
    assert record.compute(sources.store).facts == kept


def test_word_whose_first_piece_alone_is_scored_is_told() -> None:
    """With all its pieces, so that a reader sees what else begins so."""
    facts = layout_facts({"start": "</s>", "answers": {"No": [" No"], "Neither": [" Ne", "ither"]}})
    assert facts["prompts begin with"] == "'</s>'"
    assert facts["answer words"] == [
        {"word": "No", "token scored": "' No'", "which is": "the whole word"},
        {"word": "Neither", "token scored": "' Ne'", "which is": "the first of ' Ne' + 'ither'"},
    ]
