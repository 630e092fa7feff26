"""Errors planted in what a budget buys."""

from harness.tests.planted.planted import Planted

SPLITS, RUNS, VARIANCE = (f"harness/statistics/{name}.py" for name in ("budget", "new_runs", "variance"))
ASKED = "harness/judging/budget.py"
OF_SPLITS, OF_VARIANCE = (f"harness/tests/statistics/test_{name}.py::test_" for name in ("budget", "variance"))
OF_ASKED = "harness/tests/judging/test_budget.py::test_"
COMPARED = "C1 C2 C10 C11 C12 C13"

ERRORS = [
    Planted(
        "cost of a set forgotten",
        COMPARED,
        SPLITS,
        "size.sets * (self.set + size.draws",
        "size.sets * (size.draws",
        f"{OF_SPLITS}cost_by_hand {OF_SPLITS}each_split_spends_the_budget",
    ),
    Planted(
        "whole interval for its half",
        COMPARED,
        SPLITS,
        "(high - low) / 2",
        "(high - low)",
        f"{OF_SPLITS}where_only_sets_vary_their_number_decides",
    ),
    Planted(
        "power where nothing is there",
        COMPARED,
        SPLITS,
        "[0.0 if part.alike else part.matters for part in parts]",
        "[0.0 for part in parts]",
        f"{OF_SPLITS}where_only_examples_vary_their_number_decides",
    ),
    Planted(
        "draws and sets exchanged",
        COMPARED,
        RUNS,
        "return self.sets if part.sets > 1 else 1, draws if part.draws > 1",
        "return draws if part.sets > 1 else 1, self.sets if part.draws > 1",
        f"{OF_SPLITS}where_only_sets_vary_their_number_decides",
    ),
    Planted(
        "sets that stand as draws taken for draws of their own",
        COMPARED,
        RUNS,
        "self.sets if part.shared_draws and part.sets == 1 else self.draws",
        "self.draws",
        f"{OF_SPLITS}where_only_sets_vary_their_number_decides",
    ),
    Planted(
        "as many new sets as old ones",
        COMPARED,
        RUNS,
        "rng.normal(size=(runs, number, levels))",
        "rng.normal(size=(runs, levels, levels))",
        f"{OF_SPLITS}where_only_sets_vary_their_number_decides",
    ),
    Planted(
        "rest left in the components",
        COMPARED,
        VARIANCE,
        "variance[0]) - rest)",
        "variance[0]))",
        f"{OF_VARIANCE}components_by_hand",
    ),
    Planted(
        "query's cost not spread over the sets",
        COMPARED,
        ASKED,
        "/ (own.sets * own.examples)",
        "/ own.examples",
        f"{OF_ASKED}a_set_costs_its_finetunings_and_its_prefixes",
    ),
    Planted(
        "as many queries for rivals as for claims",
        COMPARED,
        ASKED,
        "round(share * queries)}",
        "queries}",
        f"{OF_ASKED}a_rivals_query_costs_by_how_many_there_are",
    ),
    Planted(
        "rivals judged on the queries that they had",
        COMPARED,
        ASKED,
        "if module.on_controls else 1.0",
        "if not module.on_controls else 1.0",
        f"{OF_ASKED}rivals_have_their_share_of_the_queries",
    ),
]
