"""Errors planted in the metrics and their baselines."""

from harness.tests.planted.planted import Planted

COSINE, NOISE = "harness/metrics/cosine.py", "harness/metrics/noise.py"
SIM_AOU, SIM_AM = "harness/metrics/sim_aou.py", "harness/metrics/sim_am.py"
REC2FTP = "harness/metrics/rec2ftp.py"
OUTPUTS, OF_OUTPUTS = "harness/metrics/distributions.py", "harness/tests/metrics/test_distributions.py"
ORDER, OF_ORDER = "harness/metrics/order.py", "harness/tests/metrics/test_order.py"
OF_COSINE, OF_NOISE = "harness/tests/metrics/test_cosine.py", "harness/tests/metrics/test_noise.py"
OF_SIM_AOU, OF_SIM_AM = "harness/tests/metrics/test_sim_aou.py", "harness/tests/metrics/test_sim_am.py"
OF_REC2FTP = "harness/tests/metrics/test_rec2ftp.py"

COSINES = [
    Planted(
        "not divided by the lengths",
        "cosine",
        COSINE,
        "np.divide(dot, lengths, out=np.zeros_like(lengths), where=lengths > 0)",
        "np.where(lengths > 0, dot, 0.0)",
        OF_COSINE,
    ),
    Planted(
        "the first vector's length taken twice",
        "cosine",
        COSINE,
        "np.linalg.norm(right, axis=-1)",
        "np.linalg.norm(left, axis=-1)",
        OF_COSINE,
    ),
    Planted(
        "padding of both vectors left out, of one counted",
        "cosine",
        COSINE,
        "np.isnan(a) | np.isnan(b)",
        "np.isnan(a) & np.isnan(b)",
        OF_COSINE,
    ),
    Planted(
        "no unit scaling",
        "attention_output_update sim_aou sim_aou_with_update",
        SIM_AOU,
        "length = np.linalg.norm(h, axis=-1, keepdims=True)",
        "length = np.ones_like(h[..., :1])",
        OF_SIM_AOU,
    ),
    Planted(
        "noise in the change's place",
        "changed_at_random",
        SIM_AOU,
        "h_zsl + noise * (sizes[0] / sizes[1])",
        "noise * (sizes[0] / sizes[1])",
        OF_SIM_AOU,
    ),
    Planted(
        "random change of any size",
        "changed_at_random",
        SIM_AOU,
        "noise * (sizes[0] / sizes[1])",
        "noise",
        OF_SIM_AOU,
    ),
    Planted(
        "scaled to unit length over layers",
        "attention_output_update sim_aou sim_aou_with_update",
        SIM_AOU,
        "np.linalg.norm(h, axis=-1, keepdims=True)",
        "np.linalg.norm(h, axis=-2, keepdims=True)",
        OF_SIM_AOU,
    ),
    Planted(
        "ICL and ZSL swapped in ICL's update",
        "sim_aou sim_aou_with_update",
        SIM_AOU,
        "cosine(attention_output_update(h_icl, h_zsl), update)",
        "cosine(attention_output_update(h_zsl, h_icl), update)",
        OF_SIM_AOU,
    ),
    Planted(
        "FT's output for its update",
        "sim_aou",
        SIM_AOU,
        "h_icl, attention_output_update(h_ft, h_zsl))",
        "h_icl, _unit(h_ft))",
        OF_SIM_AOU,
    ),
    Planted(
        "heads averaged before the cosine",
        "sim_am sim_am_of_differences",
        SIM_AM,
        "per_head = cosine(m_a, m_b)",
        "per_head = cosine(m_a.mean(axis=2), m_b.mean(axis=2))[..., None]",
        OF_SIM_AM,
    ),
    Planted(
        "mean over layers for heads",
        "sim_am sim_am_of_differences",
        SIM_AM,
        "per_head.mean(axis=-1)",
        "per_head.mean(axis=1)",
        OF_SIM_AM,
    ),
    Planted(
        "softmax left in",
        "sim_am",
        SIM_AM,
        "per_head = cosine(m_a, m_b)",
        "e = [np.exp(m) for m in (m_a, m_b)]\n"
        "    per_head = cosine(*(w / np.nansum(w, axis=-1, keepdims=True) for w in e))",
        OF_SIM_AM,
    ),
    Planted(
        "ICL's map for its difference from ZSL",
        "sim_am_of_differences differences_by_head",
        SIM_AM,
        "cosine(m_icl - before, m_ft - before)",
        "cosine(m_icl.astype(np.float64), m_ft - before)",
        OF_SIM_AM,
    ),
    Planted(
        "ICL and ZSL swapped in FT's difference",
        "sim_am_of_differences differences_by_head",
        SIM_AM,
        "cosine(m_icl - before, m_ft - before)",
        "cosine(m_icl - before, m_ft - m_icl)",
        OF_SIM_AM,
    ),
]
SHARES = [
    Planted(
        "what ICL misses for what ZSL misses",
        "rec2ftp",
        REC2FTP,
        "correct_ft & ~correct_zsl",
        "correct_ft & ~correct_icl",
        OF_REC2FTP,
    ),
    Planted(
        "all that FT has right counted, not what it corrects",
        "rec2ftp",
        REC2FTP,
        "correct_ft & ~correct_zsl",
        "correct_ft",
        OF_REC2FTP,
    ),
    Planted(
        "a query that FT does not correct counted as a miss",
        "rec2ftp",
        REC2FTP,
        "correct_icl.astype(np.float64), np.nan)",
        "correct_icl.astype(np.float64), 0.0)",
        OF_REC2FTP,
    ),
]
DISTRIBUTIONS = [
    Planted(
        "sum of differences, not half of it",
        "total_variation",
        OUTPUTS,
        "np.abs(p - q).sum(axis=-1) / 2",
        "np.abs(p - q).sum(axis=-1)",
        OF_OUTPUTS,
    ),
    Planted(
        "tokens of either counted as shared",
        "token_overlap",
        OUTPUTS,
        "(_among_top(logits_a, top) & _among_top(logits_b, top)).sum",
        "(_among_top(logits_a, top) | _among_top(logits_b, top)).sum",
        OF_OUTPUTS,
    ),
    Planted(
        "changes not centred",
        "change_agreement",
        OUTPUTS,
        "centred = change - change.mean(axis=-1, keepdims=True)",
        "centred = change",
        OF_OUTPUTS,
    ),
    Planted(
        "FT's corrections for its failures",
        "excess_over_base_rate O3",
        "harness/metrics/base_rate.py",
        "wrong & ft, wrong & ~ft",
        "wrong & ~ft, wrong & ft",
        "harness/tests/metrics/test_base_rate.py::test_one_task_is_a_difference_of_shares",
    ),
    Planted(
        "tasks weighed alike",
        "excess_over_base_rate O3",
        "harness/metrics/base_rate.py",
        "n1 * n0 / (n1 + n0), influence",
        "1.0, influence",
        "harness/tests/metrics/test_base_rate.py::test_mean_is_mantel_and_haenszels_difference",
    ),
    Planted(
        "agreement for disagreement",
        "disagreement O5",
        ORDER,
        "predicted[i] != predicted[j]",
        "predicted[i] == predicted[j]",
        OF_ORDER,
    ),
    Planted(
        "cosine for its distance from 1", "spread O5", ORDER, "1 - cosine(one, other))", "cosine(one, other))", OF_ORDER
    ),
]
BASELINES = [
    Planted(
        "the paper's noise centred on 0",
        "uniform_like",
        NOISE,
        "rng.random(array.shape)",
        "rng.random(array.shape) - 0.5",
        OF_NOISE,
    ),
    Planted(
        "isotropic noise without signs",
        "isotropic_like",
        NOISE,
        "rng.standard_normal(array.shape)",
        "np.abs(rng.standard_normal(array.shape))",
        OF_NOISE,
    ),
    Planted(
        "signs not flipped", "scrambled", NOISE, "permuted(update, rng) * signs", "permuted(update, rng)", OF_NOISE
    ),
    Planted(
        "the same order for every row",
        "permuted",
        NOISE,
        "rng.permuted(array.astype(np.float64), axis=-1)",
        "rng.permutation(array.astype(np.float64), axis=-1)",
        OF_NOISE,
    ),
    Planted(
        "values moved between rows",
        "permuted scrambled",
        NOISE,
        "rng.permuted(array.astype(np.float64), axis=-1)",
        "rng.permuted(array.astype(np.float64))",
        OF_NOISE,
    ),
]
ERRORS = [*COSINES, *SHARES, *DISTRIBUTIONS, *BASELINES]
