"""C3: a GPT that learns in context can exceed smaller models that are trained on the same examples."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.evidence.supervised import Supervised
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import task_table
from harness.judging.learning_curves import learning_curves, overtaking_table, said

CLAIM = Claim(
    id="C3",
    title="ICL exceeds smaller supervised models",
    statement="A GPT that reads demonstrations in its context (ICL) answers more queries right than smaller models "
    "that were trained on labels. The paper cites this as background, of finetuned models; here both have the same "
    "demonstrations, and the smaller models are classifiers.",
    section="Introduction (cited background)",
    prediction="accuracy(ICL) - accuracy(supervised on the same demonstrations) > 0",
    decision_rule="Logistic regression on n-grams of words and characters, and where an encoder is given, on its "
    "sentence embeddings, each trained on the demonstrations that ICL reads and asked the same queries. Mean over "
    "tasks of each paired difference; supported if every corrected interval lies above 0. More labels than ICL has "
    "decide nothing: from how many on it is overtaken is shown.",
    unit="demonstration set and test example, crossed, within a task",
    family="performance",
    refuted_if="the corrected interval of any difference lies below 0",
    control="gold labels drawn at random, so that neither ICL nor a supervised model can be right but by chance",
    matters={"accuracy": 0.03},
    because="three points of accuracy are less than another demonstration set moves it",
)
ACCURACY = OnTasks("accuracy")
N_GRAMS, EMBEDDINGS = Supervised("n-grams"), Supervised("embeddings")
ASKS = (ACCURACY, N_GRAMS, EMBEDDINGS)


def measure(evidence: Evidence) -> Measured:
    """Compare right answers of ICL and of supervised models on the same demonstrations."""
    icl, random_icl = evidence.of(ACCURACY, "icl"), evidence.of(ACCURACY, "icl_control")
    taught = {"n-grams": evidence.supervised(N_GRAMS), evidence.encoder: evidence.supervised(EMBEDDINGS)}
    taught = {name: of for name, of in taught.items() if of}
    own = {name: {task: found.right[0] for task, found in of.items()} for name, of in taught.items()}
    control = {name: {task: found.control for task, found in of.items()} for name, of in taught.items()}
    pools = {name: {task: found.right[-1] for task, found in of.items()} for name, of in taught.items()}
    return Measured(
        parts=tuple(
            difference(f"ICL over {name}", CLAIM.prediction, "accuracy", icl, right) for name, right in own.items()
        ),
        control=tuple(
            difference(f"ICL over {name}, random labels", CLAIM.prediction, "accuracy", random_icl, right)
            for name, right in control.items()
        ),
        tables=(
            task_table(
                "Accuracy",
                {
                    "ICL": icl,
                    **{f"{name}, same demonstrations": right for name, right in own.items()},
                    **{f"{name}, whole pool": right for name, right in pools.items()},
                },
                percent=True,
            ),
            overtaking_table(icl, taught),
        ),
        curves=(learning_curves(icl, taught),),
        notes=said(icl, taught),
    )


@pytest.mark.accuracy
@pytest.mark.model
def test_icl_exceeds_supervised_models(judge: Callable[[Claim], None]) -> None:
    """ICL answers more queries right than smaller models that are trained on its demonstrations."""
    judge(CLAIM)
