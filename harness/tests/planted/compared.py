"""What each claim compares, written down once more: the arrays' names, as `harness.tests.planted.worlds` has them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.models.gpt.sizes import TINY

TASKS = ("a", "b")
LESS = " less "
"""Between two arrays: the one less the mean over draws of the other."""


@dataclass(frozen=True)
class Compared:
    """Which arrays a claim compares (value, baseline), and which its first table shows."""

    parts: tuple[tuple[str, str], ...]
    control: tuple[tuple[str, str], ...] = ()
    """Empty where the control is another."""
    shown: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    """The arrays of which every other set stands against the next one, as controls."""
    shared: bool = False
    """Whether tasks share the draws, which the sets then stand for."""
    cells: tuple[str, ...] = TASKS
    """What a comparison has a cell for."""

    def levels(self, sign: float, control: float = 0.0) -> Mapping[str, float]:
        """Return levels at which every value is `sign` from its baseline, and the control's `control` from its."""
        levels: dict[str, float] = {}
        for size, pairs in ((control, self.control), (sign, self.parts)):
            for value, baseline in reversed(pairs):
                one, other = (name.split(LESS)[0] for name in (value, baseline))
                levels[one] = levels.setdefault(other, 0.0) + size
        return levels


def of(measurement: str, parts: str, control: str, shown: str) -> Compared:
    """Return the row of a claim on one measurement: 'value-baseline' pairs, and names, separated by spaces."""

    def pairs(text: str) -> tuple[tuple[str, str], ...]:
        named = [[f"{measurement} {name}" for name in pair.split("-")] for pair in text.split()]
        return tuple((value, baseline) for value, baseline in named)

    return Compared(pairs(parts), pairs(control), tuple(f"{measurement} {name}" for name in shown.split()))


def rivals(*parts: tuple[str, str], shown: tuple[str, ...], between: str) -> Compared:
    """Return the row of a rival explanation whose control is on one array, between sets."""
    return Compared(parts, shown=shown, between=(between,))


def untrained(*arrays: tuple[str, str], shown: bool = True) -> Compared:
    """Return the row of a claim on what one array has over another, in the trained model and in two untrained ones."""
    trained, *others = ([f"{a}{m}{LESS}{b}{m}" for a, b in arrays] for m in ("", " embeddings", " norms"))
    parts = tuple((of, other[i]) for i, of in enumerate(trained) for other in others)
    first = (trained[0], *(other[0] for other in others))
    return Compared(parts, shown=first if shown else (), between=first[-1:], shared=True)


def trained(*parts: tuple[str, str], between: tuple[str, ...]) -> Compared:
    """Return the row of a claim on trained models, which has no tasks; its tables have a test of their own."""
    return Compared(parts, between=between, cells=("",))


RANDOM, AOU = "ft-uniform ft-isotropic ft-random_change", "sim_aou ft"
CHANGES, CUT, KENDALL, SPREAD = "sim_am differences", "sim_am own_cut", "kendall ft", "orders_and_sets"
LENGTHS = [n for n in TINY.language.validation_lengths if n <= TINY.language.length]
AT_LENGTH = f"language validation_{TINY.language.length}"
COMPARED = {
    "C1": of("accuracy", "icl-zsl", "icl_control-zsl_control", "zsl icl"),
    "C2": of("accuracy", "icl-ft ft-zsl", "icl_control-ft_control ft_control-zsl_control", "zsl ft icl"),
    "C3": Compared(
        (("accuracy icl", "supervised own"),),
        control=(("accuracy icl_control", "supervised control"),),
        shown=("accuracy icl", "supervised own", "supervised pool"),
    ),
    "C9": of(
        "relaxed",
        "relaxed-uniform first_order-uniform",
        "first_order_control-control",
        "relaxed first_order uniform log_size first_order_log_size mass explained first_order_explained",
    ),
    "C11": of("sim_aou", RANDOM, "control-isotropic", "ft uniform isotropic random_change other_example"),
    "C12": replace(
        of("sim_am", "ft-zsl", "", "ft zsl uniform isotropic differences"),
        control=(("sim_am ft random", "sim_am zsl random"),),
    ),
    "C13": of("kendall", "ft-uniform ft-unfinetuned ft-within", "control-isotropic", "ft unfinetuned uniform within"),
    "Q1": of(
        "updates",
        "cosine_icl-cosine_permuted cosine_icl-cosine_isotropic",
        "cosine_control-cosine_isotropic",
        "cosine_icl cosine_permuted cosine_isotropic",
    ),
    "C14": trained(
        *((f"language validation_{n} vanilla", f"language validation_{n} momentum") for n in LENGTHS),
        between=(f"{AT_LENGTH} vanilla",),
    ),
    "C15": trained(
        ("regression score vanilla", "regression score momentum"),
        ("recall score momentum", "recall score vanilla"),
        between=("regression score vanilla", "recall score vanilla"),
    ),
    "Q3": trained(
        (f"{AT_LENGTH} shift", f"{AT_LENGTH} momentum"),
        (f"{AT_LENGTH} uniform", f"{AT_LENGTH} momentum"),
        ("regression score shift", "regression score momentum"),
        ("regression score uniform", "regression score momentum"),
        ("recall score momentum", "recall score shift"),
        ("recall score momentum", "recall score uniform"),
        between=(f"{AT_LENGTH} shift", "regression score shift"),
    ),
    "O1": untrained((AOU, "sim_aou other_of_class"), (KENDALL, "kendall other_of_class")),
    "O2": untrained((CUT, "sim_am other_of_class")),
    "O4": rivals(
        *((name, f"{name} random") for name in (AOU, CHANGES, KENDALL)),
        shown=(AOU, f"{AOU} random"),
        between=f"{AOU} random",
    ),
    "O5": Compared(
        ((f"{SPREAD} icl_outputs_ratio", f"{SPREAD} ft_outputs_ratio"),),
        shown=tuple(f"{SPREAD} {setting}_outputs_{what}" for setting in ("icl", "ft") for what in ("orders", "sets")),
    ),
    "O6": Compared(
        tuple((own, f"{own.split()[0]} other_of_class") for own in (AOU, CUT, KENDALL)),
        shown=(AOU, "sim_aou other_of_class", "sim_aou other_class"),
    ),
    "O7": rivals(
        *((f"{name} tuned", f"{name} layer_causal tuned") for name in (AOU, CHANGES)),
        shown=(f"{AOU} tuned", f"{AOU} layer_causal tuned"),
        between=f"{AOU} tuned",
    ),
    "O8": Compared(
        (
            *((f"distributions {kind}_icl_zsl", f"distributions {kind}_icl_ft") for kind in ("answers", "next")),
            ("distributions overlap_icl_ft", "distributions overlap_icl_zsl"),
        ),
        control=(("distributions next_icl_zsl random", "distributions next_icl_ft random"),),
        shown=("distributions answers_icl_zsl", "distributions answers_icl_ft"),
    ),
    "O9": rivals(
        *((name, f"{name} True") for name in (AOU, CHANGES)), shown=(AOU, f"{AOU} True"), between=f"{AOU} True"
    ),
}
