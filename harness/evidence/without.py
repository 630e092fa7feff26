"""A question that is not asked about some of the tasks."""

from collections.abc import Collection
from dataclasses import dataclass

from harness.evidence.questions import Question
from harness.evidence.selecting import Stages
from harness.evidence.sources import Sources


@dataclass(frozen=True)
class Without:
    """The same question, asked about the other tasks alone."""

    question: Question
    tasks: Collection[str]

    def stages(self, sources: Sources) -> Stages:
        """Yield the question's, of sources without the tasks."""
        return self.question.stages(sources.without(self.tasks))
