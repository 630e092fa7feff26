"""A made-up run of ten claims: every verdict at least once, two parts in one claim, and an identity."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from claims.levels import LEVELS
from harness.evidence.checks import Check
from harness.judging.claims import Claim
from harness.judging.exhibits import Curve, Series, Table
from harness.judging.reading import readings
from harness.judging.verdicts import ControlResult, OnBestSets, Verdict
from harness.report.document import Document, ModelFacts, RunFacts
from harness.seeds import stream
from harness.statistics.results import Calibration, Estimate, Outcome, PartResult, TaskResult

LAYERS = 30
SUBJECT = "tiny-135M"
TASKS = ("movie", "tweet", "subject", "headline")
TITLES = {
    "C1": (
        "In-context learning works",
        "A large pretrained GPT learns in context: ICL beats zero-shot.",
        "accuracy",
    ),
    "C2": ("ICL against finetuning", "With few examples, ICL beats finetuning on the same ones.", "accuracy"),
    "C10": (
        "ICL covers what finetuning corrects",
        "ICL covers most of what finetuning corrects.",
        "fraction",
    ),
    "C11": ("Same direction of update", "ICL changes attention outputs in finetuning's direction.", "cosine"),
    "C12": (
        "Similar attention maps",
        "ICL's attention is closer to finetuning's than to zero-shot's.",
        "cosine",
    ),
    "C13": ("Same order of attention", "Attention to training tokens is ordered alike in ICL and FT.", "tau"),
    "C9": ("Relaxed attention approximates", "Without softmax attention points the same way.", "cosine"),
    "C14": ("Momentum lowers perplexity", "Attention with momentum predicts text better.", "nats a token"),
    "C15": ("Momentum learns in context", "Attention with momentum learns better in context.", "accuracy"),
    "C5": ("Trained weights are outer products", "A trained weight is a sum of outer products.", "cosine"),
}


MATTERS = {"accuracy": 0.03, "fraction": 0.05, "cosine": 0.02, "tau": 0.02, "nats a token": 0.004}
VERBS = {
    Outcome.SUPPORTED: "lies above 0",
    Outcome.REFUTED: "lies below 0",
    Outcome.NEGLIGIBLE: "lies within what matters",
    Outcome.MIXED: "is of tasks that disagree",
    Outcome.INCONCLUSIVE: "holds 0",
}


def part(
    name: str, outcome: Outcome, interval: tuple[float, float], unit: str, *, n: int = 800, p: float = 0.0004
) -> PartResult:
    """Judge an effect in the middle of this interval, on 5 sets of 2 draws."""
    low, high = interval
    estimate = Estimate((low + high) / 2, low, high, 0.9917, p, n, 5, 2, (high - low) / 5.28, 12.0)
    reason = f"The interval from {low:g} to {high:g} {VERBS[outcome]} ({n} cases)."
    return PartResult(
        name,
        f"{name}: effect > 0",
        estimate,
        outcome,
        reason,
        1.3 * (high - low),
        unit,
        MATTERS[unit],
        by_task=tuple(of_task(task, (low + high) / 2 + 0.004 * (i - 1), low, high) for i, task in enumerate(TASKS)),
        without=tuple(of_task(task, (low + high) / 2 - 0.001 * i, low, high) for i, task in enumerate(TASKS)),
    )


def of_task(task: str, effect: float, low: float, high: float) -> TaskResult:
    """Return a task alone, whose interval has the ends of the whole."""
    outcome = Outcome.SUPPORTED if low > 0 else Outcome.REFUTED if high < 0 else Outcome.INCONCLUSIVE
    return TaskResult(task, effect, low, high, 0.99, outcome)


def claim(claim_id: str) -> Claim:
    """State a claim as a claim's file does."""
    title, statement, unit = TITLES[claim_id]
    return Claim(
        claim_id,
        title,
        statement,
        section="section 4.2, table 3",
        prediction=f"mean paired difference in {unit} > 0",
        decision_rule="The corrected interval lies above 0.",
        unit="test example, demonstration set and draw within a task",
        family="predictions (4 claims, Holm)",
        refuted_if="the corrected interval lies below 0",
        control="The same recordings, shuffled across examples.",
        matters={unit: MATTERS[unit]},
        because="less than another demonstration set makes",
    )


