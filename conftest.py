"""Options, markers, the plugins of the suite, and how its threads wait. Nothing else."""

import os

import pytest

# Read when torch loads its threads. Waiting threads that spin lose a whole time slice at every small operation as
# soon as anything else runs: with one busy neighbour on two cores a finetuning step took 2.5 s instead of 0.8 s. On a
# quiet machine a step takes 15 % longer for it (0.36 s, not 0.31 s), scoring the same.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

pytest_plugins = ["harness.plugin.plugin"]

MARKERS = {
    "accuracy": "claims on how many queries are answered right",
    "prediction": "claims on which queries are answered right",
    "representation": "claims on attention outputs",
    "attention": "claims on attention weights",
    "theory": "claims of algebra, and how far they hold of a model",
    "dual_form": "claims that are identities, tried on random cases",
    "momentum": "claims on momentum attention, which train small models",
    "controls": "rival explanations of what other claims find",
    "model": "claims that run a language model",
    "slow": "tests that take more than a few seconds",
}

OPTIONS = {
    "--model": "name from fixtures/models.toml, local folder, or Hugging Face id",
    "--tasks": "tasks, separated by commas",
    "--data-dir": "folder with <task>/train.jsonl and test.jsonl",
    "--protocol": "held-out (select on dev, report on test) or paper (select and report on the same examples)",
    "--demonstrations": "demonstrations in the context, and training steps of finetuning",
    "--queries": "test examples a task",
    "--dev-queries": "examples a task to select on",
    "--candidate-sets": "demonstration sets to select among",
    "--demonstration-sets": "demonstration sets to report",
    "--learning-rates": "learning rates to select among, separated by commas",
    "--seed": "seed of every random stream",
    "--alpha": "family-wise error rate of the verdicts",
    "--device": "cpu, cuda, or auto",
    "--dtype": "float32, bfloat16 or float16",
    "--batch-size": "queries scored at once",
    "--control-tasks": "how many of the tasks, the first ones, rival explanations run the model on",
    "--control-queries": "test examples a task for rival explanations that run the model",
    "--orders": "orders of the same demonstrations to compare",
    "--momentum-size": "size of the models trained with momentum attention: tiny, small or paper",
    "--corpus": "what they learn: 'package', a text file or folder, or hub:OWNER/NAME",
    "--simulations": "runs simulated to calibrate the decision rules (0: none)",
    "--processes": "trainings at once on the CPU (default: one a processor)",
    "--store": "folder where runs are kept and found again (default: $ICL_CLAIMS_STORE, else .store)",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's options; those left out take the defaults of harness/settings.py."""
    group = parser.getgroup("icl-claims", "claims about in-context learning")
    for option, text in OPTIONS.items():
        group.addoption(option, help=text)
    group.addoption("--hub-data", action="store_true", default=None, help="load the task's data from the hub")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for name, text in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
