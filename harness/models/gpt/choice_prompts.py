"""Prompts of multiple choice: each question with the options that are its own, behind demonstrations.

An option is read as an answer word is: it follows one space, and its tokens are those that it adds to the question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.data import Example, Task
from harness.errors import HarnessError
from harness.prompts import PromptBuilder


@dataclass(frozen=True)
class ChoicePrompts:
    """One task's token ids under one demonstration set."""

    prefix: tuple[int, ...]
    """Start token, then each demonstration, with its right option, and its separator."""
    demonstrations: int
    """How many the context held."""
    queries: tuple[tuple[int, ...], ...]
    """Tokens of T(x, _), no start token."""
    options: tuple[tuple[tuple[int, ...], ...], ...]
    """Of each query, the tokens of each of its options."""
    characters: tuple[tuple[int, ...], ...]
    """How many characters each option has, without the space before it."""
    gold: tuple[int, ...]


def choice_prompts(
    builder: PromptBuilder, task: Task, demonstrations: Sequence[Example], examples: Sequence[Example]
) -> ChoicePrompts:
    """Return the prompts of `examples` behind as many of the demonstrations as fit beside the longest with its option.

    Raises:
        HarnessError: a demonstration is also a query; no demonstration fits; an option has no tokens of its own.

    """
    if shared := {e.content_hash for e in demonstrations} & {e.content_hash for e in examples}:
        raise HarnessError(
            f"task '{task.name}': {len(shared)} examples are both demonstration and query; "
            "make the task's parts disjoint",
        )
    questions = [task.template.format_map(example.texts) for example in examples]
    queries = tuple(map(builder.encode, questions))
    options = tuple(
        tuple(builder.completion(task, question, option) for option in example.options)
        for question, example in zip(questions, examples, strict=True)
    )
    if not all(map(len, queries)) or not all(len(option) for of in options for option in of):
        raise HarnessError(f"task '{task.name}': the tokenizer gives no token for a question or an option of it")
    longest = max(len(query) + max(map(len, of)) for query, of in zip(queries, options, strict=True))
    prefix, spans, _ = builder.prefix(task, demonstrations, builder.context_length - longest - 1)
    if demonstrations and not spans:
        raise HarnessError(
            f"task '{task.name}': no demonstration fits beside the longest question, of {longest} tokens with its "
            f"option, in a context of {builder.context_length}; leave long examples out",
        )
    return ChoicePrompts(
        prefix,
        len(spans),
        queries,
        options,
        tuple(tuple(map(len, example.options)) for example in examples),
        tuple(example.label for example in examples),
    )
