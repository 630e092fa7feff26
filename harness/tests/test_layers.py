"""Imports point down the floors, every module imports alone, and nothing that reads can run what it reads."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FLOORS = (
    (
        "harness",
        "harness.data",
        "harness.settings",
        "harness.seeds",
        "harness.errors",
        "harness.files",
        "harness.drafts",
        "harness.progress",
        "harness.targets",
    ),
    ("harness.packages",),
    ("harness.metrics", "harness.dual_form", "harness.statistics"),
    ("harness.tasks", "harness.prompts"),
    ("harness.models",),
    ("harness.store",),
    ("harness.runs", "harness.trainings"),
    ("harness.evidence",),
    ("harness.engines",),
    ("harness.judging",),
    ("harness.report",),
    ("harness.plugin",),
    ("harness.__main__", "fixtures", "claims"),
)
"""What stands on which floor, from the ground up: a module, or all of a package."""
LAYERS = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}
PURE = 2
"""The floor of pure functions."""
NEIGHBOURS = {("harness.__main__", "fixtures"), ("harness.__main__", "claims"), ("claims", "fixtures")}
"""Rooms of one floor of which the first may import the second."""


def _modules() -> dict[str, Path]:
    paths = [path for folder in ("harness", "fixtures", "claims") for path in sorted((ROOT / folder).rglob("*.py"))]
    kept = [path for path in paths if not {"tests", "benchmarks"} & set(path.relative_to(ROOT).parts)]
    return {_name(path): path for path in kept}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    """Return what of FLOORS the module belongs to."""
    parts = module.split(".")
    known = [name for end in range(len(parts), 0, -1) if (name := ".".join(parts[:end])) in LAYERS]
    if not known or (known[0] == "harness" and module != "harness"):
        pytest.fail(f"{module} has no floor yet: say in FLOORS where it belongs")
    return known[0]


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports, at its top, in a function, or for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
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
    """No module imports one of a floor above its own, or of another room of its floor; those named aside."""
    own = _room(module)
    rooms = {_room(name) for name in _own_imports(_modules()[module])} - {own}
    ground = {room for room in rooms if LAYERS[room] == LAYERS[own] == 0}
    beside = {room for room in rooms - ground if LAYERS[room] >= LAYERS[own] and (own, room) not in NEIGHBOURS}
    assert not beside


def test_top_of_the_house_holds_what_everything_uses() -> None:
    """Beside its rooms and the command line, harness/ has what everything uses, and nothing else."""
    files = {path.stem for path in (ROOT / "harness").glob("*.py")}
    everyones = {"data", "settings", "seeds", "errors", "files", "drafts", "targets", "progress", "packages", "prompts"}
    assert files == everyones | {"__init__", "__main__"}


def test_no_modules_import_each_other() -> None:
    """Taking away modules that import none of those left, again and again, leaves none."""
    left = {name: _own_imports(path) - {name} for name, path in _modules().items()}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert not left


IMPURE = {"transformers", "pytest", "harness.models", "harness.store", "random", "pathlib", "os", "time"}


@pytest.mark.parametrize("module", [name for name in _modules() if LAYERS[_room(name)] == PURE])
def test_metrics_and_statistics_are_pure(module: str) -> None:
    """The floor of pure functions knows no model, no file, no clock and no global randomness."""
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
