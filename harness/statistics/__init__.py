"""From measurements to judgements: effects with intervals, corrected over a family of claims."""

from harness.statistics.comparison import Comparison
from harness.statistics.holm import Corrected, holm
from harness.statistics.judgement import judge_family

__all__ = ["Comparison", "Corrected", "holm", "judge_family"]
