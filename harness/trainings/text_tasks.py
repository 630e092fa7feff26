"""The text tasks put to language models of our own training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.data import Setting, Task
from harness.prompts import PromptBuilder, draw_demonstrations, first_examples
from harness.store import Entry, Record, Store
from harness.trainings.grid import networks
from harness.trainings.training import Training


@dataclass(frozen=True)
class TextTask(Record):
    """Which test examples of a task each trained model gets right in context: `right` [training run, example], 0 or 1.

    Prompts, answer words and examples are those of every other model, tokenized by the corpus' own tokenizer;
    demonstrations are as many of the first set as the training length holds.
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
        """Ask every model; HarnessError where no demonstration fits its length."""
        from harness.models.gpt.prompting import answer_logits  # noqa: PLC0415  # slow import
        from harness.models.gpt.tokens import START, read_tokenizer  # noqa: PLC0415

        tokenizer = read_tokenizer(str(store.find_or_run(self.trainings[0].tokens).facts["tokenizer"]))
        start = int(tokenizer.convert_tokens_to_ids(START))
        builder = PromptBuilder(tokenizer, start, "\n", self.trainings[0].size.language.length)
        drawn = draw_demonstrations(self.task, self.demonstrations, self.seed, 0)
        prompts = builder.build(self.task, drawn, first_examples(self.task, "test", self.number))
        asked = networks(list(self.trainings), store)
        predicted = [answer_logits(network, prompts, Setting.ICL).argmax(axis=1) for network in asked]
        right = (np.stack(predicted) == np.array(prompts.gold)).astype(float)
        return Entry({"right": right}, {"demonstrations": len(prompts.spans)})
