"""What is trained at which size: data, from two cores to the paper's 350M shape, with what it costs."""

from dataclasses import dataclass

BYTES = 257
"""Vocabulary of single bytes and the start token."""


@dataclass(frozen=True)
class Shape:
    """The network's sizes."""

    layers: int
    heads: int
    width: int

    @property
    def parameters(self) -> int:
        """Weights of the blocks: 12 layers width^2, embeddings left out."""
        return 12 * self.layers * self.width**2


@dataclass(frozen=True)
class Schedule:
    """AdamW with linear warm-up and a cosine down to a tenth of the learning rate."""

    steps: int
    batch: int
    """Sequences a step."""
    learning_rate: float
    micro_batch: int | None = None
    """Sequences at once, where a batch does not fit in memory: gradients are added up."""
    warm_up: float = 0.05
    """Share of the steps."""
    floor: float = 0.1
    """Last learning rate, as a share of the largest."""
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.1
    """On matrices alone."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    checkpoint_every: int = 500
    """Steps between two checkpoints."""


@dataclass(frozen=True)
class LanguageSize:
    """A language model and its lengths, in tokens."""

    shape: Shape
    schedule: Schedule
    vocabulary: int
    length: int
    """Tokens of a training sequence."""
    validation_lengths: tuple[int, ...]
    windows: int
    """Validation sequences at each length."""


@dataclass(frozen=True)
class InContextSize:
    """Learning in context as Garg et al. (arXiv 2208.01066) and Arora et al. (arXiv 2312.04927) pose it, made small."""

    shape: Shape
    schedule: Schedule
    dimension: int
    """Of the regressions' inputs."""
    regression_pairs: int
    keys: int
    values: int
    recall_pairs: int
    sequences: int
    """Test sequences."""


@dataclass(frozen=True)
class Size:
    """All that is trained at one size."""

    name: str
    language: LanguageSize
    in_context: InContextSize
    seeds: int = 5
    """Training runs reported, each attention from the same weights and on the same batches."""
    starts_in_context: int = 8
    """The same of the two attentions that are compared, where they learn in context: of some starts nothing is learned,
    of others all, so that a few say little."""
    etas: tuple[float, ...] = (0.1, 0.3, 0.5, 0.9)
    """Strengths tried, on another seed than those reported."""
    mixed_precision: bool = False
    """Compute in bfloat16, with weights and averages in float32: for GPUs."""
    text_tasks: bool = False
    """Whether the language models are asked the text tasks of `--tasks` too."""


# Chosen for their cost and by vanilla attention's loss on a seed that is not reported, no other attention looked at.
# Text: of learning rates 3e-3, 1e-2 and 2e-2 the second was best. Regression and recall: 3e-3 and 1e-2, the first.
# Recall: with 8 keys vanilla attention gets all right after 1,500 steps, which leaves nothing to see; with 12 a third.
TINY = Size(
    name="tiny",
    language=LanguageSize(
        Shape(layers=2, heads=4, width=64),
        Schedule(steps=600, batch=8, learning_rate=1e-2),
        vocabulary=BYTES,
        length=128,
        validation_lengths=(32, 64, 128, 256),
        windows=128,
    ),
    in_context=InContextSize(
        Shape(layers=2, heads=2, width=32),
        Schedule(steps=1500, batch=32, learning_rate=3e-3),
        dimension=2,
        regression_pairs=8,
        keys=12,
        values=12,
        recall_pairs=16,
        sequences=256,
    ),
)
SMALL = Size(
    name="small",
    language=LanguageSize(
        Shape(layers=6, heads=8, width=384),
        Schedule(steps=2000, batch=64, learning_rate=1e-3),
        vocabulary=4096,
        length=256,
        validation_lengths=(64, 128, 256, 512),
        windows=256,
    ),
    in_context=InContextSize(
        Shape(layers=6, heads=4, width=128),
        Schedule(steps=10_000, batch=64, learning_rate=1e-3),
        dimension=5,
        regression_pairs=16,
        keys=32,
        values=32,
        recall_pairs=32,
        sequences=512,
    ),
    mixed_precision=True,
)
PAPER = Size(
    name="paper",
    language=LanguageSize(
        Shape(layers=24, heads=16, width=1024),
        Schedule(steps=10_000, batch=256, learning_rate=3e-4, micro_batch=16, warm_up=0.03, checkpoint_every=250),
        vocabulary=32_768,
        length=1024,
        validation_lengths=(256, 512, 1024, 2048),
        windows=512,
    ),
    in_context=InContextSize(
        Shape(layers=12, heads=8, width=256),
        Schedule(steps=100_000, batch=64, learning_rate=1e-4, checkpoint_every=5000),
        dimension=20,
        regression_pairs=41,
        keys=64,
        values=64,
        recall_pairs=64,
        sequences=1024,
    ),
    mixed_precision=True,
    text_tasks=True,
)

SIZES = {size.name: size for size in (TINY, SMALL, PAPER)}


@dataclass(frozen=True)
class Cost:
    """What training takes, estimated."""

    flops: float
    gigabytes: float
    """Of one training: weights, gradients, AdamW's two averages in float32, activations of one micro-batch."""


def training_cost(shape: Shape, schedule: Schedule, length: int, vocabulary: int) -> Cost:
    """Estimate one training: FLOP = 6 tokens (weights + read-out) + 12 layers tokens length width / 2 (causal).

    Activations: about 34 numbers a token, layer and unit of width (Korthikanti et al. 2022, arXiv 2205.05198, without
    the scores, which are never kept), and three of the vocabulary's size a token.
    """
    weights = shape.parameters + vocabulary * shape.width
    tokens = schedule.steps * schedule.batch * length
    attention = 6 * shape.layers * length * shape.width
    at_once = (schedule.micro_batch or schedule.batch) * length
    activations = at_once * (34 * shape.layers * shape.width + 3 * vocabulary)
    return Cost(tokens * (6.0 * weights + attention), (16 * weights + 4 * activations) / 1e9)
