"""The command line's contract: what is wrong is said in one line, with exit status 2, and nothing is half-written."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from console import complaint

TINY = ["--set", "generator.width=4", "--set", "discriminator.width=4", "--set", "batch=8", "--limit", "64"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run of a few rounds on the packaged digits."""
    import ganvas

    settings = [word for word in TINY if "=" in word]
    out = tmp_path_factory.mktemp("trained") / "run"
    return ganvas.train("sprint", data="digits", limit=64, images=64, out=out, settings=settings).path


def test_the_whole_path(ganvas, tmp_path):
    """Train, resume, sample, interpolate, report, list: each ends well and leaves what it says."""
    train = ("train", "sprint", "--out", "run", *TINY)
    status, _, err = ganvas(*train, "--images", 64, "--json", "numbers.json")
    assert status == 0, err
    assert json.loads(Path("numbers.json").read_text())["images"] == 64
    kept = {"recipe.json", "stats.jsonl", "samples", "snapshot.safetensors", "state.pt", "report.html", "log.txt"}
    assert kept <= {path.name for path in Path("run").iterdir()}

    assert ganvas(*train, "--images", 128)[0] == 0
    assert "resumed at 64 images" in Path("run/log.txt").read_text()

    assert ganvas("sample", "run", "--seeds", "0-4", "--class", "7", "--out", "grid.png")[0] == 0
    assert max(Image.open("grid.png").size) >= 400
    assert ganvas("sample", "run", "--seeds", "5,9", "--out", "two.npz")[0] == 0
    with np.load("two.npz") as arrays:
        assert arrays["images"].shape == (2, 28, 28, 1) and arrays["images"].dtype == np.uint8
        assert arrays["seeds"].tolist() == [5, 9]
    assert ganvas("interpolate", "run", "--seeds", "0,1", "--out", "way.gif")[0] == 0
    assert getattr(Image.open("way.gif"), "n_frames", 1) >= 2

    status, out, _ = ganvas("runs", ".", "--json", "runs.json")
    assert status == 0 and "sprint" in out
    assert json.loads(Path("runs.json").read_text())[0]["of"] == 128


def test_no_recipe_named(ganvas):
    """Small pictures without a GPU: sprint, and the reason is said."""
    status, out, err = ganvas("train", "--out", "run", "--images", 8, "--device", "cpu", *TINY)
    assert status == 0 and "recipe sprint:" in out + err


def test_dry_run_writes_nothing(ganvas):
    """It prints the recipe, the parameters, the memory and the time, and leaves no run behind."""
    status, out, err = ganvas("train", "sprint", "--dry-run", "--images", 1000, "--json", "plan.json", *TINY)
    assert status == 0 and not Path("runs").exists()
    plan = json.loads(Path("plan.json").read_text())
    assert plan["recipe"]["images"] == 1000 and plan["parameters"]["generator"] > 0 and plan["images_per_second"] > 0
    assert "parameters" in out + err and "memory" in out + err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "sprnt"], "did you mean 'sprint'"),
        (["train", "gan.py:recipe"], "gan.py: no such file"),
        (["train", "sprint", "--data", "missing/"], "missing"),
        (["train", "sprint", "--set", "bath=3"], "did you mean 'batch'"),
        (["train", "sprint", "--set", "batch=many"], "valid integer"),
        (["train", "sprint", "--set", "batch"], "path=value"),
        (["train", "sprint", "--set", "loss=hinje"], "did you mean 'hinge'"),
        (["train", "sprint", "--set", "loss=wasserstein", "--set", "penalties=none"], "unbounded"),
        (["train", "dcgan", "--set", "penalties=r1"], "batch normalisation"),
        (["train", "sprint", "--size", "0"], "--size"),
        (["train", "sprint", "--device", "cuda:77"], "--device cuda:77"),
        (["train", "sprint", "--sweep", "lr"], "only gamma"),
        (["sample", "nowhere"], "nowhere: no such snapshot"),
        (["report", "nowhere"], "nowhere"),
        (["runs", "nowhere"], "nowhere"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_what_is_wrong_is_said_in_one_line(ganvas, words, said):
    assert said in complaint(ganvas(*words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--class", "twelve"], "no class is called 'twelve'"),
        (["--truncation", "0"], "outside (0, 1]"),
        (["--seeds", "a-b"], "--seeds a-b"),
        (["--out", "grid.tiff"], "end it in .png"),
        (["--out", "/proc/no/grid.png"], "cannot write /proc/no/grid.png"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_sampling(ganvas, trained, words, said):
    assert said in complaint(ganvas("sample", trained, *words))


def test_unwritable_run(ganvas):
    """/proc takes no directories from anybody, root or not."""
    assert "cannot write /proc/run" in complaint(ganvas("train", "sprint", "--out", "/proc/run", "--images", 8, *TINY))


def test_damaged_snapshots(ganvas, trained, tmp_path):
    """Truncated, a pickle by another name, a foreign safetensors file: told apart from a snapshot; no code runs."""
    whole = (trained / "snapshot.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    assert "damaged" in complaint(ganvas("sample", "cut.safetensors"))

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "evil.safetensors").write_bytes(pickle.dumps(Evil()))
    assert "damaged" in complaint(ganvas("sample", "evil.safetensors"))
    assert not (tmp_path / "ran").exists()

    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3, np.float32)}, tmp_path / "foreign.safetensors")
    assert "not a ganvas snapshot" in complaint(ganvas("sample", "foreign.safetensors"))


def test_a_changed_recipe_is_refused(ganvas, trained):
    said = complaint(ganvas("train", "sprint", "--out", trained, *TINY, "--set", "loss=hinge", "--images", 64))
    assert "loss.kind: relativistic → hinge" in said


def test_debug_shows_the_traceback(tmp_path):
    """``--debug`` is for those who mend ganvas itself."""
    done = subprocess.run(
        [sys.executable, "-m", "ganvas", "--debug", "sample", "nowhere"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode not in (0, 2) and "Traceback" in done.stderr


def test_help_is_quick():
    """Help within .4 s of CPU time on an idle machine: it imports neither torch nor numpy nor pydantic."""
    code = (
        "import sys, time, ganvas.cli.main as m\n"
        "sys.argv = ['ganvas', '--help']\n"
        "try: m.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'pydantic', 'scipy', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "print(time.process_time())"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) < 1.0, "more than twice the promise, whatever else the machine does"
    assert time.perf_counter() - start < 30
