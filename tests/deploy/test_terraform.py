"""deploy/terraform against what else says how an environment is called, and against Terraform itself."""

import os
import re
import shutil
import subprocess

import pytest
import yaml
from cityblock_singer.google.pipeline_runs import FIELDS
from cityblock_singer.pipeline_run import Ending

from tests.deploy.environments import (
    DATASETS,
    ENVIRONMENTS,
    MELTANO,
    PROJECT,
    TERRAFORM,
    TOPIC_PROJECT,
    cronjob_env,
    plugin_config,
    terraform_text,
    tfvars,
)

by_environment = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.name)


def variables():
    """Name → the block's text."""
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', terraform_text(), re.MULTILINE | re.DOTALL)
    return dict(blocks)


def resources(kind):
    return re.findall(rf'^resource "{kind}" "\w+" \{{\n(.*?)^\}}', terraform_text(), re.MULTILINE | re.DOTALL)


@by_environment
def test_terraform_meltano_and_dbt_mean_the_same_things(environment):
    given = tfvars(environment.name)
    loader = plugin_config(environment.name, "target-bigquery")
    publisher = plugin_config(environment.name, "target-zendesk-pubsub")
    profile = yaml.safe_load((PROJECT / "transform" / "profiles.yml").read_text())["zendesk"]["outputs"]
    assert given["environment"] == environment.name
    assert {given["project"], loader["project"], publisher["project"]} == {environment.project}
    assert profile[environment.name]["project"] == environment.project
    assert profile[environment.name]["dataset"] in DATASETS
    assert (given["export_bucket"], loader["bucket"]) == (environment.bucket, environment.bucket)
    assert (given["topic"], publisher["topic"]) == (environment.topic, environment.topic)
    assert given["subscription"] == environment.subscription


def test_topics_of_every_environment_are_in_one_project():
    publisher = next(one for one in MELTANO["plugins"]["loaders"] if one["name"] == "target-zendesk-pubsub")
    setting = next(one for one in publisher["settings"] if one["name"] == "topic_project")
    assert setting["value"] == TOPIC_PROJECT
    assert f'default     = "{TOPIC_PROJECT}"' in variables()["topic_project"]


def test_the_datasets_are_those_that_the_plugins_write_to():
    [block] = re.findall(r"datasets = \{(.*?)\}", terraform_text(), re.DOTALL)
    assert set(re.findall(r"^\s+(\w+)\s*=", block, re.MULTILINE)) == DATASETS


@by_environment
def test_the_cronjobs_keep_cursors_in_the_bucket_that_terraform_makes(environment):
    bucket = tfvars(environment.name)["state_bucket"]
    assert cronjob_env(environment.name)["MELTANO_STATE_BACKEND_URI"] == f"gs://{bucket}/meltano"


@by_environment
def test_messages_are_published_in_a_region_that_may_store_them(environment):
    endpoint = cronjob_env(environment.name)["TARGET_ZENDESK_PUBSUB_PUBSUB_ENDPOINT"]
    assert f'"{endpoint.removesuffix("-pubsub.googleapis.com")}"' in variables()["message_regions"]


def test_every_variable_and_output_has_a_description():
    blocks = {
        **variables(),
        **dict(re.findall(r'^output "(\w+)" \{\n(.*?)^\}', terraform_text(), re.MULTILINE | re.DOTALL)),
    }
    assert [name for name, block in blocks.items() if 'description = "' not in block] == []


@by_environment
def test_a_variables_file_gives_what_has_no_default_and_nothing_unknown(environment):
    text = (TERRAFORM / f"{environment.name}.tfvars").read_text()
    given = set(re.findall(r"^(\w+)\s*=", text, re.MULTILINE))
    required = {name for name, block in variables().items() if "default" not in block}
    assert required <= given <= set(variables())


def test_the_worker_may_run_jobs_in_the_project_and_nothing_else_there():
    roles = [re.search(r'role\s+= "(.*)"', block)[1] for block in resources("google_project_iam_member")]
    assert roles == ["roles/bigquery.jobUser"]


