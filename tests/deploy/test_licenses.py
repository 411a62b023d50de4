"""Everything that the image runs is licensed for use without conditions on our own code."""

import re
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
RELEASED = (
    "tap-zendesk-cityblock",
    "target-bigquery",
    "target-zendesk-pubsub",
    "zendesk-erasure",
    "zendesk-reconciliation",
)
ALLOWED = re.compile(
    r"Apache|MIT|BSD|\bISC|MPL|Mozilla|PSF|Python Software Foundation|Unlicense|CNRI|HPND|0BSD|Zlib|Public Domain|Artistic"
)
REFUSED = re.compile(r"GPL|GNU|SSPL|BUSL|Commons Clause|Proprietary|Other/Proprietary", re.IGNORECASE)
ENVIRONMENTS = {
    "Meltano": ".venvs/meltano/lib",
    "dbt": ".meltano/utilities/dbt-bigquery/venv/lib",
}


def license_of(package):
    """What its metadata says, in the words of SPDX, of a classifier, or of its own."""
    said = package.metadata
    stated = said.get("License-Expression") or ""
    classified = [one for one in said.get_all("Classifier", []) if one.startswith("License ::")]
    return stated or "; ".join(classified) or (said.get("License") or "").partition("\n")[0]


def needed(names):
    """The packages of these names, and those that they need on this machine."""
    found, asked = {}, [*names]
    while asked:
        try:
            package = distribution(asked.pop())
        except PackageNotFoundError:  # of another platform
            continue
        if package.name not in found:
            found[package.name] = package
            needs = [Requirement(one) for one in package.requires or ()]
            asked += [one.name for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found.values()


def refused(packages):
    licenses = {one.name: license_of(one) for one in packages}
    assert len(licenses) > 40
    return {name: text for name, text in licenses.items() if not is_allowed(text)}


def is_allowed(text):
    """Of several licenses one is enough: those of classifiers, too, are a choice in every package that has two."""
    return any(ALLOWED.search(one) and not REFUSED.search(one) for one in re.split(" OR |; ", text))


def test_what_the_plugins_need_may_be_used():
    assert refused(needed(RELEASED)) == {}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_what_runs_beside_the_plugins_may_be_used(name):
    [folder] = (ROOT / ENVIRONMENTS[name]).glob("python*/site-packages")
    assert refused(distributions(path=[str(folder)])) == {}


def test_a_license_with_conditions_is_refused():
    assert is_allowed("MIT OR GPL-3.0-only")
    for text in (
        "",
        "AGPL-3.0",
        "License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
        "Proprietary",
    ):
        assert not is_allowed(text)
