"""From measurements to judgements: effects with intervals, corrected over a family of claims."""

from harness.statistics.comparison import Comparison
from harness.statistics.estimation import estimate, p_value
from harness.statistics.holm import Corrected, holm
from harness.statistics.judgement import judge_family, overall

__all__ = ["Comparison", "Corrected", "estimate", "holm", "judge_family", "overall", "p_value"]
