"""Deploys an environment to the embedded AWS, with everything that it needs."""

from botocore.exceptions import ClientError

from mlp import cdk, local, show
from mlp.environment import PlatformEnvironment, embedded_variables, settings_of
from mlp.paths import state_dir

ACCOUNT, REGION = "000000000000", "us-east-1"


def deploy_locally(name: str, port: int, seconds: dict[str, float], *, clock: float | None = None) -> PlatformEnvironment:
    """Start the embedded AWS, bootstrap it and deploy the environment `name`; what is done already is not done again."""
    settings = settings_of(name)
    account, region = settings.platform.account or ACCOUNT, settings.platform.region or REGION
    log = state_dir() / "deploy.log"
    with show.step("Start the embedded AWS, with IAM enforced", seconds, "start"):
        embedded = local.start(name, port, account, region, clock)
    environment = PlatformEnvironment(name)
    variables = embedded_variables(embedded, region)
    if not _is_bootstrapped(environment):
        log.unlink(missing_ok=True)
        with show.step("cdk bootstrap", seconds, "bootstrap"):
            cdk.bootstrap(account, region, variables, log)
    with show.step(f"cdk deploy --all (config/{name}.yaml)", seconds, "deploy") as tell:
        cdk.deploy(name, variables, log, tell)
    return environment


def _is_bootstrapped(environment: PlatformEnvironment) -> bool:
    try:
        stack = environment.client("cloudformation").describe_stacks(StackName="CDKToolkit")["Stacks"][0]
    except ClientError:
        return False
    return bool(stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"))
