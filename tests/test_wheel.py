"""The wheel carries its data and runs without the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def clean_python(tmp_path_factory) -> Path:
    """A new environment with the built wheel; its dependencies are lent by this one, its source tree is not."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    (wheel,) = folder.glob("ganvas-*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        site,
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    # a folder named in a .pth file is searched, but its own .pth files (the editable install) are not followed
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_wheel_samples_its_own_digits(clean_python, tmp_path):
    """``ganvas sample digits`` works before any training, from the installed files alone."""
    where = subprocess.run(
        [clean_python, "-c", "import ganvas; print(ganvas.__file__)"], capture_output=True, text=True, cwd=tmp_path
    ).stdout
    assert "env" in Path(where).parts and str(ROOT / "src") not in where
    done = subprocess.run(
        [clean_python, "-m", "ganvas", "sample", "digits", "--out", "digits.png"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "digits.png").stat().st_size > 1000


def test_the_wheel_carries_its_data(clean_python, tmp_path):
    """The packaged digits open, and the report's template is there."""
    code = (
        "from ganvas.data.dataset import open_data; from ganvas.data.spec import DataSpec\n"
        "print(len(open_data(DataSpec(source='digits', limit=100))))\n"
        "from importlib.resources import files; assert (files('ganvas.report') / 'page.html.j2').is_file()"
    )
    done = subprocess.run([clean_python, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.split()[-1] == "100", done.stderr
