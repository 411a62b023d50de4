"""deploy/kubernetes as kubectl builds it: each overlay's objects, and what their pods may and may not do."""

import json
import re
import shutil
import subprocess
from pathlib import PurePosixPath

import pytest
import yaml
from target_bigquery.settings import SETTINGS as BIGQUERY
from target_zendesk_pubsub.settings import SETTINGS as PUBSUB

from tests.deploy.environments import ENVIRONMENTS, KUBERNETES, MELTANO, PROJECT, dockerfile_env, tfvars

pytestmark = pytest.mark.fast  # `kubectl kustomize` is

JOBS = {job["name"] for job in MELTANO["jobs"]}
COMMANDS = {"sweep": "--erase", "reconcile": None}
"""CronJobs of no job, but of a command, with its option."""


@pytest.fixture(scope="module", params=ENVIRONMENTS, ids=lambda one: one.name)
def environment(request):
    return request.param


@pytest.fixture(scope="module")
def objects(environment):
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    built = subprocess.run(
        ["kubectl", "kustomize", KUBERNETES / "overlays" / environment.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


@pytest.fixture(scope="module")
def only(objects):
    """The one object of a kind."""

    def find(kind):
        [found] = [one for one in objects if one["kind"] == kind]
        return found

    return find


@pytest.fixture(scope="module")
def cronjobs(objects):
    return {one["metadata"]["name"]: one["spec"] for one in objects if one["kind"] == "CronJob"}


@pytest.fixture(scope="module")
def pods(cronjobs):
    return {name: spec["jobTemplate"]["spec"]["template"]["spec"] for name, spec in cronjobs.items()}


@pytest.fixture(scope="module")
def containers(pods):
    return {name: pod["containers"][0] for name, pod in pods.items()}


def test_every_job_of_meltano_has_its_cronjob(containers):
    assert set(containers) == {*JOBS, *COMMANDS}
    for name in JOBS:
        assert containers[name]["args"] == ["--log-format", "json", "run", name]


def test_other_commands_are_suspended_until_an_overlay_starts_them(cronjobs, containers):
    assert {name for name, spec in cronjobs.items() if spec.get("suspend")} == {*COMMANDS}
    for name, option in COMMANDS.items():
        *first, command = [one for one in containers[name]["args"] if one != option]
        assert first == ["--log-format", "json", "invoke"]
        plugin, verb = command.split(":")
        [utility] = [one for one in MELTANO["plugins"]["utilities"] if one["name"] == plugin]
        assert verb in utility["commands"]


def test_everything_is_in_the_namespace_that_terraform_trusts(environment, objects):
    namespace = tfvars(environment.name)["namespace"]
    assert {one["metadata"].get("namespace", one["metadata"]["name"]) for one in objects} == {namespace}


def test_no_run_of_a_job_overlaps_another(cronjobs):
    assert {spec["concurrencyPolicy"] for spec in cronjobs.values()} == {"Forbid"}


def test_a_run_ends_whatever_happens_and_leaves_a_history(cronjobs):
    for spec in cronjobs.values():
        job = spec["jobTemplate"]["spec"]
        assert spec["startingDeadlineSeconds"] >= 300
        assert spec["successfulJobsHistoryLimit"]
        assert spec["failedJobsHistoryLimit"]
        assert 3600 <= job["activeDeadlineSeconds"] <= 6 * 3600
        assert job["backoffLimit"] == 0
        assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_the_two_jobs_do_not_start_in_the_same_minute(cronjobs):
    minutes = {name: cronjobs[name]["schedule"].split()[0] for name in JOBS}
    assert minutes == {"tap-to-bigquery": "0", "tap-to-pubsub": "5-59/10"}


def test_the_current_batch_may_be_finished(only, pods):
    """The tap leaves at once, whatever its give_up_after; a target may retry an error first, for its `timeout`."""
    loaders = {
        f"TARGET_{name}_TIMEOUT": settings.to_dict()["properties"]["timeout"]["default"]
        for name, settings in (("BIGQUERY", BIGQUERY), ("ZENDESK_PUBSUB", PUBSUB))
    }
    set_by_hand = only("ConfigMap")["data"]
    longest = max(int(set_by_hand.get(name, default)) for name, default in loaders.items())
    assert {pod["terminationGracePeriodSeconds"] >= longest + 60 for pod in pods.values()} == {True}


def test_pods_run_unprivileged(pods, containers):
    user, group = next(
        line.split()[1]
        for line in (PROJECT / "Dockerfile").read_text().splitlines()
        if line.startswith("USER")
    ).split(":")
    for name, pod in pods.items():
        security, own = pod["securityContext"], containers[name]["securityContext"]
        assert security["runAsNonRoot"] is True
        assert (security["runAsUser"], security["runAsGroup"]) == (int(user), int(group))
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own["allowPrivilegeEscalation"] is False
        assert own["readOnlyRootFilesystem"] is True
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


def test_memory_is_requested_and_limited(containers):
    for container in containers.values():
        resources = container["resources"]
        assert {"cpu", "memory", "ephemeral-storage"} <= set(resources["requests"])
        assert {"memory", "ephemeral-storage"} <= set(resources["limits"])


def test_writable_is_only_what_the_image_writes_to(pods, containers):
    for name, pod in pods.items():
        kinds = {volume["name"]: (set(volume) - {"name"}).pop() for volume in pod["volumes"]}
        mounts = containers[name]["volumeMounts"]
        assert {mount["mountPath"]: kinds[mount["name"]] for mount in mounts} == {
            "/tmp": "emptyDir",  # noqa: S108 - the container's own
            "/project/.meltano/run": "emptyDir",
            "/secrets/zendesk": "csi",
        }
    home = PurePosixPath(dockerfile_env()["HOME"])
    assert str(home) == "/tmp"  # noqa: S108


def test_credentials_are_a_file_that_cannot_be_written_to(pods, containers, only):
    path = PurePosixPath(only("ConfigMap")["data"]["ZENDESK_SECRET_PATH"])
    [secret] = yaml.safe_load(only("SecretProviderClass")["spec"]["parameters"]["secrets"])
    assert secret["path"] == path.name
    for name, pod in pods.items():
        [mount] = [one for one in containers[name]["volumeMounts"] if one["mountPath"] == str(path.parent)]
        [volume] = [one for one in pod["volumes"] if one["name"] == mount["name"]]
        assert mount["readOnly"] is volume["csi"]["readOnly"] is True
        assert volume["csi"]["volumeAttributes"] == {
            "secretProviderClass": only("SecretProviderClass")["metadata"]["name"]
        }


def test_the_overlay_names_the_secret_and_the_worker_that_terraform_makes(environment, only):
    given = tfvars(environment.name)
    [secret] = yaml.safe_load(only("SecretProviderClass")["spec"]["parameters"]["secrets"])
    assert secret["resourceName"] == (
        f"projects/{given['project']}/secrets/{given['credentials_secret']}/versions/latest"
    )
    assert only("ServiceAccount")["metadata"]["annotations"] == {
        "iam.gke.io/gcp-service-account": f"zendesk-worker@{given['project']}.iam.gserviceaccount.com"
    }


def test_pods_run_in_their_environment_and_never_log_records(environment, containers, only):
    variables = only("ConfigMap")
    assert variables["data"]["MELTANO_ENVIRONMENT"] == environment.name
    assert variables["data"]["MELTANO_CLI_LOG_LEVEL"] == "info"
    for container in containers.values():
        assert container["envFrom"] == [{"configMapRef": {"name": variables["metadata"]["name"]}}]
        assert "env" not in container


def test_every_variable_is_one_that_somebody_reads(only):
    """Meltano's own, a plugin's setting, or the tap's variable for its credentials."""
    settings = {
        f"{plugin['name'].replace('-', '_')}_{setting['name']}".upper()
        for kind in ("extractors", "loaders")
        for plugin in MELTANO["plugins"][kind]
        for setting in plugin.get("settings", [])
    }
    known = settings | {
        "DBT_PARTIAL_PARSE_FILE_PATH",
        "MELTANO_ENVIRONMENT",
        "MELTANO_STATE_BACKEND_URI",
        "MELTANO_CLI_LOG_LEVEL",
        "ZENDESK_SECRET_PATH",
    }
    assert set(only("ConfigMap")["data"]) <= known


@pytest.fixture(scope="module")
def with_page(tmp_path_factory):
    """The staging overlay with the operations page, as deploy/README.md says: its container, and the jobs' CronJobs."""
    folder = tmp_path_factory.mktemp("kubernetes") / "kubernetes"
    shutil.copytree(KUBERNETES, folder)
    overlay = folder / "overlays" / "staging"
    with (overlay / "environment.env").open("a") as variables:
        variables.write("PAGE_BUCKET=some_bucket\n")
    with (overlay / "kustomization.yaml").open("a") as kustomization:
        kustomization.write("components: [../../page]\n")
    built = subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return {
        one["metadata"]["name"]: one for one in yaml.safe_load_all(built.stdout) if one["kind"] == "CronJob"
    }


def test_the_operations_page_is_a_cronjob_that_an_overlay_may_add(with_page, cronjobs):
    assert set(with_page) == {*JOBS, *COMMANDS, "operations-page"}
    assert "operations-page" not in cronjobs
    page, job = (
        with_page[name]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for name in ("operations-page", "tap-to-pubsub")
    )
    for part in ("securityContext", "restartPolicy", "serviceAccountName", "automountServiceAccountToken"):
        assert page[part] == job[part]
    [container], [other] = page["containers"], job["containers"]
    assert container["securityContext"] == other["securityContext"]
    assert container["envFrom"] == other["envFrom"]
    assert container["image"].startswith("us.gcr.io/cityblock-data/zendesk-page:")
    plugin, command = container["args"][3].split(":")
    [utility] = [one for one in MELTANO["plugins"]["utilities"] if one["name"] == plugin]
    assert command in utility["commands"]
    assert with_page["operations-page"]["metadata"]["namespace"] == "zendesk-staging"


def test_no_emulator_is_named(only):
    assert not [name for name in only("ConfigMap")["data"] if "EMULATOR" in name]


def test_images_are_pinned(containers):
    for container in containers.values():
        image, tag = container["image"].rsplit(":", 1)
        assert image == "us.gcr.io/cityblock-data/zendesk"
        assert tag != "latest"


def test_no_one_reaches_the_pods(only):
    policy = only("NetworkPolicy")["spec"]
    assert policy["ingress"] == []
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}


def test_without_docker_the_image_runs_in_the_dockerfiles_environment():
    page = (PROJECT / "deploy" / "README.md").read_text().replace("\\\n", " ")
    [written] = re.findall(r"&& env (.*) meltano \"\$@\"\)", page)
    given = dict(re.findall(r'(\w+)="?([^\s"]+)"?', written))
    places = {"/project": "$PREFIX", "/tmp": "$RUN"}  # noqa: S108 - the image's
    assert given == {
        name: re.sub(r"(?<![\w.])/(project|tmp)\b", lambda found: places[found[0]], value)
        for name, value in dockerfile_env().items()
    }


@pytest.mark.processes
def test_the_page_says_how_to_run_another_command_in_a_jobs_pod(objects):
    """The patch as written there, on the Job that kubectl would make of the CronJob."""
    page = (PROJECT / "deploy" / "README.md").read_text()
    [patch] = re.findall(r"-p '(\[.*?\])'", page, re.DOTALL)
    cronjob = next(one for one in objects if one["metadata"]["name"] == "tap-to-pubsub")
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "replay-1"},
        "spec": cronjob["spec"]["jobTemplate"]["spec"],
    }
    patched = subprocess.run(
        ["kubectl", "patch", "--local", "-f", "-", "--type=json", "-o", "json", "-p", patch],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    assert patched.returncode == 0, patched.stderr
    [container] = json.loads(patched.stdout)["spec"]["template"]["spec"]["containers"]
    plugin, command = container["args"][1].split(":")
    assert container["args"][0] == "invoke"
    assert command in next(one for one in MELTANO["plugins"]["loaders"] if one["name"] == plugin)["commands"]
