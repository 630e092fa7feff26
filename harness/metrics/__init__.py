"""The paper's metrics and their baselines: pure functions on arrays, in float64 whatever comes in."""

from harness.metrics.cosine import cosine
from harness.metrics.kendall import kendall, token_order, training_attention
from harness.metrics.noise import isotropic_like, permuted, permuted_within, scrambled, uniform_like
from harness.metrics.pairing import of_partners, others_of_class, others_of_other_class
from harness.metrics.rec2ftp import rec2ftp
from harness.metrics.sim_am import sim_am, sim_am_of_differences, sim_am_of_partners
from harness.metrics.sim_aou import attention_output_update, changed_at_random, sim_aou, sim_aou_with_update

__all__ = [
    "attention_output_update",
    "changed_at_random",
    "cosine",
    "isotropic_like",
    "kendall",
    "of_partners",
    "others_of_class",
    "others_of_other_class",
    "permuted",
    "permuted_within",
    "rec2ftp",
    "scrambled",
    "sim_am",
    "sim_am_of_differences",
    "sim_am_of_partners",
    "sim_aou",
    "sim_aou_with_update",
    "token_order",
    "training_attention",
    "uniform_like",
]
