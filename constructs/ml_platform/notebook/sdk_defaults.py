"""Defaults of the SageMaker Python SDK for one notebook, as the SDK reads them from /etc/xdg/sagemaker/config.yaml.

Only what SDK 3.27 really applies. It drops these in silence, so the caller passes them and IAM refuses what lacks them: tags and
keys of training jobs, the role of `ModelBuilder`, and whatever differs from call to call.
Source: `sagemaker.core.config.config_schema` of the SDK, and the requests recorded in tests/sdk.
"""

import json
from collections.abc import Mapping, Sequence


def render_sdk_defaults(
    *,
    role_arn: str,
    bucket: str,
    prefix: str,
    key_arn: str,
    subnets: Sequence[str],
    security_groups: Sequence[str],
    tags: Mapping[str, str],
) -> str:
    """Return the defaults as YAML text; every value may be a CDK token.

    Parameters
    ----------
    role_arn
        Role of training jobs. `ModelBuilder` takes no default for its own: pass it the same role.
    bucket, prefix
        Where the SDK stages code and writes artifacts: `s3://<bucket>/<prefix>/<base job name>/...`. No slash at either end; the
        SDK lists exactly `prefix`, so the caller's role must be allowed to.
    key_arn
        Key of endpoints' volumes. The SDK leaves it out for instance types that encrypt their local disks themselves.
    subnets, security_groups
        Network of training jobs and models: both, or neither for SageMaker's own network.
    tags
        Tags of models, endpoint configurations and endpoints. One given at a call wins over one of the same name here.

    Raises
    ------
    ValueError
        If the SDK would not understand the values, or would put objects where they are not meant to be.
    """
    _check(prefix, subnets, security_groups, tags)
    trainer = model_network = ""
    if subnets:
        networking = f"{{subnets: &s {_list(subnets)}, security_group_ids: &g {_list(security_groups)}}}"
        trainer = f"\n      ModelTrainer: {{networking: {networking}}}"
        model_network = ", VpcConfig: {Subnets: *s, SecurityGroupIds: *g}"
    return f"""SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session: {{DefaultS3Bucket: {_text(bucket)}, DefaultS3ObjectKeyPrefix: {_text(prefix)}}}{trainer}
  TrainingJob: {{RoleArn: {_text(role_arn)}}}
  Model: {{Tags: &t {_tags(tags)}{model_network}}}
  EndpointConfig: {{KmsKeyId: {_text(key_arn)}, Tags: *t}}
  Endpoint: {{Tags: *t}}
"""


def _check(prefix: str, subnets: Sequence[str], security_groups: Sequence[str], tags: Mapping[str, str]) -> None:
    if not prefix or prefix != prefix.strip("/"):
        raise ValueError(f"prefix must be like notebooks/demo/jobs, without a slash at either end, got {prefix!r}")
    if bool(subnets) != bool(security_groups):
        got = f"{len(subnets)} subnets and {len(security_groups)} security groups"
        raise ValueError(f"subnets and security_groups belong together: give at least one of each, or none, got {got}")
    if not tags:
        raise ValueError("tags must not be empty: IAM lets a notebook create only what carries its tags")


def _text(value: str) -> str:
    # JSON's strings are YAML's double-quoted ones, and a CDK token passes through them unchanged.
    return json.dumps(value)


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _tags(tags: Mapping[str, str]) -> str:
    return f"[{', '.join(f'{{Key: {_text(key)}, Value: {_text(value)}}}' for key, value in tags.items())}]"
