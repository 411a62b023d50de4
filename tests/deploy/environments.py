"""Names of the environments and their resources, and what each file says about them."""

import dataclasses
import re
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
KUBERNETES = PROJECT / "deploy" / "kubernetes"
TERRAFORM = PROJECT / "deploy" / "terraform"
MELTANO = yaml.safe_load((PROJECT / "meltano.yml").read_text())


@dataclasses.dataclass(frozen=True)
class Environment:
    name: str
    project: str
    bucket: str
    topic: str
    subscription: str


TOPIC_PROJECT = "cityblock-data"
DATASETS = {"zendesk", "pubsub_messages"}
ENVIRONMENTS = (
    Environment(
        "staging",
        "staging-cityblock-data",
        "zendesk_export_staging",
        "stagingZendeskTicket",
        "stagingCommonsZendeskTicket",
    ),
    Environment("prod", "cityblock-data", "zendesk_export_prod", "zendeskTicket", "commonsZendeskTicket"),
)


def tfvars(environment):
    """The plain strings of the environment's variables file."""
    text = (TERRAFORM / f"{environment}.tfvars").read_text()
    return dict(re.findall(r'^(\w+)\s*=\s*"(.*)"$', text, re.MULTILINE))


def terraform_text():
    """All of it, comments left out."""
    text = "\n".join(path.read_text() for path in sorted(TERRAFORM.glob("*.tf")))
    return re.sub(r"#.*", "", text)


def env_file(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def cronjob_env(environment):
    """What a CronJob's ConfigMap holds."""
    return {
        **env_file(KUBERNETES / "base" / "environment.env"),
        **env_file(KUBERNETES / "overlays" / environment / "environment.env"),
    }


def dockerfile_env():
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


def plugin_config(environment, plugin):
    """A loader's config in an environment, from meltano.yml."""
    [found] = [one for one in MELTANO["environments"] if one["name"] == environment]
    return next(one for one in found["config"]["plugins"]["loaders"] if one["name"] == plugin)["config"]
