"""All planted errors."""

from harness.tests.planted import (
    in_attention,
    in_calibration,
    in_claims,
    in_control_evidence,
    in_controls,
    in_data,
    in_expectations,
    in_export,
    in_judgement,
    in_measurements,
    in_metrics,
    in_models,
    in_momentum,
    in_plans,
    in_rival_claims,
    in_theory,
    in_trainings,
    in_variants,
)
from harness.tests.planted.planted import Planted

ERRORS: list[Planted] = [
    *in_metrics.ERRORS,
    *in_measurements.ERRORS,
    *in_theory.ERRORS,
    *in_data.ERRORS,
    *in_models.ERRORS,
    *in_attention.ERRORS,
    *in_judgement.ERRORS,
    *in_claims.ERRORS,
    *in_rival_claims.ERRORS,
    *in_controls.ERRORS,
    *in_variants.ERRORS,
    *in_control_evidence.ERRORS,
    *in_momentum.ERRORS,
    *in_trainings.ERRORS,
    *in_plans.ERRORS,
    *in_export.ERRORS,
    *in_calibration.ERRORS,
    *in_expectations.ERRORS,
]
