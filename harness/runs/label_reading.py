"""The run that says how much each head's last token attends to the demonstrations' labels."""

from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.run import Run
from harness.store import Entry, Store


class LabelReadingRun(Run):
    """`reading` [example, layer, head] under ICL (see `harness.models.label_reading`)."""

    kinds = ("label_reading", "control_label_reading")
    says = "{task}: how much heads read labels"

    def compute(self, store: Store) -> Entry:
        """Score with the demonstrations, and keep the weights on labels alone."""
        from harness.models.label_reading import label_reading  # noqa: PLC0415  # slow import

        return Entry({"reading": label_reading(model_of(self, store), prompts_of(self, store), self.batch_size)}, {})
