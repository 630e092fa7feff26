"""The prompts of a run: demonstrations as its variant has them, before the first examples of its part."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from harness.data import Example
from harness.errors import HarnessError
from harness.prompts import LONGEST_TOKEN, PromptBuilder, Prompts, draw_demonstrations, first_examples
from harness.runs.loaded import builder_of
from harness.runs.run import Run
from harness.seeds import stream
from harness.store import Store


def prompts_of(run: Run, store: Store) -> Prompts:
    """Return the run's prompts; beside the claims' own, with the demonstrations that their context holds.

    Raises:
        HarnessError: the task has too few examples, or they do not fit the model's context.

    """
    builder, queries = builder_of(run, store), first_examples(run.task, run.part, run.number)
    drawn: tuple[Example, ...] = ()
    if run.demonstrations is not None:
        drawn = draw_demonstrations(
            run.task, run.demonstrations.number, run.demonstrations.seed, run.demonstrations.candidate
        )
    if run.fitting is None:
        return builder.build(run.task, drawn, queries)
    own = builder.build(run.task, drawn, first_examples(run.task, run.part, run.fitting))
    prompts = builder.build(run.task, _altered(run, drawn[: len(own.spans)]), queries)
    if run.variant.texts == "unrelated":
        prompts = replace(prompts, demonstrations=_unrelated(run, drawn, len(own.spans), builder))
    return prompts if run.context is None else _behind(run.context, prompts, run, store)


def _altered(run: Run, drawn: tuple[Example, ...]) -> tuple[Example, ...]:
    answers, variant = len(run.task.answers), run.variant
    if variant.labels == "random":
        labels = _stream(run, "random labels").integers(answers, size=len(drawn))
        drawn = tuple(replace(e, label=int(label)) for e, label in zip(drawn, labels, strict=True))
    elif variant.labels == "flipped":
        drawn = tuple(replace(e, label=(e.label + 1) % answers) for e in drawn)
    if variant.order:
        order = _stream(run, "order", variant.order).permutation(len(drawn))
        drawn = tuple(drawn[i] for i in order)
    return drawn


def _stream(run: Run, purpose: str, *names: int) -> np.random.Generator:
    drawn = run.demonstrations
    assert drawn is not None, "what is drawn of demonstrations has some"
    return stream(drawn.seed, purpose, run.task.name, drawn.candidate, *names, *run.variant.names)


def _unrelated(
    run: Run, drawn: tuple[Example, ...], number: int, builder: PromptBuilder
) -> tuple[tuple[int, ...], ...]:
    """Return the tokens of `number` sentences that the context holds, start token first, in the draw's own order.

    Of the task's `unrelated` texts, or where it has none, of its pool without the demonstrations: bare, with neither
    template nor answer. A pool's texts are of the task's own kind: what they leave out is the labels alone.
    """
    found: list[tuple[int, ...]] = []
    for text in _sentences(run, drawn):
        if len(text) <= LONGEST_TOKEN * builder.context_length:
            tokens = (builder.start_token, *builder.encode(text))
            found += [tokens] if 1 < len(tokens) <= builder.context_length else []
        if len(found) == number:
            return tuple(found)
    raise HarnessError(
        f"task '{run.task.name}': {number} texts that are no demonstrations are to be finetuned on, and "
        f"{len(found)} are there that fit the context; ask for fewer --demonstrations or bring more data",
    )


def _sentences(run: Run, drawn: tuple[Example, ...]) -> Iterator[str]:
    taken = {example.content_hash for example in drawn}
    pool = [e for e in run.task.demonstration_pool if e.content_hash not in taken]
    texts = run.task.unrelated or [" ".join(example.texts.values()) for example in pool]
    return (texts[i] for i in _stream(run, "unrelated texts").permutation(len(texts)))


def _behind(context: Run, prompts: Prompts, run: Run, store: Store) -> Prompts:
    """Put another task's demonstrations, under its own template and answer words, before this task's queries."""
    other, room = prompts_of(context, store), builder_of(run, store).context_length
    if len(other.prefix) + max(map(len, prompts.queries)) > room:
        raise HarnessError(
            f"task '{run.task.name}': its queries do not fit behind the demonstrations of '{context.task.name}' in a "
            f"context of {room} tokens; ask for fewer --demonstrations",
        )
    return replace(prompts, prefix=other.prefix, spans=other.spans)