def curve(title: str, y_label: str, tasks: Sequence[str] = TASKS[:3], level: float = 0.2) -> Curve:
    """Draw a rising similarity with its band, and a baseline about 0."""
    panels = []
    for i, task in enumerate(tasks):
        rng = stream(0, title, task)
        middle = level * np.sin(np.linspace(0.3, 2.6, LAYERS)) + 0.03 * i + 0.01 * rng.standard_normal(LAYERS)
        flat = 0.008 * rng.standard_normal(LAYERS)
        panels.append(
            (
                task,
                (
                    Series("ICL and FT", _floats(middle), _floats(middle - 0.03), _floats(middle + 0.03)),
                    Series("layer-causal FT", _floats(0.8 * middle + 0.05)),
                    Series("uniform noise", _floats(flat), baseline=True),
                    Series("isotropic noise", _floats(0.5 * flat - 0.01), baseline=True),
                ),
            )
        )
    return Curve(title, y_label, tuple(panels))


def _floats(values: Float64[np.ndarray, " layer"]) -> tuple[float, ...]:
    return tuple(round(float(value), 5) for value in values)


def verdict(
    claim_id: str,
    outcome: Outcome,
    parts: Sequence[PartResult],
    *,
    curves: Sequence[Curve] = (),
    passed: bool = True,
) -> Verdict:
    """Put parts together with a control, a table and a note."""
    unit = parts[0].unit
    null = part("shuffled", Outcome.INCONCLUSIVE if passed else Outcome.SUPPORTED, (-0.011, 0.013), unit, p=0.81)
    table = Table(
        "By task",
        ("ZSL", "ICL", "FT"),
        (
            *((task, (0.512 + 0.03 * i, 0.713, 0.65 - 0.01 * i)) for i, task in enumerate(TASKS)),
            ("paper, 2.7B: SST2", (0.714, 0.950, 0.769)),
            ("paper, 2.7B: CB", (None, None, None)),
        ),
        decimals=1,
        percent=True,
        note="The paper's tasks and models are not these.",
    )
    reason = " ".join(each.reason for each in parts)
    control = ControlResult("The same recordings, shuffled across examples.", (null,), passed)
    notes = ("FT's learning rate was chosen on the dev part: 3e-3.",)
    shown = ((table,), tuple(curves), notes, ("model",))
    judged = Verdict(claim(claim_id), outcome, reason, tuple(parts), control, *shown, subject=SUBJECT)
    return replace(judged, p_holm=0.0016, p_negligible=1.0, margin=2.5)


FACTS = RunFacts(
    {
        SUBJECT: ModelFacts(
            model={
                "name": SUBJECT,
                "architecture": "llama",
                "layers": LAYERS,
                "parameters": 134515008,
                "dtype": "float32",
                "sha256": "9f2c" * 16,
                "licence": "Apache-2.0",
            },
            tasks=tuple(
                {
                    "name": name,
                    "template": "Sentence: {text} Label:",
                    "answers": ["Negative", "Positive"],
                    "test": 200,
                    "fingerprint": f"{i}a7b" * 16,
                }
                for i, name in enumerate(TASKS)
            ),
            notes=("The model is far smaller than the paper's.",),
        )
    },
    settings={
        "seed": 0,
        "demonstrations": 16,
        "learning_rates": {"movie": 0.003, "tweet": 1e-4},
        "fast": False,
        "device": None,
    },
    environment={
        "python": "3.11.9",
        "packages": [{"name": "torch", "version": "2.13.0"}, {"name": "numpy", "version": "2.3.1"}],
        "cpu": {"cores": 2, "model": "x86_64"},
    },
)


