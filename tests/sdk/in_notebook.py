"""A notebook in a network of its own: what IAM lets it do, and what a person passes to the SDK in it."""

import datetime
import importlib.util
import json
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from deployed import ACCOUNT, PREFIX, REGION, ROOT, Deployed

NAME, OTHER = "demo", "other"
SUBNETS, SECURITY_GROUPS = ["subnet-0123456789abcdef0"], ["sg-0123456789abcdef0"]
NOTEBOOK_TAG, ENVIRONMENT_TAG, EXPIRES_TAG = "ml-platform:notebook", "ml-platform:environment", "ml-platform:expires"
TAGS = {NOTEBOOK_TAG: NAME, ENVIRONMENT_TAG: PREFIX}
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
SERVING = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


def sdk_defaults() -> ModuleType:
    """The construct library's renderer, by its file: the library itself needs the CDK, which this interpreter has not."""
    file = ROOT / "constructs/ml_platform/notebook/sdk_defaults.py"
    specification = importlib.util.spec_from_file_location("sdk_defaults", file)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Notebook:
    """What the lifecycle configuration tells a notebook of its platform."""

    artifacts: str
    key_arn: str
    role_arn: str
    job_role_arn: str

    def defaults(self) -> str:
        return sdk_defaults().render_sdk_defaults(
            role_arn=self.job_role_arn,
            bucket=self.artifacts,
            prefix=f"notebooks/{NAME}/jobs",
            key_arn=self.key_arn,
            subnets=SUBNETS,
            security_groups=SECURITY_GROUPS,
            tags=TAGS,
        )

    def trainer(self, **changes: Any) -> dict[str, Any]:
        """Arguments of `ModelTrainer` that the SDK takes from no defaults file."""
        arguments = {
            "tags": [{"key": key, "value": value} for key, value in TAGS.items()],
            "compute": {"instance_type": "ml.m5.large", "instance_count": 1, "volume_kms_key_id": self.key_arn},
            "output_data_config": {"s3_output_path": f"s3://{self.artifacts}/notebooks/{NAME}/jobs", "kms_key_id": self.key_arn},
        }
        return arguments | changes

    def builder(self) -> dict[str, Any]:
        """Arguments of `ModelBuilder` that the SDK takes from no defaults file."""
        return {"role_arn": self.job_role_arn}

    def endpoint(self, hours: float = 8) -> dict[str, Any]:
        """Arguments of `ModelBuilder.deploy` that the SDK takes from no defaults file."""
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
        return {"tags": [{"Key": EXPIRES_TAG, "Value": end.strftime("%Y-%m-%dT%H:%M:%SZ")}]}


def create_notebook(deployed: Deployed) -> Notebook:
    """Create the two roles of a notebook."""
    job_role = _create_role(deployed, "sdk-job", {"Service": "sagemaker.amazonaws.com"}, _job_rights(deployed))
    anybody = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    role = _create_role(deployed, "sdk-notebook", anybody, _notebook_rights(deployed, job_role))
    return Notebook(deployed.artifacts, deployed.key_arn, role, job_role)


def _create_role(deployed: Deployed, name: str, principal: dict[str, str], rights: list[dict[str, Any]]) -> str:
    iam = deployed.client("iam")
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=_document(rights))
    return str(arn)


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _allow(actions: str, *resources: str, **conditions: dict[str, Any]) -> dict[str, Any]:
    service, _, names = actions.partition(":")
    found = {"Effect": "Allow", "Action": [f"{service}:{name}" for name in names.split()], "Resource": list(resources)}
    return found | ({"Condition": {key.replace("_", ":"): value for key, value in conditions.items()}} if conditions else {})


def _sagemaker(*kinds: str) -> list[str]:
    return [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/*" for kind in kinds]


def _logs(group: str) -> list[str]:
    return [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}{end}" for end in ("", ":*")]


def _notebook_rights(deployed: Deployed, job_role: str) -> list[dict[str, Any]]:
    tagged = {f"aws:RequestTag/{key}": value for key, value in TAGS.items()}
    own = {f"aws:ResourceTag/{NOTEBOOK_TAG}": NAME}
    keys = {"sagemaker:VolumeKmsKeyArn": deployed.key_arn, "sagemaker:OutputKmsKeyArn": deployed.key_arn}
    network = {"sagemaker:VpcSubnets": SUBNETS, "sagemaker:VpcSecurityGroupIds": SECURITY_GROUPS}
    named = dict.fromkeys(network, "false")
    bucket, folder = f"arn:aws:s3:::{deployed.artifacts}", f"notebooks/{NAME}/*"
    inside: dict[str, Any] = {"StringEquals": tagged, "ForAllValues_StringEquals": network}
    return [
        _allow("s3:GetObject PutObject AbortMultipartUpload", f"{bucket}/{folder}"),
        _allow("s3:ListBucket", bucket, StringLike={"s3:prefix": [folder]}),
        _allow("kms:Decrypt GenerateDataKey DescribeKey", deployed.key_arn),
        _allow("kms:CreateGrant", deployed.key_arn, Bool={"kms:GrantIsForAWSResource": "true"}),
        _allow("iam:PassRole", job_role, StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"}),
        _allow("sagemaker:CreateTrainingJob", *_sagemaker("training-job"), **inside, ArnEquals=keys, Null=named),
        _allow("sagemaker:CreateModel", *_sagemaker("model"), **inside, Null=named),
        _allow("sagemaker:CreateEndpointConfig", *_sagemaker("endpoint-config"), StringEquals=tagged),
        _allow(
            "sagemaker:CreateEndpoint",
            *_sagemaker("endpoint", "endpoint-config"),
            StringEquals=tagged,
            Null={f"aws:RequestTag/{EXPIRES_TAG}": "false"},
        ),
        _allow("sagemaker:AddTags", *_sagemaker("training-job", "model", "endpoint-config", "endpoint"), StringEquals=tagged),
        _allow("sagemaker:DescribeTrainingJob StopTrainingJob", *_sagemaker("training-job"), StringEquals=own),
        _allow("sagemaker:DescribeModel DeleteModel", *_sagemaker("model"), StringEquals=own),
        _allow("sagemaker:DescribeEndpointConfig DeleteEndpointConfig", *_sagemaker("endpoint-config"), StringEquals=own),
        _allow("sagemaker:DescribeEndpoint DeleteEndpoint InvokeEndpoint", *_sagemaker("endpoint"), StringEquals=own),
        _allow("logs:DescribeLogStreams GetLogEvents", *_logs("/aws/sagemaker/TrainingJobs")),
    ]


def _job_rights(deployed: Deployed) -> list[dict[str, Any]]:
    bucket, data, folder = f"arn:aws:s3:::{deployed.artifacts}", f"arn:aws:s3:::{deployed.data}", f"notebooks/{NAME}/*"
    writing = "logs:CreateLogGroup CreateLogStream PutLogEvents DescribeLogStreams"
    return [
        _allow("s3:GetObject PutObject AbortMultipartUpload", f"{bucket}/{folder}"),
        _allow("s3:ListBucket", bucket, StringLike={"s3:prefix": [folder]}),
        _allow("s3:GetObject", f"{data}/spam/raw/*"),
        _allow("s3:ListBucket", data, StringLike={"s3:prefix": ["spam/raw/*"]}),
        _allow("kms:Decrypt GenerateDataKey DescribeKey", deployed.key_arn),
        _allow(writing, *_logs("/aws/sagemaker/TrainingJobs"), *_logs("/aws/sagemaker/Endpoints/*")),
    ]