def test_no_one_gets_a_role_that_manages():
    given = set(re.findall(r'"(roles/[\w.]+)"', terraform_text()))
    assert given == {
        "roles/bigquery.dataEditor",
        "roles/bigquery.dataViewer",
        "roles/bigquery.jobUser",
        "roles/bigquerydatapolicy.maskedReader",
        "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "roles/datacatalog.categoryFineGrainedReader",
        "roles/iam.workloadIdentityUser",
        "roles/pubsub.publisher",
        "roles/pubsub.subscriber",
        "roles/pubsub.viewer",
        "roles/secretmanager.secretAccessor",
        "roles/storage.objectUser",
        "roles/storage.objectViewer",
    }


def test_the_worker_is_lent_one_permission_of_an_owners():
    [role] = resources("google_project_iam_custom_role")
    assert 'permissions = ["bigquery.tables.setCategory"]' in role


def test_readers_see_null_unless_they_are_named():
    [policy] = resources("google_bigquery_datapolicy_data_policy")
    assert 'predefined_expression = "ALWAYS_NULL"' in policy
    [masked] = resources("google_bigquery_datapolicy_data_policy_iam_member")
    assert "setsubtract(var.readers, var.personal_readers)" in masked


def test_no_state_of_terraforms_holds_a_secret():
    kinds = set(re.findall(r'^(?:resource|data) "(\w+)"', terraform_text(), re.MULTILINE))
    assert not kinds & {"google_secret_manager_secret_version", "google_service_account_key"}


def test_every_bucket_is_closed_to_the_public():
    buckets = resources("google_storage_bucket")
    assert len(buckets) == 3
    for block in buckets:
        assert re.search(r"uniform_bucket_level_access\s+= true", block)
        assert re.search(r'public_access_prevention\s+= "enforced"', block)


def test_the_page_takes_over_what_terraform_would_make():
    page = (PROJECT / "deploy" / "README.md").read_text()
    taken = re.findall(r"^tf_import '?(\w+)\.(\w+)(?:\[\"(\w+)\"\])?'? (\S+)$", page, re.MULTILINE)
    assert {(kind, name) for kind, name, _, _ in taken} <= set(
        re.findall(r'^resource "(\w+)" "(\w+)"', terraform_text(), re.MULTILINE)
    )
    assert {key for _, _, key, _ in taken if key} == DATASETS
    given = tfvars("prod")
    assert {path.rsplit("/", 1)[1] for _, _, key, path in taken if not key} == {
        given[name] for name in ("export_bucket", "topic", "subscription", "credentials_secret")
    }


def test_alarms_filter_by_fields_that_runs_log_and_are_those_of_the_readme():
    text = (TERRAFORM / "alarms.tf").read_text()
    filters = [one.replace('\\"', '"') for one in re.findall(r'^      filter  = "(.*)"$', text, re.MULTILINE)]
    readme = (PROJECT / "deploy" / "README.md").read_text()
    assert len(filters) > 5
    assert [one for one in filters if f"| `{one}` |" not in readme] == []
    columns = {field.name for field in FIELDS}
    assert set(re.findall(r"jsonPayload\.pipeline_run\.(\w+)", text)) <= columns
    endings = re.findall(r'pipeline_run\.ending=\\"(\w+)\\"', text)
    assert set(endings) < set(Ending)
    sections = set(re.findall(r'section = "([\w-]+)"', text)) | {"runs"}
    headings = re.findall(r"^#+ (.+)$", (PROJECT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert sections <= {heading.lower().replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def terraform(tmp_path_factory):
    """Runs it in a copy, so that what it writes is not left in the project."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    folder = tmp_path_factory.mktemp("terraform")
    for path in [*TERRAFORM.glob("*.tf"), *TERRAFORM.glob("*.tfvars")]:
        shutil.copy(path, folder)

    def run(*arguments):
        return subprocess.run(
            ["terraform", *arguments],
            cwd=folder,
            env={**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.mark.processes
def test_terraform_finds_nothing_to_format(terraform):
    checked = terraform("fmt", "-check", "-diff")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.processes
def test_terraform_finds_it_valid(terraform):
    made = terraform("init", "-backend=false", "-input=false", "-no-color")
    if made.returncode and "query available provider packages" in " ".join(made.stderr.split()):
        pytest.skip("the google provider cannot be had here: no registry of Terraform's is reachable")
    assert made.returncode == 0, made.stderr
    valid = terraform("validate", "-no-color")
    assert valid.returncode == 0, valid.stdout + valid.stderr
