"""Errors planted in the variance of effects, and in the test and interval that are made of it."""

from harness.tests.planted.planted import Planted

VARIANCE, INTERVALS = "harness/statistics/variance.py", "harness/statistics/intervals.py"
OF_VARIANCE, OF_INTERVALS = (f"harness/tests/statistics/test_{name}.py::test_" for name in ("variance", "intervals"))
COMPARED = "C1 C2 C9 C10 C11 C12 C13 Q1 Q2"
MEANS = "C1 C2 C9 C11 C12 C13 Q1 Q2"

VARIANCES = [
    Planted(
        "variance over sets and draws left out",
        COMPARED,
        VARIANCE,
        "if u.shape[axis] > 1 or axis == _EXAMPLES",
        "if axis == _EXAMPLES",
        f"{OF_VARIANCE}two_sets_by_hand",
    ),
    Planted(
        "a shared draw counted once a task",
        "O1 O2",
        VARIANCE,
        "if shared_draws and influences[0].shape[_DRAWS] > 1:",
        "if shared_draws and not influences:",
        f"{OF_VARIANCE}shared_draw_is_crossed_with_tasks "
        f"{OF_VARIANCE}shared_draw_that_tasks_take_opposite_ways_moves_nothing",
    ),
    Planted(
        "tasks times sets, less 1, degrees of freedom",
        COMPARED,
        VARIANCE,
        "spread = np.sum([(times * term.variance) ** 2 / term.freedom for term in terms], axis=0)",
        "spread = variance**2 / (np.sum([term.freedom + 1 for term in terms], axis=0) - 1)",
        f"{OF_VARIANCE}five_sets_on_three_tasks_leave_twelve_degrees_of_freedom",
    ),
    Planted(
        "rest not taken off",
        COMPARED,
        VARIANCE,
        "_total(table.rests, 1 - len(axes))",
        "_total(table.rests, 0)",
        f"{OF_VARIANCE}rest_is_taken_off_once {OF_VARIANCE}variance_is_that_of_effects",
    ),
    Planted(
        "rest taken off once too often",
        COMPARED,
        VARIANCE,
        "_total(table.rests, 1 - len(axes))",
        "_total(table.rests, -len(axes))",
        f"{OF_VARIANCE}rest_is_taken_off_once",
    ),
    Planted(
        "variance below its largest term",
        COMPARED,
        VARIANCE,
        "np.maximum(variance, np.max([term for term, _ in (*axes, *rests)], axis=0))",
        "np.maximum(variance, 0.0)",
        f"{OF_VARIANCE}variance_is_not_below_its_largest_term",
    ),
    Planted(
        "no variance where sets and examples cancel",
        COMPARED,
        VARIANCE,
        "in (*axes, *rests)]",
        "in axes]",
        f"{OF_VARIANCE}values_that_cancel_have_a_variance",
    ),
    Planted(
        "variance of sums by their number, not their degrees of freedom",
        COMPARED,
        VARIANCE,
        "levels / freedom * (centred**2)",
        "1.0 * (centred**2)",
        f"{OF_VARIANCE}two_sets_by_hand",
    ),
    Planted(
        "tasks weighed by their examples",
        MEANS,
        VARIANCE,
        "centre = means.mean(axis=0)",
        "centre = sums.sum(axis=0) / counts.sum(axis=0)",
        f"{OF_VARIANCE}tasks_weigh_equally_in_a_mean",
    ),
    Planted(
        "effect not less its null",
        "C10",
        VARIANCE,
        "found = _combined(centre - null, whole)",
        "found = _combined(centre, whole)",
        f"{OF_VARIANCE}proportion_is_pooled",
    ),
    Planted(
        "a task's variance as small as its share of the whole's",
        MEANS,
        VARIANCE,
        "_combined(mean - null, table, len(cells) ** 2)",
        "_combined(mean - null, table)",
        f"{OF_VARIANCE}each_task_alone_is_as_if_it_were_all",
    ),
]
INVERTED = [
    Planted(
        "normal quantile for Student's",
        COMPARED,
        INTERVALS,
        "distance = stats.t.isf(tail, self.moments.freedom)",
        "distance = stats.norm.isf(tail) + 0 * self.moments.effect",
        f"{OF_INTERVALS}student_by_hand",
    ),
    Planted(
        "normal tail for Student's in a share",
        "C1 C2 C10",
        INTERVALS,
        "np.where(error > 0, stats.t.sf(distance, freedom), equal)",
        "np.where(error > 0, stats.norm.sf(distance), equal)",
        f"{OF_INTERVALS}few_degrees_of_freedom_widen_a_bounded_interval",
    ),
    Planted(
        "one-sided interval",
        COMPARED,
        INTERVALS,
        "np.sqrt(self.moments.variance), (1 - level) / 2",
        "np.sqrt(self.moments.variance), 1 - level",
        f"{OF_INTERVALS}student_by_hand",
    ),
    Planted(
        "p value of one side",
        COMPARED,
        INTERVALS,
        "2 * np.minimum(self.above(0.0), self.below(0.0))",
        "1 * np.minimum(self.above(0.0), self.below(0.0))",
        f"{OF_INTERVALS}student_by_hand",
    ),
    Planted(
        "a test that knows no bounds beside an interval that does",
        "C1 C2 C10",
        INTERVALS,
        "return self._tail(threshold, self.moments.effect, self.bounds)",
        "return self._tail(threshold, self.moments.effect, None)",
        f"{OF_INTERVALS}share_is_clopper_and_pearsons {OF_INTERVALS}five_of_five_by_hand",
    ),
    Planted(
        "an interval beyond what is possible",
        "C1 C2 C10 C15",
        INTERVALS,
        "low = self._end(np.asarray(level), self.moments.effect, self.bounds)",
        "low = self._end(np.asarray(level), self.moments.effect, None)",
        f"{OF_INTERVALS}interval_of_few_runs_keeps_to_what_is_possible",
    ),
    Planted(
        "equal values taken for certainty",
        "C1 C2 C10",
        INTERVALS,
        "equal = np.clip(room, 0.0, 1.0) ** self.units",
        "equal = np.floor(np.clip(room, 0.0, 1.0)) ** self.units",
        f"{OF_INTERVALS}five_of_five_by_hand",
    ),
    Planted(
        "the lower end of one success more",
        "C1 C2 C10",
        INTERVALS,
        "special.betaincinv(np.maximum(ones, _LEAST), zeros + 1, reached)",
        "special.betaincinv(ones + 1, zeros + 1, reached)",
        f"{OF_INTERVALS}share_is_clopper_and_pearsons",
    ),
    Planted(
        "p values of 0",
        "C1 C2 C10",
        INTERVALS,
        "-special.ndtri(np.maximum(tail, _LEAST))",
        "-special.ndtri(tail)",
        f"{OF_INTERVALS}distance_that_no_float_holds_rejects_no_more_than_students_t",
    ),
]
ERRORS = [*VARIANCES, *INVERTED]
