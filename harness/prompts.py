"""From labelled examples to token ids, with the span of each demonstration.

Every piece (demonstration, query) is tokenized alone and the ids are joined, as the paper's code does: so a
demonstration has the same tokens in the context (ICL) and as a training text (FT), which the comparison of
attention to training tokens (Kendall) rests on. A test holds this to the tokenization of the joined text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.data import Example, Task
from harness.errors import HarnessError, cut, shown
from harness.seeds import stream

LONGEST_TOKEN = 128
"""Characters that one token stands for at most: the longest of known vocabularies, of blanks, have as many. A text that
holds more for each token of the context can't fit it, and is not tokenized, which for megabytes takes minutes."""
LISTED, LISTED_CHARACTERS = 5, 1 << 18
"""Examples that are too long of which a message says which, and their characters, which take a second to tokenize."""
SHOWN = 80
"""Characters of a text that a message shows."""


@dataclass(frozen=True)
class Prompts:
    """One task's token ids under one demonstration set.

    ICL reads `prefix` then a query; ZSL reads the start token then a query; FT trains on each of
    `demonstrations` and then reads what ZSL reads.
    """

    start_token: int
    prefix: tuple[int, ...]
    """Start token, then each demonstration and its separator."""
    spans: tuple[tuple[int, int], ...]
    """[first, last) of each demonstration's own tokens in the prefix, its separator left out."""
    demonstrations: tuple[tuple[int, ...], ...]
    """Tokens of T(x, y), start token first: the training texts of FT."""
    queries: tuple[tuple[int, ...], ...]
    """Tokens of T(x, _), no start token."""
    gold: tuple[int, ...]
    answer_tokens: tuple[int, ...]
    """First token of each answer word, behind one space."""


def draw_demonstrations(task: Task, number: int, seed: int, candidate: int) -> tuple[Example, ...]:
    """Return demonstration set `candidate`: `number` examples of the pool at random, in random order.

    Raises:
        HarnessError: the pool holds fewer.

    """
    pool = task.demonstration_pool
    if number > len(pool):
        raise HarnessError(
            f"task '{task.name}' has {len(pool)} examples to draw demonstrations from, {number} were asked"
            f"{_less(task)}; ask for fewer with --demonstrations or bring more data",
        )
    order = stream(seed, "demonstrations", task.name, candidate).permutation(len(pool))
    return tuple(pool[i] for i in order[:number])


def first_examples(task: Task, part: str, number: int) -> tuple[Example, ...]:
    """Return the first `number` examples of the task's part 'dev' or 'test'.

    Raises:
        HarnessError: the part holds fewer.

    """
    examples: tuple[Example, ...] = getattr(task, part)
    if number > len(examples):
        option = "--queries" if part == "test" else "--dev-queries"
        raise HarnessError(
            f"task '{task.name}' has {len(examples)} {part} examples, {number} were asked{_less(task)}; "
            f"ask for fewer with {option} or bring more data",
        )
    return examples[:number]


def _less(task: Task) -> str:
    """Say what was left out of the task, where anything was."""
    return f"; left out were {', '.join(map(str, task.left_out))}" if task.left_out else ""


