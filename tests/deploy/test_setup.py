"""scripts/uv, by which `make setup` finds its interpreters."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.environments import PROJECT

NEEDED = ".venvs/local-bigquery/bin/python"
"""Set-up has made it of a Python 3.13."""


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def find(tmp_path):
    """What `scripts/uv python find 3.13` answers where the PATH has nothing but pyenv's shims, of no active version."""
    for name in ("python", "python3", "python3.11", "python3.13"):
        write_program(
            tmp_path / "shims" / name, "#!/bin/sh\necho 'pyenv: version not active' >&2\nexit 127\n"
        )
    uv = PROJECT / ".venvs/uv/bin/uv"
    (tmp_path / "bin").mkdir()
    for program in ("sh", "dirname"):
        (tmp_path / "bin" / program).symlink_to(shutil.which(program))
    if not uv.exists():
        (tmp_path / "bin" / "uv").symlink_to(shutil.which("uv"))

    def run(**env):
        return subprocess.run(
            [PROJECT / "scripts/uv", "python", "find", "--no-project", "--no-python-downloads", "3.13"],
            env={
                "PATH": f"{tmp_path}/shims:{tmp_path}/bin",
                "HOME": str(tmp_path),
                "UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv"),
                "UV_CACHE_DIR": str(tmp_path / "cache"),
                **env,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.processes
@pytest.mark.parametrize("active", [{}, {"PYENV_VERSION": "3.11.7"}, {"PYENV_VERSION": "9.9.9"}])
@pytest.mark.parametrize("root", [".pyenv", "elsewhere"])
def test_a_version_of_pyenv_is_found_although_another_one_is_active(find, tmp_path, active, root):
    interpreter = os.path.realpath(PROJECT / NEEDED)
    folder = tmp_path / root / "versions" / "3.13.0" / "bin"
    write_program(folder / "python3", f'#!/bin/sh\nexec {interpreter} "$@"\n')
    given = {} if root == ".pyenv" else {"PYENV_ROOT": str(tmp_path / root)}
    found = find(**given, **active)
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).exists()


@pytest.mark.processes
def test_no_version_is_found_where_there_is_none(find):
    """What the test above rests on."""
    assert find().returncode != 0