CALIBRATION = Calibration("C11", 1000, 5, 2, (40, 35), 0.021, 0.004, 0.033, 0.62, 1.0, (0.186, 0.186))


ON_BEST_SETS = OnBestSets(
    Outcome.INCONCLUSIVE,
    (part("ICL beats ZSL", Outcome.INCONCLUSIVE, (-0.024, 0.041), "accuracy", p=0.36),),
    {"movie": 3, "tweet": 0, "subject": 1, "headline": 0},
    5,
    "dev",
)


def _neither() -> tuple[Verdict, ...]:
    """Return a negligible claim, a mixed one, one that can't be tested, and an identity that holds."""
    small, mixed, untestable = Outcome.NEGLIGIBLE, Outcome.MIXED, Outcome.NOT_TESTABLE
    disagreeing = part("validation loss", mixed, (-0.006, 0.002), "nats a token")
    by_task = (of_task("movie", -0.02, -0.03, -0.01), of_task("tweet", 0.009, 0.004, 0.014))
    nothing = "finetuning corrects 1 of 50 answers of dev, fewer than the 5 that were asked for"
    check = Check("outer products", "W = sum of e x", 60, 0.4, 3e-16, "all sizes to 8")
    return (
        replace(verdict("C9", small, [part("relaxed over mean", small, (0.002, 0.014), "cosine")]), p_negligible=0.03),
        verdict("C14", mixed, [replace(disagreeing, by_task=by_task, without=())]),
        Verdict(claim("C15"), untestable, nothing, (), None, subject=SUBJECT, presupposed=1.7),
        Verdict(claim("C5"), Outcome.SUPPORTED, "all 60 cases hold", (), None, checks=(check,), subject=SUBJECT),
    )


def make_document() -> Document:
    """Return ten claims.

    C1, C11 supported, C2, C12 inconclusive, C10 refuted, C13 stopped by an error, C9 negligible, C14 mixed, C15 not
    testable, C5 exact.
    """
    yes, no, open_, stopped = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.ERROR
    c2 = (
        part("ICL beats FT", yes, (0.022, 0.081), "accuracy"),
        part("FT beats ZSL", open_, (-0.013, 0.034), "accuracy", p=0.21),
    )
    c10 = part("Rec2FTP above chance", no, (-0.21, -0.04), "fraction", n=61, p=0.0021)
    verdicts = (
        verdict("C1", yes, [part("ICL beats ZSL", yes, (0.121, 0.187), "accuracy")]),
        verdict("C2", open_, c2),
        verdict("C10", no, [c10], passed=False),
        verdict(
            "C11",
            yes,
            [part("FT's update against noise", yes, (0.183, 0.201), "cosine")],
            curves=[curve("Similarity of updates (SimAOU)", "cosine")],
        ),
        verdict(
            "C12",
            open_,
            [part("closer to FT than to ZSL", open_, (-0.004, 0.009), "cosine", p=0.4)],
            curves=[curve("Similarity of attention (SimAM)", "cosine", TASKS, 0.5)],
        ),
        Verdict(
            claim("C13"),
            stopped,
            "RuntimeError: no training tokens were recorded\n  in task 'tweet'",
            (),
            None,
            expected=yes,
            subject=SUBJECT,
        ),
        *_neither(),
    )
    first = replace(verdicts[0], on_best_sets=ON_BEST_SETS)
    verdicts = (first, *verdicts[1:3], replace(verdicts[3], calibration=CALIBRATION), *verdicts[4:])
    return Document(
        "0.1.0",
        "2025-03-01T09:30:00+00:00",
        754.2,
        FACTS,
        verdicts,
        readings(verdicts, LEVELS),
        title="Do They Learn?",
        lead="Claims of a paper",
        cites={"C": "the paper"},
    )
