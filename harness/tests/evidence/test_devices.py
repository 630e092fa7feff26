"""The same figures on a GPU as on the CPU, from prompts to measurements."""

from pathlib import Path

import numpy as np
import pytest
import torch

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls, OnTasks
from harness.runs.variants import Variant
from harness.tests.tiny import Project, ready

MEASURED = {"sim_aou": "ft", "sim_am": "differences", "kendall": "ft"}
ASKED = (
    *map(OnTasks, MEASURED),
    *(OnControls("sim_aou", v) for v in (Variant(update="random"), Variant(gradient="layer_causal"), Variant(order=1))),
)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")
def test_measurements_on_a_gpu_are_those_on_the_cpu(project: Project, tmp_path: Path) -> None:
    """At a learning rate at which finetuning is steady they differ by what float32 rounds."""
    settings = [project.settings(tmp_path / on, device=on, learning_rates=(1e-2,)) for on in ("cpu", "cuda")]
    cpu, cuda = (Evidence(ready(of_device, *ASKED)) for of_device in settings)
    for question in ASKED:
        name = MEASURED[question.measurement]
        np.testing.assert_allclose(cuda.of(question, name)["toy"], cpu.of(question, name)["toy"], rtol=0, atol=1e-3)
