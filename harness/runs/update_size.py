"""How large the update that finetuning makes of the weights is, against the weights."""

from collections.abc import Sequence

from harness.runs.finetuning import FinetuningRun, weights_of
from harness.runs.loaded import model_of
from harness.runs.run import Run
from harness.store import Entry, Record, Store


class UpdateSizeRun(Run):
    """|dW| / |W| of each layer's key and value matrix, `relative` [layer, projection], in Frobenius norms.

    Two ways of finetuning at one learning rate can differ in it by orders of magnitude.
    """

    kinds = ("update_size", "control_update_size")
    says = "{task}: size of the update"

    @property
    def inputs(self) -> Sequence[Record]:
        """The finetuning."""
        return (self.becoming(FinetuningRun),)

    def compute(self, store: Store) -> Entry:
        """Compare the weights that finetuning left with the model's own, or the rival's."""
        from harness.models.weight_changes import relative_sizes  # noqa: PLC0415  # slow import

        weights = weights_of(store.find_or_run(self.becoming(FinetuningRun)))
        return Entry({"relative": relative_sizes(model_of(self, store), weights)}, {})
