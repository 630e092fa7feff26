"""Imports point down the layers, every module imports alone, and nothing that reads can run what it reads."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAYERS = {
    "harness": 0,
    "harness.data": 0,
    "harness.settings": 0,
    "harness.seeds": 0,
    "harness.errors": 0,
    "harness.progress": 0,
    "harness.metrics": 1,
    "harness.dual_form": 1,
    "harness.statistics": 1,
    "harness.tasks": 2,
    "harness.prompts": 2,
    "harness.models": 3,
    "harness.store": 4,
    "harness.runs.runs.entries": 4,
    "harness.runs.runs": 4,
    "harness.runs.runs.theory": 4,
    "harness.trainings.grid.training": 4,
    "harness.trainings.grid": 4,
    "harness.runs.runs.runner": 4,
    "harness.engines.in_processes": 4,
    "harness.trainings.grid.text_tasks": 4,
    "harness.runs.runs.control_runs": 4,
    "harness.evidence.evidence.controls": 4,
    "harness.evidence.evidence.measurements": 4,
    "harness.evidence.evidence": 4,
    "harness.evidence.checks": 4,
    "harness.judging.judge": 4,
    "harness.judging.kept": 4,
    "harness.judging.reading": 4,
    "harness.judging.expectation": 4,
    "harness.report.lmops": 4,
    "harness.report": 5,
    "harness.__main__": 6,
    "fixtures": 6,
    "claims": 6,
}
"""The layer of each module, or of each package's modules."""


def _modules() -> dict[str, Path]:
    paths = [path for folder in ("harness", "fixtures", "claims") for path in sorted((ROOT / folder).rglob("*.py"))]
    kept = [path for path in paths if not {"tests", "benchmarks"} & set(path.relative_to(ROOT).parts)]
    return {_name(path): path for path in kept}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _layer(module: str) -> int:
    parts = module.split(".")
    known = [name for end in range(len(parts), 0, -1) if (name := ".".join(parts[:end])) in LAYERS]
    if not known or (known[0] == "harness" and module != "harness"):
        pytest.fail(f"{module} has no layer yet: say in LAYERS where it belongs")
    return LAYERS[known[0]]


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports, at its top or in a function, but for what only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imported(node)


def _own_imports(path: Path) -> set[str]:
    """Return the suite's own modules that a module imports ("from a import b" is of a.b where that is a module)."""
    modules = _modules()
    found = set()
    for name in _imported(ast.parse(path.read_text(encoding="utf-8"))):
        owner = name if name in modules else name.rpartition(".")[0]
        found |= {owner} & modules.keys()
    return found


@pytest.mark.parametrize("module", _modules())
def test_imports_point_down(module: str) -> None:
    """No module imports one of a layer above its own."""
    above = {name for name in _own_imports(_modules()[module]) if _layer(name) > _layer(module)}
    assert not above


def test_no_modules_import_each_other() -> None:
    """Taking away modules that import none of those left, again and again, leaves none."""
    left = {name: _own_imports(path) - {name} for name, path in _modules().items()}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert not left


IMPURE = {"transformers", "pytest", "harness.models", "harness.store", "random", "pathlib", "os", "time"}


@pytest.mark.parametrize("module", [name for name in _modules() if name != "harness" and _layer(name) == 1])
def test_metrics_and_statistics_are_pure(module: str) -> None:
    """The first layer knows no model, no file, no clock and no global randomness."""
    imported = set(_imported(ast.parse(_modules()[module].read_text(encoding="utf-8"))))
    assert not {name for name in imported for banned in IMPURE if name == banned or name.startswith(f"{banned}.")}


def test_nothing_unpickles() -> None:
    """No module of the suite imports what runs code when it reads: pickle and its users, or torch.load."""
    banned = {"pickle", "dill", "joblib", "shelve", "marshal", "cloudpickle", "diskcache"}
    for module, path in _modules().items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not {name.split(".")[0] for name in _imported(tree)} & banned, module
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not called & {"torch.load", "np.load", "numpy.load", "pd.read_pickle", "eval", "exec"}, module


ALONE = """
import importlib, sys, warnings
import matplotlib.figure, scipy.stats, statsmodels.stats.multitest, torch, transformers  # theirs to warn
warnings.simplefilter("error")
for name in sys.argv[1:]:
    for loaded in [m for m in sys.modules if m.split(".")[0] in {"harness", "claims", "fixtures"}]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception as error:
        sys.exit(f"{name}: {error!r}")
"""


def test_every_module_imports_alone_and_without_a_warning() -> None:
    """Each is imported with no other of the suite loaded, warnings being errors."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *_modules()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