class PromptBuilder:
    """Tokenizes a task's examples for one model."""

    def __init__(
        self, tokenizer: Any, start_token: int, separator: str, context_length: int, vocabulary: int | None = None
    ) -> None:
        """Take the tokens of a `vocabulary` alone: how many the model has; None for as many as the tokenizer."""
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.start_token = start_token
        self.separator = separator
        self.context_length = context_length

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the text's tokens alone; names of special tokens inside the text stay plain text.

        Raises:
            HarnessError: the tokenizer does not take the text, or gives a token that the model does not have.

        """
        if len(text) > LONGEST_TOKEN * self.context_length:
            raise HarnessError(
                f"a text of {len(text):,} characters ('{text[:SHOWN]}') does not fit the model's context of "
                f"{self.context_length} tokens; leave long examples out or take another model",
            )
        try:
            tokens = tuple(self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            half = "it holds half of a surrogate pair; " if re.search("[\ud800-\udfff]", text) else ""
            raise HarnessError(
                f"this model's tokenizer does not take the text '{text[:SHOWN]}' ({half}{reason}); "
                "correct the text, or take another model",
            ) from error
        self.require_known(tokens)
        return tokens

    def require_known(self, tokens: Sequence[int]) -> None:
        """Raise a HarnessError where the model has no such token: its embedding would be read beyond its end."""
        largest = max(tokens, default=0)
        if self.vocabulary is not None and largest >= self.vocabulary:
            token = self.tokenizer.convert_ids_to_tokens(largest)
            raise HarnessError(
                f"the tokenizer's token {token!r} has the number {largest}, but the model has {self.vocabulary} tokens "
                "(vocab_size in its config.json); give the tokenizer that belongs to the model, or resize the model's "
                "embeddings",
            )

    def answer_tokens(self, task: Task) -> tuple[int, ...]:
        """Return the first token of each answer word behind one space.

        Raises:
            HarnessError: the tokenizer does not know a word; two start with the same token, so that their logits can't
                be told apart.

        """
        first: dict[int, str] = {}
        for answer, (token, *_) in self.answer_pieces(task).items():
            if token in first:
                raise HarnessError(
                    f"task '{task.name}': the answer words '{first[token]}' and '{answer}' start with the same "
                    f"token ({self.tokenizer.decode([token])!r}) in this model's vocabulary; "
                    "choose words that start differently in the task's row",
                )
            first[token] = answer
        return tuple(first)

    def answer_pieces(self, task: Task) -> dict[str, tuple[int, ...]]:
        """Return all tokens of each answer word behind one space; the first of them is what is scored.

        Raises:
            HarnessError: the tokenizer does not know a word, or a part of it.

        """
        pieces = {answer: self.completion(task, "x", answer) for answer in task.answers}
        for answer, tokens in pieces.items():
            if not tokens or self._unknown & {*tokens}:
                read = " ".join(map(self.written, tokens)) or "no token"
                raise HarnessError(
                    f"task '{task.name}': this model's tokenizer does not know the answer word '{answer}' (it reads "
                    f"{read}); choose words of its vocabulary in the task's row",
                )
        return pieces

    def written(self, token: int) -> str:
        """Return a token as its text; by its name in the vocabulary where that alone says nothing."""
        text = str(self.tokenizer.decode([token]))
        return text if text.strip() else str(self.tokenizer.convert_ids_to_tokens(token))

    @cached_property
    def _unknown(self) -> set[int]:
        """The token that stands for what the tokenizer doesn't know, by its settings and by its model's own."""
        model = getattr(getattr(self.tokenizer, "backend_tokenizer", None), "model", None)
        own = getattr(model, "unk_token", None)
        named = {self.tokenizer.unk_token_id, self.tokenizer.get_vocab().get(own) if own else None}
        return {token for token in named if token is not None}

    def build(self, task: Task, demonstrations: Sequence[Example], examples: Sequence[Example]) -> Prompts:
        """Return the prompts of `examples` behind as many of the demonstrations as the context holds.

        As in the paper's code, demonstrations are added in order while the longest query still fits.

        Raises:
            HarnessError: a demonstration is also a query; no demonstration fits; a query alone is too long.

        """
        shared = {e.content_hash for e in demonstrations} & {e.content_hash for e in examples}
        if shared:
            raise HarnessError(
                f"task '{task.name}': {len(shared)} examples are both demonstration and query; "
                "make the task's parts disjoint",
            )
        queries = self._queries(task, examples)
        lengths = list(map(len, queries))
        room = self.context_length - max(lengths) - 1
        prefix, spans, texts = self.prefix(task, demonstrations, room)
        if demonstrations and not spans:
            longest = examples[lengths.index(max(lengths))]
            raise HarnessError(
                f"task '{task.name}': no demonstration fits beside the longest query in the model's context of "
                f"{self.context_length} tokens: the first is {_named(demonstrations[0])}, and the longest query, of "
                f"{max(lengths)} tokens, is {_named(longest)}; leave long examples out or take another model",
            )
        gold = tuple(e.label for e in examples)
        return Prompts(self.start_token, prefix, spans, texts, queries, gold, self.answer_tokens(task))

    def _queries(self, task: Task, examples: Sequence[Example]) -> tuple[tuple[int, ...], ...]:
        """Return T(x, _) of each example; HarnessError with the first of those that can't fit the context alone."""
        queries: list[tuple[int, ...]] = []
        long: list[str] = []
        characters = 0
        for example in examples:
            question = task.template.format_map(example.texts)
            if self._is_too_long(question):
                long.append(f"{_named(example)}, more than {LONGEST_TOKEN} characters a token")
            else:
                queries.append(self.encode(question))
                if not queries[-1]:
                    raise HarnessError(
                        f"task '{task.name}': the tokenizer gives no token for the query of {_named(example)}; "
                        "take another model",
                    )
                if len(queries[-1]) >= self.context_length:
                    long.append(f"{_named(example)}, a query of {len(queries[-1]):,} tokens")
                    characters += len(question)
            if len(long) == LISTED or characters > LISTED_CHARACTERS:
                long.append("perhaps more")
                break
        if long:
            raise HarnessError(
                f"task '{task.name}': with the start token these do not fit the model's context of "
                f"{self.context_length}: {'; '.join(long)}; leave long examples out or take another model",
            )
        return tuple(queries)

    def _is_too_long(self, text: str) -> bool:
        return len(text) > LONGEST_TOKEN * self.context_length

    def prefix(
        self,
        task: Task,
        demonstrations: Sequence[Example],
        room: int,
    ) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...], tuple[tuple[int, ...], ...]]:
        """Return the prefix of as many demonstrations as `room` holds, each one's span in it, and their texts alone."""
        separator = self.encode(self.separator) if not self._is_token(self.separator) else self._token(self.separator)
        prefix: list[int] = [self.start_token]
        spans: list[tuple[int, int]] = []
        texts: list[tuple[int, ...]] = []
        for example in demonstrations:
            question = task.template.format_map(example.texts)
            if self._is_too_long(question) or len(asked := self.encode(question)) > room:
                break
            tokens = asked + self.completion(task, question, task.answer(example))
            if len(prefix) - 1 + len(tokens) + len(separator) > room:
                break
            spans.append((len(prefix), len(prefix) + len(tokens)))
            texts.append((self.start_token, *tokens))
            prefix.extend((*tokens, *separator))
        return tuple(prefix), tuple(spans), tuple(texts)

    def completion(self, task: Task, question: str, answer: str) -> tuple[int, ...]:
        """Return the tokens that ' answer' adds behind the question; HarnessError where they can't be told apart."""
        before, whole = self.encode(question), self.encode(f"{question} {answer}")
        if whole[: len(before)] != before:
            raise HarnessError(
                f"task '{task.name}': this model's tokenizer joins the answer word '{answer}' with the text before "
                "it, so its logit is not defined at the prompt's last token; end the template differently",
            )
        return whole[len(before) :]

    def _is_token(self, text: str) -> bool:
        return text in self.tokenizer.all_special_tokens

    def _token(self, text: str) -> tuple[int, ...]:
        return (int(self.tokenizer.convert_tokens_to_ids(text)),)


def _named(example: Example) -> str:
    """Say which example it is: where its row stands, how long it is, and how it begins."""
    text = " / ".join(example.texts.values())
    place = f"{example.place}: " if example.place else ""
    return f"{place}{cut(shown(text[:60]), 100)!r} ({len(text):,} characters)"
