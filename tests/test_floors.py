"""The house stands: every module imports from its own floor or a lower one, in no circle, and none is too large."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

import ganvas

SOURCE = Path(ganvas.__file__).parent
FLOORS: dict[int, str] = {
    0: (
        "config errors counted files fetching weights ffmpeg space schedule images resizing "
        "nn losses augment metrics latent theory"
    ),
    1: "models data",
    2: "games",
    3: "recipes",
    4: "training snapshot watch",
    5: "explore evaluate translate bridge contract toys",
    6: "cli report",
}
FLOOR_OF = {name: floor for floor, names in FLOORS.items() for name in names.split()}
DOORS = ("ganvas", "ganvas.__main__")
"""What anybody may import, or nobody does: the package's own front and back door."""
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 50
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def name_of(file: Path) -> str:
    """``…/ganvas/games/duel.py`` → ``ganvas.games.duel``."""
    parts = ["ganvas", *file.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in sorted(SOURCE.rglob("*.py"))}
EVERY_MODULE = pytest.mark.parametrize("module", MODULES)


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imported(module: str, only_when_loaded: bool = False) -> set[str]:
    """The modules of the package that this one names in an import, wherever in the file; without those inside functions
    and ``if TYPE_CHECKING`` when only loading counts."""
    skipped: set[ast.AST] = set()
    if only_when_loaded:
        outer = [n for n in ast.walk(tree(module)) if isinstance(n, FUNCTION) or guards(n)]
        skipped = set(chain.from_iterable(ast.walk(node) for node in outer))
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute here"
            # ``from ganvas.models import networks`` names a module, ``from ganvas.config import Family`` does not
            found |= {
                full if (full := f"{node.module}.{alias.name}") in MODULES else str(node.module) for alias in node.names
            }
    return {name for name in found if name.partition(".")[0] == "ganvas"}


def guards(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def floor_of(module: str) -> int:
    return FLOOR_OF[module.split(".")[1]]


def test_every_package_has_a_floor_and_every_floor_its_packages() -> None:
    there = {name.split(".")[1] for name in MODULES if name not in DOORS}
    assert there == set(FLOOR_OF)


@EVERY_MODULE
def test_a_module_imports_from_no_floor_above(module: str) -> None:
    if module in DOORS:
        return
    above = {other for other in imported(module) - set(DOORS) if floor_of(other) > floor_of(module)}
    assert not above, f"{module} is on floor {floor_of(module)}, above it are {', '.join(sorted(above))}"


def test_no_module_imports_itself_in_a_circle() -> None:
    """Not even inside functions: a circle that only works because it is hidden is a circle."""
    try:
        TopologicalSorter({module: imported(module) - set(DOORS) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_packages_of_one_floor_form_no_circle_either() -> None:
    """``training`` may know ``snapshot``, then ``snapshot`` knows nothing of ``training``."""
    packages: dict[str, set[str]] = {name: set() for name in FLOOR_OF}
    for module in MODULES.keys() - set(DOORS):
        mine = module.split(".")[1]
        packages[mine] |= {other.split(".")[1] for other in imported(module) - set(DOORS)} - {mine}
    try:
        TopologicalSorter(packages).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_the_walk_sees_a_planted_import_of_each_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(
        "from typing import TYPE_CHECKING\nimport ganvas.snapshot\nfrom ganvas.models import networks\n"
        "if TYPE_CHECKING:\n    import ganvas.cli.main\ndef f():\n    from ganvas.errors import GanvasError\n"
    )
    monkeypatch.setitem(MODULES, "ganvas.losses.planted", planted)
    loaded = {"ganvas.snapshot", "ganvas.models.networks"}
    assert imported("ganvas.losses.planted", only_when_loaded=True) == loaded
    assert imported("ganvas.losses.planted") == loaded | {"ganvas.cli.main", "ganvas.errors"}
    with pytest.raises(AssertionError, match=r"on floor 0, above it are ganvas.cli.main, ganvas.models.networks"):
        test_a_module_imports_from_no_floor_above("ganvas.losses.planted")


def functions(module: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(module)) if isinstance(node, FUNCTION)]


def test_no_file_is_too_long() -> None:
    lines = {module: len(file.read_text(encoding="utf-8").splitlines()) for module, file in MODULES.items()}
    assert {module: count for module, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_too_long() -> None:
    """Counted from the docstring on: a verb's signature is the list of its options and may be as long as they are."""
    lines = {
        f"{module}.{function.name}": (function.end_lineno or 0) - function.body[0].lineno + 1
        for module in MODULES
        for function in functions(module)
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES_OF_A_FUNCTION} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [module for module in MODULES if tree(module).body and not ast.get_docstring(tree(module))]
    assert silent == []


def test_nothing_is_called_utils() -> None:
    last = {module.rpartition(".")[2] for module in MODULES}
    assert not last & {"utils", "util", "helpers", "misc", "common"}


def test_nothing_in_training_knows_which_gan_it_trains() -> None:
    """The loop and what it stands on import no architecture, no loss and no family's turn."""
    for module in ("loop", "runtime", "progress", "state", "average", "saver", "ticks", "interrupt", "run", "session"):
        kinds = {name for name in imported(f"ganvas.training.{module}") if floor_of(name) == 1 or "losses" in name}
        known = {"dataset", "held_out", "spec", "translation.translations"}
        assert kinds - {f"ganvas.data.{name}" for name in known} == set()
        assert "ganvas.games.noise" not in imported(f"ganvas.training.{module}")


def test_no_circle_when_loading_reaches_torch_from_the_command_line() -> None:
    """What ``ganvas --help`` loads, by the imports alone: nothing outside of cli but errors."""
    front, seen = ["ganvas.__main__"], set()
    while front:
        module = front.pop()
        if module in MODULES and module not in seen:
            seen.add(module)
            front += imported(module, only_when_loaded=True)
    outside = {module for module in seen if not module.startswith("ganvas.cli")} - set(DOORS)
    assert outside <= {"ganvas.errors"}


HEAVY = "{'torch', 'numpy', 'pydantic', 'scipy', 'PIL', 'matplotlib', 'safetensors', 'rich.console'}"


@pytest.mark.parametrize(
    "code",
    ["import ganvas", "import runpy, contextlib\nwith contextlib.suppress(SystemExit): runpy.run_module('ganvas')"],
    ids=["import ganvas", "python -m ganvas --help"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str) -> None:
    heavy = HEAVY.replace(", 'rich.console'", "") if "runpy" in code else HEAVY
    script = f"import sys\nsys.argv = ['ganvas', '--help']\n{code}\nassert not {heavy} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ("Usage" in done.stdout) == ("runpy" in code)


def test_the_front_door_opens_onto_what_it_names() -> None:
    assert set(ganvas.__all__) <= set(dir(ganvas)) | set(ganvas._PLACES)
    assert callable(ganvas.train) and callable(ganvas.open) and issubclass(ganvas.GanvasError, Exception)
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = ganvas.trian  # type: ignore[attr-defined]
