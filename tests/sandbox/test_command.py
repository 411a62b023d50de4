"""The command `python -m sandbox`."""

import os
import re
import signal
import subprocess
import sys

import psutil
import pytest
import requests

from sandbox.addresses import Addresses
from sandbox.processes import SandboxError
from sandbox.servers import forget
from sandbox.text_table import text_table


@pytest.fixture
def up(tmp_path):
    options = ["--free-ports", "--data-dir", tmp_path / "data", "--tickets", "50", "--users", "20"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "up", *options], stdout=subprocess.PIPE, text=True
    )
    addresses = {}
    for line in process.stdout:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            addresses[name] = value
        if "is up" in line:
            break
    yield process, addresses
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_prints_its_addresses_and_leaves_no_process_behind(number, up):
    process, addresses = up
    zendesk_url = addresses["TAP_ZENDESK_CITYBLOCK_BASE_URL"]
    assert requests.get(f"{zendesk_url}/_sandbox/requests", timeout=30).json() == []
    assert requests.get(f"{addresses['STORAGE_EMULATOR_HOST']}/storage/v1/b", timeout=30).ok
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 3
    process.send_signal(number)
    assert process.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    with pytest.raises(requests.ConnectionError):
        requests.get(addresses["BIGQUERY_EMULATOR_HOST"], timeout=5)


def test_a_port_in_use_is_one_sentence(up):
    _, addresses = up
    port = addresses["TAP_ZENDESK_CITYBLOCK_BASE_URL"].rsplit(":", 1)[1]
    script = f"""
from pathlib import Path
from sandbox.addresses import Addresses
from sandbox.servers import Size, zendesk_server
with zendesk_server(Addresses(zendesk={port}), Path("nowhere"), Size()): pass
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert "something already listens at" in ran.stderr


@pytest.mark.processes
@pytest.mark.parametrize("command", [["advance"], ["resolve-users"], ["query", "SELECT 1"]])
def test_without_a_sandbox_that_is_up_commands_say_how_to_start_one(command, tmp_path):
    nowhere = Addresses.free().environment()
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", *command],
        env={**os.environ, **nowhere, "SANDBOX_DATA_DIR": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 1
    [sentence] = ran.stderr.splitlines()
    assert re.match(
        r"no sandbox answers at http://127\.0\.0\.1:\d+.*: start one with `make sandbox`$", sentence
    )
    assert not (tmp_path / "none").exists()


def test_the_data_of_a_running_sandbox_is_not_removed(up, tmp_path):
    _, addresses = up
    account = tmp_path / "data" / "zendesk.sqlite"
    taken = Addresses.known(addresses)
    with pytest.raises(SandboxError, match=f"listens at 127.0.0.1:{taken.zendesk}; .* stop it first"):
        forget(taken, account.parent)
    assert account.exists()
    forget(Addresses.free(), account.parent)
    assert not account.exists()


def test_tables_align_numbers_to_the_right_and_cut_long_values():
    shown = text_table(["name", "rows"], [["group", 12], ["x" * 60, 2000]])
    assert shown.splitlines()[2].endswith("     12")
    assert "2,000" in shown
    assert "…" in shown
