"""Steps of pipeline definitions, as short as tests want them, and what fake functions answer."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from local_aws.errors import ServiceError
from local_aws.sagemaker.pipelines.lambda_step import Answer

REGION, ACCOUNT = "eu-central-1", "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipeline-of-some-length"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:judge"


def token() -> str:
    return str(uuid.uuid4())


def refusal(call: Callable[[], Any]) -> ServiceError:
    try:
        call()
    except ServiceError as error:
        return error
    raise AssertionError("it was not refused")


def definition(*steps: dict[str, Any], parameters: Any = ()) -> dict[str, Any]:
    return {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}


def get(reference: str) -> dict[str, str]:
    return {"Get": reference}


def join(*values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": "", "Values": list(values)}}


def processing(name: str, *, source: Any = "s3://b/raw/", environment: Any = None, **more: Any) -> dict[str, Any]:
    arguments = {
        "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}},
        "AppSpecification": {"ImageUri": "image:1", "ContainerEntrypoint": ["python3", f"{name}.py"]},
        "RoleArn": ROLE,
        "Environment": environment or {},
        "ProcessingInputs": [
            {"InputName": "in", "S3Input": {"S3Uri": source, "S3DataType": "S3Prefix", "LocalPath": "/opt/ml/processing/in"}}
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": {"Std:Join": {"On": "/", "Values": ["s3://b", name, get("Execution.PipelineExecutionId")]}},
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **more}


def training(name: str, *, source: Any = "s3://b/train/", hyperparameters: Any = None, **more: Any) -> dict[str, Any]:
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}}}
    arguments = {
        "AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "File"},
        "HyperParameters": hyperparameters or {},
        "RoleArn": ROLE,
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": join("s3://b/model/", get("Execution.PipelineExecutionId"))},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    return {"Name": name, "Type": "Training", "Arguments": arguments, **more}


def function(name: str, arguments: Any = None, *, outputs: Any = (), **more: Any) -> dict[str, Any]:
    declared = [{"OutputName": key, "OutputType": kind} for key, kind in outputs]
    own = {"Name": name, "Type": "Lambda", "FunctionArn": FUNCTION, "Arguments": arguments or {}, "OutputParameters": declared}
    return {**own, **more}


def condition(name: str, *conditions: Any, then: Any = (), otherwise: Any = ()) -> dict[str, Any]:
    arguments = {"Conditions": list(conditions), "IfSteps": list(then), "ElseSteps": list(otherwise)}
    return {"Name": name, "Type": "Condition", "Arguments": arguments}


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def fail(name: str, message: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def register(name: str, **more: Any) -> dict[str, Any]:
    specification = {
        "Containers": [{"Image": "image:1", "ModelDataUrl": "s3://b/model.tar.gz"}],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    arguments = {"ModelPackageGroupName": "spam", "InferenceSpecification": specification, **more}
    return {"Name": name, "Type": "RegisterModel", "Arguments": arguments}


def model(name: str, data: Any = "s3://b/model.tar.gz", **more: Any) -> dict[str, Any]:
    arguments = {"ExecutionRoleArn": "arn:aws:iam::111122223333:role/m", "PrimaryContainer": {"Image": "i", "ModelDataUrl": data}}
    return {"Name": name, "Type": "Model", "Arguments": {**arguments, **more}}


def answering(**content: Any) -> Callable[[dict[str, Any]], Answer]:
    return lambda _event: Answer(json.dumps(content).encode())
