"""How one model's tokenizer lays out one task's prompts, as a report says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.data import JSON, Task
from harness.models.source import ModelSource
from harness.runs.loaded import load_builder
from harness.store import Entry, Record, Store


@dataclass(frozen=True)
class PromptLayout(Record):
    """The token that prompts begin with, and the tokens of the answer words, of which the first is scored."""

    model: ModelSource
    task: Task = field(repr=False)

    kind = "layout"

    @property
    def key(self) -> Mapping[str, object]:
        """The tokenizer, what the catalogue says of it, and the words."""
        row = self.model.row
        return {
            "model": self.model.fingerprint,
            "layout": row.start_token if row else "tokenizer's own",
            "answers": list(self.task.answers),
        }

    @property
    def words(self) -> str:
        """What runs."""
        return f"{self.task.name}: tokens of its prompts"

    def compute(self, store: Store) -> Entry:
        """Tokenize the answer words; HarnessError where the tokenizer can't be used, or does not know one."""
        builder = load_builder(self.model, store.root)
        pieces = builder.answer_pieces(self.task)
        start, *written = (
            [builder.written(t) for t in tokens] for tokens in ((builder.start_token,), *pieces.values())
        )
        return Entry({}, {"start": start[0], "answers": dict(zip(pieces, written, strict=True))})


def layout_facts(laid_out: JSON) -> JSON:
    """Return what a report says of a `PromptLayout`'s facts: where only a word's first piece is scored, it is told."""
    answers: Mapping[str, list[str]] = laid_out["answers"]  # type: ignore[assignment]
    return {
        "prompts begin with": repr(laid_out["start"]),
        "answer words": [
            {
                "word": word,
                "token scored": repr(pieces[0]),
                "which is": "the whole word" if len(pieces) == 1 else f"the first of {' + '.join(map(repr, pieces))}",
            }
            for word, pieces in answers.items()
        ],
    }
