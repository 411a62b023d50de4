"""`make mutants`: mutmut changes modules, an operator or a value at a time, and runs the fast tests that call the function.

Prints what no test notices. Several modules of one package take less time together. mutmut finds packages in its working folder only, so this is one of links: build/mutants/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from configparser import ConfigParser
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).parents[1]
TESTS = {
    "cityblock_singer": "tests/cityblock_singer",
    "tap_zendesk_cityblock": "tests/tap",
    "target_bigquery": "tests/target_bigquery",
    "target_zendesk_pubsub": "tests/target_zendesk_pubsub",
    "zendesk_erasure": "tests/zendesk_erasure",
    "zendesk_reconciliation": "tests/zendesk_reconciliation",
}
NOTICED = ("killed", "timeout")


def workspace(package: str, modules: list[Path]) -> Path:
    folder = ROOT / "build" / "mutants" / package
    shutil.rmtree(folder, ignore_errors=True)
    copy = folder / "mutants"
    copy.mkdir(parents=True)
    for path in ROOT.iterdir():
        if path.name not in ("build", "tests", "pyproject.toml"):
            (copy / path.name).symlink_to(path)
    for name in ("tests", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / package).symlink_to(ROOT / package.replace("_", "-") / package)
    config = ConfigParser()
    config["mutmut"] = {
        "source_paths": package,
        "only_mutate": "".join(f"\n{module}" for module in modules),
        "pytest_add_cli_args": "\n--fast\n-mnot fast\n-pno:cacheprovider",
        "pytest_add_cli_args_test_selection": TESTS[package],
        "timeout_multiplier": "5",
        "timeout_constant": "4",
    }
    with (folder / "setup.cfg").open("w") as file:
        config.write(file)
    return folder


def report(module: Path) -> None:
    found = SourceFileMutationData(path=module)
    found.load()
    statuses = {name: status_by_exit_code[code] for name, code in found.exit_code_by_key.items()}
    for name, status in statuses.items():
        if status not in NOTICED:
            print(f"# {status}\n{get_diff_for_mutant(name, path=module)}")
    print(f"{module}: {len(statuses)} mutants:", dict(Counter(statuses.values())), flush=True)


def main() -> None:
    modules = [Path(*Path(path).parts[1:]) for path in sys.argv[1:]]
    os.chdir(workspace(modules[0].parts[0], modules))
    subprocess.run(  # noqa: S603 - mutmut of this environment
        [Path(sys.executable).with_name("mutmut"), "run", "--max-children", "2"], check=True
    )
    for module in modules:
        report(module)


if __name__ == "__main__":
    main()
