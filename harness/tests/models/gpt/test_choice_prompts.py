"""Prompts of multiple choice, against texts written out by hand and tokenized whole."""

from dataclasses import replace
from hashlib import sha256

import pytest

from harness.data import Example, Task
from harness.errors import HarnessError
from harness.models.gpt.choice_prompts import choice_prompts
from harness.prompts import PromptBuilder
from harness.tests.byte_tokenizer import byte_tokenizer


def _example(question: str, *options: str, label: int = 0) -> Example:
    return Example({"q": question}, label, sha256(repr((question, options)).encode()).hexdigest(), "", options)


SHOWN = (_example("1+1", "2", "eleven", label=0), _example("the sun", "cold", "is hot", label=1))
ASKED = (_example("of two", "one", "the other", "none", label=2), _example("x", "y", "z", label=1))
TASK = Task("toy", "Q: {q}\nA:", (), SHOWN, (), ASKED, "f", "s", "l")
WHOLE = "Q: 1+1\nA: 2\nQ: the sun\nA: is hot\n"


def _builder(context: int = 200) -> PromptBuilder:
    return PromptBuilder(byte_tokenizer(), 0, "\n", context)


def _text(builder: PromptBuilder, *pieces: tuple[int, ...]) -> str:
    return "".join(str(builder.tokenizer.decode(list(piece))) for piece in pieces)


def test_prompt_is_demonstrations_with_their_right_options_then_question_and_option() -> None:
    """Each option follows one space; its characters are its own, without that space."""
    builder = _builder()
    prompts = choice_prompts(builder, TASK, SHOWN, ASKED)
    assert prompts.prefix[0] == 0
    asked = zip(prompts.queries, prompts.options, strict=True)
    read = [[_text(builder, prompts.prefix[1:], query, option) for option in of] for query, of in asked]
    assert read == [
        [f"{WHOLE}Q: of two\nA: {option}" for option in ("one", "the other", "none")],
        [f"{WHOLE}Q: x\nA: {option}" for option in ("y", "z")],
    ]
    assert prompts.characters == ((3, 9, 4), (1, 1))
    assert (prompts.gold, prompts.demonstrations) == ((2, 1), 2)


def test_as_many_demonstrations_as_fit_beside_the_longest_option() -> None:
    """One token less than start token, demonstrations, and longest question with its option drops the last."""
    full = 1 + len(WHOLE) + len("Q: of two\nA: the other")
    assert choice_prompts(_builder(full), TASK, SHOWN, ASKED).demonstrations == 2
    assert choice_prompts(_builder(full - 1), TASK, SHOWN, ASKED).demonstrations == 1


def test_prompts_that_cannot_be_made_are_one_message() -> None:
    """No demonstration fits, or one of them is asked."""
    with pytest.raises(HarnessError, match="no demonstration fits beside the longest question, of 22 tokens"):
        choice_prompts(_builder(30), TASK, SHOWN, ASKED)
    with pytest.raises(HarnessError, match="1 examples are both demonstration and query"):
        choice_prompts(_builder(), replace(TASK, test=SHOWN), SHOWN[:1], SHOWN)
