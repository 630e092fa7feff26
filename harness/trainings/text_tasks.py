"""The text tasks put to language models of our own training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.data import Example, Setting, Task
from harness.errors import HarnessError
from harness.models.gpt.choice_prompts import choice_prompts
from harness.prompts import LONGEST_TOKEN, PromptBuilder, draw_demonstrations, first_examples
from harness.store import Entry, Record, Store
from harness.trainings.grid import networks
from harness.trainings.training import Training


@dataclass(frozen=True)
class TextTask(Record):
    """Which test examples of a task each trained model gets right in context: `right` [training run, example], 0 or 1.

    Prompts, answer words and examples are those of every other model, tokenized by the corpus' own tokenizer;
    demonstrations are as many of the first set as the training length holds. Where texts are long (movie reviews),
    those of more than half that length are left out: one long review would else leave no room for demonstrations in any
    prompt. `left_out` counts the test examples among them.
    """

    trainings: tuple[Training, ...]
    """Of one attention."""
    task: Task = field(repr=False)
    demonstrations: int
    seed: int
    number: int

    kind = "text_task"

    @property
    def key(self) -> Mapping[str, object]:
        """Return the trainings' keys, and what they are asked."""
        return {
            "trainings": [training.key for training in self.trainings],
            "task": [self.task.name, self.task.fingerprint],
            "demonstrations": [self.demonstrations, self.seed],
            "number": self.number,
        }

    @property
    def words(self) -> str:
        """What runs."""
        return f"{self.task.name}: put to models with {self.trainings[0].attention} attention"

    @property
    def inputs(self) -> Sequence[Record]:
        """The trainings."""
        return self.trainings

    @property
    def on_gpu(self) -> bool:
        """As its trainings."""
        return self.trainings[0].on_gpu

    def compute(self, store: Store) -> Entry:
        """Ask every model; HarnessError where no demonstration fits its length, or every test example is too long."""
        builder, drawn, examples = self._prompted(store)
        entry = self.answered(builder, drawn, examples, store)
        return Entry(entry.tensors, {**entry.facts, "left_out": self.number - len(examples)})

    def answered(
        self, builder: PromptBuilder, drawn: Sequence[Example], examples: Sequence[Example], store: Store
    ) -> Entry:
        """Return what every model answers."""
        from harness.models.gpt.prompting import answer_logits  # noqa: PLC0415  # slow import

        prompts = builder.build(self.task, drawn, examples)
        asked = networks(list(self.trainings), store)
        predicted = [answer_logits(network, prompts, Setting.ICL).argmax(axis=1) for network in asked]
        right = (np.stack(predicted) == np.array(prompts.gold)).astype(float)
        return Entry({"right": right}, {"demonstrations": len(prompts.spans)})

    def _prompted(self, store: Store) -> tuple[PromptBuilder, Sequence[Example], Sequence[Example]]:
        """Return the corpus' tokenizer, and demonstrations and test examples that are not too long for it."""
        from harness.models.gpt.tokens import START, read_tokenizer  # noqa: PLC0415  # slow import

        tokenizer = read_tokenizer(str(store.find_or_run(self.trainings[0].tokens).facts["tokenizer"]))
        start, length = int(tokenizer.convert_tokens_to_ids(START)), self.trainings[0].size.language.length
        builder = PromptBuilder(tokenizer, start, "\n", length)

        def shorter(examples: Sequence[Example], limit: int) -> Sequence[Example]:
            return [e for e in examples if _fits(builder, self.task, e, limit)]

        room = length // 2 - 2  # beside a query of half the length stand the start token, this, and its separator
        drawn = shorter(draw_demonstrations(self.task, self.demonstrations, self.seed, 0), room)
        examples = shorter(first_examples(self.task, "test", self.number), length // 2)
        if not drawn or not examples:
            raise HarnessError(
                f"task '{self.task.name}': {len(examples)} of {self.number} test examples and {len(drawn)} of "
                f"{self.demonstrations} demonstrations have at most half of the {length} tokens that a prompt may "
                "have, and some of both are needed; bring shorter texts, or leave it out of --momentum-tasks"
            )
        return builder, drawn, examples


class MultipleChoice(TextTask):
    """The same of multiple choice, by the likelihood of each option behind the demonstrations and the question.

    `right` [training run, example]: the right option is the likeliest (`acc` of lm-evaluation-harness); beside it
    `right_by_length`: it is the likeliest a character (its `acc_norm`: the log-likelihood over the option's characters,
    the space before it not counted; EleutherAI/lm-evaluation-harness, lm_eval/api/task.py). On a tie the first counts.
    """

    kind = "multiple_choice"

    def answered(
        self, builder: PromptBuilder, drawn: Sequence[Example], examples: Sequence[Example], store: Store
    ) -> Entry:
        """Return which options every model takes."""
        from harness.models.gpt.prompting import option_likelihoods  # noqa: PLC0415  # slow import

        prompts = choice_prompts(builder, self.task, drawn, examples)
        found = [option_likelihoods(network, prompts) for network in networks(list(self.trainings), store)]
        taken = np.array([[of.argmax() for of in by_example] for by_example in found])
        by_length = [
            [(of / np.array(n)).argmax() for of, n in zip(by_example, prompts.characters, strict=True)]
            for by_example in found
        ]
        gold = np.array(prompts.gold)
        right, right_by_length = (np.equal(each, gold).astype(float) for each in (taken, by_length))
        tensors = {"right": right, "right_by_length": right_by_length}
        return Entry(tensors, {"demonstrations": prompts.demonstrations})


def asked_of(task: Task) -> type[TextTask]:
    """Return how a task is put: by its answer words, or by the options that its examples have."""
    return TextTask if task.answers else MultipleChoice


def _fits(builder: PromptBuilder, task: Task, example: Example, limit: int) -> bool:
    """Whether the example has at most so many tokens with any of its answers; text of megabytes is not tokenized."""
    question = task.template.format_map(example.texts)
    texts = [f"{question} {answer}" for answer in example.options or task.answers]
    return all(len(text) <= LONGEST_TOKEN * limit and len(builder.encode(text)) <= limit for text in texts)
