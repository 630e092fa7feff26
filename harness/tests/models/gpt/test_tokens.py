"""The tokenizer made from a text: every text comes back, and each document begins with the start token."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.models.gpt.sizes import BYTES
from harness.models.gpt.tokens import START, make_tokenizer, read_tokenizer, tokenize
from harness.prompts import PromptBuilder

DOCUMENTS = ("the cat sat on the mat", "the dog sat on the log") * 4
SINGLE_BYTES = make_tokenizer(DOCUMENTS, BYTES)
MERGED = make_tokenizer(DOCUMENTS, BYTES + 10)
BOTH = {"bytes": SINGLE_BYTES, "merged": MERGED}


@settings(deadline=None, max_examples=60, derandomize=True)
@given(text=st.text(min_size=1, max_size=30) | st.just(f"a{START}b"), name=st.sampled_from(list(BOTH)))
def test_any_text_comes_back(text: str, name: str) -> None:
    """Unicode that the training text never held, and the start token's own name, are decoded as they were."""
    (start, *ids) = tokenize(BOTH[name], [text]).tokens.tolist()
    tokenizer = read_tokenizer(BOTH[name])
    assert (start, start in ids) == (tokenizer.bos_token_id, False)
    assert tokenizer.decode(ids) == text


def test_bytes_are_tokens() -> None:
    """Without merges a document is its bytes behind a start token: 2 + 3 bytes of 'é!' and 'abc' in 7 tokens."""
    stream = tokenize(SINGLE_BYTES, ["é", "abc"])
    start = read_tokenizer(SINGLE_BYTES).bos_token_id
    assert [token == start for token in stream.tokens] == [True, False, False, True, False, False, False]
    assert stream.bytes_per_token == 1


@pytest.mark.parametrize("extra", [0, 10])
def test_vocabulary_is_as_asked(extra: int) -> None:
    """257 tokens are the bytes and the start token; what is asked above is merges."""
    assert len(read_tokenizer(make_tokenizer(DOCUMENTS, BYTES + extra))) == BYTES + extra


def test_merges_shorten() -> None:
    """Ten merges of a text make it shorter, and what its tokens stand for longer, by the same factor."""
    plain, merged = (tokenize(written, DOCUMENTS) for written in (SINGLE_BYTES, MERGED))
    size = sum(map(len, DOCUMENTS))
    assert len(plain.tokens) == size + len(DOCUMENTS)
    assert len(merged.tokens) < len(plain.tokens) / 1.5
    assert merged.bytes_per_token == pytest.approx(size / (len(merged.tokens) - len(DOCUMENTS)))


def test_tokenizer_is_the_same_each_time() -> None:
    """What is trained on it rests on equal text giving equal tokens."""
    assert make_tokenizer(DOCUMENTS, BYTES + 10) == MERGED


def test_prompts_are_tokenized_as_the_training_text_is() -> None:
    """A text in a prompt gets the tokens that it has in the training stream, with no start token of its own."""
    tokenizer = read_tokenizer(MERGED)
    builder = PromptBuilder(tokenizer, tokenizer.bos_token_id, "\n", 100)
    assert list(builder.encode(DOCUMENTS[0])) == tokenize(MERGED, DOCUMENTS[:1]).tokens.tolist()[1:]
