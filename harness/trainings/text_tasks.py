"""The text tasks put to language models of our own training, at size `paper`."""

import numpy as np

from harness.data import Setting
from harness.prompts import PromptBuilder, draw_demonstrations, first_examples
from harness.runs.runs import Runs
from harness.store import Entry
from harness.trainings.grid import Trainings


def text_task_answers(runs: Runs, trainings: Trainings, attention: str, task: str) -> np.ndarray:
    """Return which test examples of a task each trained model gets right in context, 0 or 1, [training run, example].

    Prompts, answer words and examples are those of every other model, tokenized by the corpus' own tokenizer;
    demonstrations are as many of the first set as the training length holds.
    """
    settings, labelled = runs.settings, runs.tasks[task]

    def compute() -> Entry:
        from harness.models.gpt.prompting import answer_logits  # noqa: PLC0415  # slow import
        from harness.models.gpt.tokens import START, read_tokenizer  # noqa: PLC0415

        tokenizer = read_tokenizer(trainings.tokenizer())
        start = int(tokenizer.convert_tokens_to_ids(START))
        builder = PromptBuilder(tokenizer, start, "\n", trainings.size.language.length)
        drawn = draw_demonstrations(labelled, settings.demonstrations, settings.seed, 0)
        prompts = builder.build(labelled, drawn, first_examples(labelled, "test", settings.queries))
        predicted = [answer_logits(n, prompts, Setting.ICL).argmax(axis=1) for n in trainings.networks(attention)]
        right = (np.stack(predicted) == np.array(prompts.gold)).astype(float)
        return Entry({"right": right}, {"demonstrations": len(prompts.spans)})

    key = {
        "trainings": [training.key for training in trainings.reported("language", attention)],
        "task": [task, labelled.fingerprint],
        "demonstrations": [settings.demonstrations, settings.seed],
        "number": settings.queries,
    }
    return runs.store.find_or_compute("text_task", key, compute).tensors["right"]
