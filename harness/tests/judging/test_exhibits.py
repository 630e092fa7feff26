"""From arrays to tables and curves, worked by hand."""

import numpy as np
import pytest
from scipy import stats

from harness.judging.exhibits import layer_curve, loss_curve, run_curve, task_table

NAN = float("nan")


def test_table_holds_means_over_what_counts_and_none_where_nothing_does() -> None:
    """Task a: mean of 1, 0; task b: nothing counts; the mean over tasks leaves b out; the paper's rows follow."""
    column = {"a": np.array([[1.0, 0.0, NAN]]), "b": np.array([[NAN, NAN, NAN]])}
    table = task_table("t", {"Rec2FTP": column}, [("SST2", (0.8,))])
    assert table.rows == (("a", (0.5,)), ("b", (None,)), ("mean over tasks", (0.5,)), ("paper: SST2", (0.8,)))


def test_curve_has_the_mean_and_1_96_standard_errors_over_examples() -> None:
    """Examples 1 and 3 (after averaging two sets): mean 2, standard error sqrt(2) / sqrt(2) = 1."""
    values = {"a": np.array([[[0.0], [2.0]], [[2.0], [4.0]]])}
    ((_, (series,)),) = layer_curve("t", "cosine", {"FT": values}).panels
    assert [*series.values, *series.low, *series.high] == pytest.approx([2, 0.04, 3.96])


def test_run_curve_has_students_interval_of_the_runs_mean() -> None:
    """Three runs of 1, 2, 3 and 4, 4, 7: means 2 and 5, t of two degrees of freedom times s over root 3."""
    values = np.array([[1.0, 4.0], [2.0, 4.0], [3.0, 7.0]])
    curve = run_curve("t", "loss", {"p": {"FT": values, "flat": values[:1]}}, [10, 20], "step", frozenset({"flat"}))
    ((panel, (series, flat)),) = curve.panels
    margin = stats.t.ppf(0.975, 2) * np.sqrt([1.0, 3.0]) / np.sqrt(3)
    assert (panel, curve.x_label, series.at) == ("p", "step", (10, 20))
    assert series.values == pytest.approx([2, 5])
    assert series.low == pytest.approx(np.array([2, 5]) - margin)
    assert series.high == pytest.approx(np.array([2, 5]) + margin)
    assert (series.baseline, flat.baseline) == (False, True)
    assert (flat.values, flat.low, flat.high) == ((1, 4), (), ())


def test_loss_curve_averages_equal_stretches_of_training() -> None:
    """Six steps in three stretches: means of two, standing at 1.5, 3.5 and 5.5; fewer steps than points stay."""
    found = {"vanilla": {"losses": np.array([[6.0, 4.0, 3.0, 1.0, 2.0, 2.0]])}}
    ((_, (series,)),) = loss_curve("t", "loss", found, points=3).panels
    assert (series.values, series.at) == ((5, 2, 2), (1.5, 3.5, 5.5))
    ((_, (whole,)),) = loss_curve("t", "loss", found).panels
    assert (whole.values, whole.at) == ((6, 4, 3, 1, 2, 2), (1, 2, 3, 4, 5, 6))
