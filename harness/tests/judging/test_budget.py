"""What a run's time buys: its costs are its plan's, and each claim is judged at the size that a split gives it."""

from pathlib import Path

import pytest

import claims
from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.questions import HowItRan, Learned, Question
from harness.evidence.sources import Sources
from harness.judging.budget import Bought, buy, lines
from harness.judging.claims import ClaimModule, load_claims
from harness.runs.run import PREFIX, SCORING, STEP
from harness.statistics.new_runs import Size
from harness.tests.tiny import Project, ready

DEMONSTRATIONS, DEV, QUERIES, CONTROLS = 6, 12, 30, 20
ICL = SCORING[Setting.ICL]
MODULES = load_claims(claims)
C11, O4, C8 = MODULES["C11"], MODULES["O4"], MODULES["C8"]


@pytest.fixture(scope="module")
def made(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return the tiny project with what C11 and O4 ask for, under three sets drawn at random and steady steps."""
    options = {"demonstration_sets": 3, "selection": "random", "learning_rates": (1e-2, 1e38)}
    asks: list[Question] = [HowItRan(), Learned(), *C11.asks, *O4.asks, *C8.asks]
    return ready(project.settings(tmp_path_factory.mktemp("budget"), **options), *asks)


def bought(sources: Sources, *modules: ClaimModule, **options: float) -> Bought:
    """Return what is bought, by few simulations."""
    return buy(modules, sources, runs=40, **options)


def test_a_set_costs_its_finetunings_and_its_prefixes(made: Sources) -> None:
    """Of C11: ICL on dev, FT there by kept weights; then the set's prefix and finetuning.

    A query is scored with demonstrations and finetuned.
    """
    cost = bought(made, C11).cost
    steps = STEP * DEMONSTRATIONS
    a_set = PREFIX + ICL * DEV + DEV + PREFIX + steps
    assert cost.set / cost.example == pytest.approx(a_set / (ICL + 1))
    assert cost.draw == 0


def test_a_rivals_query_costs_by_how_many_there_are(made: Sources) -> None:
    """Of O4 alone the rival's two settings are scored on two thirds of the queries, or on as many as there are."""
    own, all_queries = bought(made, O4).cost, bought(made, O4, share=1.0).cost
    assert all_queries.example / own.example == pytest.approx(2 / (1 + CONTROLS / QUERIES))
    assert all_queries.set == pytest.approx(own.set)


def test_the_runs_own_size_comes_first_and_costs_what_it_took(made: Sources) -> None:
    """The other splits cost as much, within the price of one more query in each set."""
    found = bought(made, C11)
    assert found.sizes[0] == Size(3, 1, QUERIES)
    spent = found.cost.seconds(found.sizes[0])
    for size in found.sizes[1:]:
        assert spent - size.sets * found.cost.example < found.cost.seconds(size) <= spent * (1 + 1e-9)
    longer = bought(made, C11, minutes=(found.fixed + 2 * spent) / 60)
    assert found.cost.seconds(longer.sizes[-1]) <= 2 * spent * (1 + 1e-9)
    assert max(size.sets for size in longer.sizes) > max(size.sets for size in found.sizes)


def test_rivals_have_their_share_of_the_queries(made: Sources) -> None:
    """O4's cells hold twenty examples where C11's hold thirty; at a share of 1 as many."""
    found, equal = bought(made, C11, O4), bought(made, C11, O4, share=1.0)
    sizes = {claim: splits[0].size for claim, splits in found.splits.items()}
    assert sizes == {"C11": Size(3, 1, QUERIES), "O4": Size(3, 1, CONTROLS)}
    assert equal.splits["O4"][0].size == Size(3, 1, QUERIES)


def test_table_has_a_row_for_each_split_and_names_the_best(made: Sources) -> None:
    """The best has the largest mean power; costs and components stand above."""
    found = bought(made, C11, O4)
    said = list(lines(found))
    rows = said[-len(found.sizes) :]
    assert [row.split()[:2] for row in rows] == [[str(size.sets), str(size.examples)] for size in found.sizes]
    (best,) = [place for place, row in enumerate(rows) if "best" in row]
    assert found.power(best) == max(map(found.power, range(len(rows))))
    assert rows[0].endswith("own")
    assert sum(line.startswith(("C11 ", "O4 ")) for line in said) == 3 + 3


def test_claims_without_anything_to_size_are_refused(made: Sources) -> None:
    """C8 is exact: no number of sets makes it surer."""
    with pytest.raises(HarnessError, match="none of 'C8' fixes what matters"):
        bought(made, C8)


def test_store_without_the_run_is_refused(project: Project, tmp_path: Path) -> None:
    """Nothing is run for it: what lacks is named."""
    sources = ready(project.settings(tmp_path / "store", demonstration_sets=2))
    with pytest.raises(HarnessError, match="lacks"):
        bought(sources, MODULES["C1"])
    assert not list(tmp_path.glob("store/runs/*/*"))


def test_budget_below_what_is_fixed_is_refused(made: Sources) -> None:
    """Learning rates are tried whatever the split."""
    with pytest.raises(HarnessError, match="whatever the split: give more"):
        bought(made, C11, minutes=bought(made, C11).fixed / 61)


def test_run_of_one_set_is_refused(project: Project, tmp_path: Path) -> None:
    """One set has no variance to draw others by."""
    with pytest.raises(HarnessError, match="expected two or more"):
        bought(ready(project.settings(tmp_path / "store", demonstration_sets=1)), MODULES["C1"])
