"""Deploys an environment to the embedded AWS, with everything that it needs."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from botocore.exceptions import ClientError

from mlp.deployment import cdk, images, local, plan
from mlp.platform import show
from mlp.platform.environment import PlatformEnvironment, embedded_variables, settings_of
from mlp.platform.paths import state_dir

ACCOUNT, REGION = "000000000000", "us-east-1"
HOW_TO_ALLOW = "If that is meant: mlp up --env {env} --allow-replacement {{names}}"


def deploy_locally(
    name: str,
    port: int,
    seconds: dict[str, float],
    *,
    clock: float | None = None,
    allow_replacement: Sequence[str] = (),
    models: Collection[str] | None = None,
) -> PlatformEnvironment:
    """Start the embedded AWS, bootstrap it and deploy the environment `name`; what is done already is not done again.

    `models` are deployed, with those that are deployed already. Default: all that the environment has.

    Raises
    ------
    MlpError
        If a notebook that `allow_replacement` does not name would be replaced or removed.
    """
    settings = settings_of(name)
    account, region = settings.platform.account or ACCOUNT, settings.platform.region or REGION
    log = state_dir() / "deploy.log"
    with show.step("Start the embedded AWS, with IAM enforced", seconds, "start"):
        embedded = local.start(name, port, account, region, clock)
    preparation = images.Preparation(images.used_by(settings, models))
    environment = PlatformEnvironment(name)
    variables = embedded_variables(embedded, region)
    if not _has_stack(environment, "CDKToolkit"):
        log.unlink(missing_ok=True)
        with show.step("cdk bootstrap", seconds, "bootstrap"):
            cdk.bootstrap(account, region, variables, log)
    chosen = None if models is None else _with_deployed(environment, models)
    title = f"cdk deploy --all (config/{name}.yaml{', ' + ', '.join(chosen) if chosen else ''})"
    with show.step(title, seconds, "deploy") as report:
        assembly = _checked_assembly(environment, variables, log, allow_replacement, chosen)
        cdk.deploy(name, variables, log, report, assembly, chosen)
    preparation.finish(seconds)
    return environment


def _with_deployed(environment: PlatformEnvironment, models: Collection[str]) -> list[str]:
    """Return `models` and those that are deployed, so that deploying some never takes the others' promotion away."""
    for model in models:
        environment.require_model(model)
    known = environment.settings.models
    return [name for name in known if name in models or _has_stack(environment, environment.stack_name("Training", name))]


def synthesize(environment: PlatformEnvironment, folder: Path) -> None:
    """Write the templates of an environment to `folder`, with the credentials that its deployment would have."""
    embedded = environment.embedded
    region = environment.settings.platform.region or REGION
    variables = embedded_variables(embedded, region) if embedded else dict(os.environ)
    cdk.synthesize(environment.name, variables, state_dir() / "plan.log", folder)


def _checked_assembly(
    environment: PlatformEnvironment,
    variables: Mapping[str, str],
    log: Path,
    allowed: Sequence[str],
    models: Collection[str] | None,
) -> Path | None:
    """Return the assembly to deploy, after a look at what it does to notebooks; None where none is deployed yet.

    Synthesizing apart costs most of a second more than letting the CDK do it on the way.
    """
    if not _has_stack(environment, environment.stack_name("Notebooks")):
        return None
    assembly = state_dir() / "cdk.out"
    cdk.synthesize(environment.name, variables, log, assembly, models)
    plan.check(plan.plan(environment, assembly), allowed, HOW_TO_ALLOW.format(env=environment.name))
    return assembly


def _has_stack(environment: PlatformEnvironment, name: str) -> bool:
    try:
        stack = environment.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return False
    return bool(stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"))
