"""What is imitated where keys and values are fitted to ICL: what ICL makes of queries that nothing else is made of."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.data import Example, Setting
from harness.errors import HarnessError
from harness.prompts import LONGEST_TOKEN, PromptBuilder, Prompts, draw_demonstrations
from harness.runs.distillation import Distillation
from harness.runs.loaded import builder_of, model_of
from harness.runs.prompting import prompts_of
from harness.runs.run import PREFIX, SCORING, Run
from harness.seeds import stream
from harness.store import Entry, Store


class ImitatedRun(Run):
    """ICL's logits of the answer words and its attention outputs, of the queries to distil from and those of dev.

    `train_answers` and `dev_answers` [query, answer], `train_outputs` and `dev_outputs` [query, layer, d_model]. Both
    forms of distillation rest on it.
    """

    kinds = ("imitated", "control_imitated")
    says = "{task}: ICL that is to be distilled"

    @property
    def cost(self) -> float:
        """Score all these queries behind the demonstrations."""
        how = strength_of(self)
        return PREFIX + SCORING[Setting.ICL] * (how.queries + how.dev)

    def compute(self, store: Store) -> Entry:
        """Score; HarnessError as `queries_of`, or where prompts or model can't be used."""
        from harness.models.scoring import score  # noqa: PLC0415  # slow import

        model, tensors = model_of(self, store), dict[str, Any]()
        train, dev = queries_of(self, store)
        for part, prompts in (("train", train), ("dev", dev)):
            found = score(model, prompts, Setting.ICL, batch_size=self.batch_size)
            tensors |= {f"{part}_answers": found.label_logits, f"{part}_outputs": found.attn_out}
        return Entry(tensors, {"queries": len(train.queries), "dev_queries": len(dev.queries)})


def imitated_by(run: Run) -> ImitatedRun:
    """Return what a run imitates whose weights are fitted to ICL."""
    return run.becoming(ImitatedRun, setting=None, variant=replace(run.variant, update="finetuned"))


def strength_of(run: Run) -> Distillation:
    """Return how strongly a run's weights are fitted to ICL."""
    assert run.distillation is not None, "what is fitted to ICL has a strength"
    return run.distillation


def reason_against(run: Run) -> str | None:
    """Return why a run's weights can't be fitted to ICL, so that its task is to be left out; None where they can.

    Nothing is run and no text tokenized. Where all is there, `queries_of` may still find too few that fit the context.
    """
    how, task = strength_of(run), run.task
    if len(task.dev) < how.dev:
        return (
            f"task '{task.name}' has {len(task.dev)} dev examples, and distillation stops on {how.dev}; ask for fewer "
            "with --dev-queries or bring more data"
        )
    return _too_few(run, len(to_distil_from(run)), "are neither demonstrations nor in dev or test")


def to_distil_from(run: Run) -> Sequence[Example]:
    """Return the examples of the pool that are no demonstrations of the run's and, by content, in neither dev nor test.

    Drawn in random order, of the run's demonstration set and draw; their labels are not used.
    """
    task, drawn = run.task, run.demonstrations
    assert drawn is not None, "ICL has demonstrations"
    shown = draw_demonstrations(task, drawn.number, drawn.seed, drawn.candidate)
    taken = {example.content_hash for part in (shown, task.dev, task.test) for example in part}
    pool = [example for example in task.demonstration_pool if example.content_hash not in taken]
    rng = stream(drawn.seed, "queries to distil from", task.name, drawn.candidate, *run.variant.names)
    return [pool[i] for i in rng.permutation(len(pool))]


def queries_of(run: Run, store: Store) -> tuple[Prompts, Prompts]:
    """Return the run's prompts with the queries to distil from, and with those of dev.

    What does not fit the context behind the demonstrations is passed over.

    Raises:
        HarnessError: there are too few of them (`reason_against`), or too few fit the context.

    """
    if (reason := reason_against(run)) is not None:
        raise HarnessError(reason)
    how, prompts, builder = strength_of(run), prompts_of(run, store), builder_of(run, store)
    train = _with_queries(prompts, run, builder, to_distil_from(run), how.queries)
    dev = _with_queries(prompts, run, builder, run.task.dev[: how.dev], how.dev)
    if (reason := _too_few(run, len(train.queries), "fit behind the demonstrations")) is not None:
        raise HarnessError(reason)
    if not dev.queries:
        raise HarnessError(
            f"task '{run.task.name}': none of {how.dev} dev queries fits behind the demonstrations in the context of "
            f"{builder.context_length} tokens; ask for fewer --demonstrations",
        )
    return train, dev


def _with_queries(
    prompts: Prompts, run: Run, builder: PromptBuilder, examples: Sequence[Example], number: int
) -> Prompts:
    """Return the prompts with other queries: the first `number` of the examples that fit behind the demonstrations."""
    room, longest = builder.context_length - len(prompts.prefix), LONGEST_TOKEN * builder.context_length
    queries, gold = list[tuple[int, ...]](), list[int]()
    for example in examples:
        question = run.task.template.format_map(example.texts)
        tokens = builder.encode(question) if len(question) <= longest else ()
        if 0 < len(tokens) <= room:
            queries.append(tokens)
            gold.append(example.label)
        if len(queries) == number:
            break
    return replace(prompts, queries=tuple(queries), gold=tuple(gold))


def _too_few(run: Run, number: int, what: str) -> str | None:
    least = strength_of(run).least
    if number >= least:
        return None
    return (
        f"task '{run.task.name}': {number} examples of its pool {what}, and distillation takes at least {least}; ask "
        "for fewer --demonstrations or bring more data"
    )
