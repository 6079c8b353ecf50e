"""Checks of one step of a definition, by its type: what the service would refuse when it creates or updates a pipeline.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html and the JSON schema that
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-overview.html names.
"""

from collections.abc import Callable, Iterator
from typing import Any

import regex
from botocore.model import ServiceModel

from local_aws.sagemaker.pipelines import conditions as pipeline_conditions
from local_aws.sagemaker.pipelines import lambda_step, step_cache
from local_aws.sagemaker.pipelines.expressions import is_expression, objects
from local_aws.validation import problems

Step = dict[str, Any]
NAME = regex.compile(r"[A-Za-z0-9\-_]{1,64}")
CREATES = {
    "Processing": ("CreateProcessingJob", "ProcessingJobName", "DescribeProcessingJob"),
    "Training": ("CreateTrainingJob", "TrainingJobName", "DescribeTrainingJob"),
    "Model": ("CreateModel", "ModelName", "DescribeModel"),
    "RegisterModel": ("CreateModelPackage", None, "DescribeModelPackage"),
}
"""Per step type: the call that it makes, the name that the pipeline gives, the call whose answer its properties are."""
COMMON = {"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"}
OWN = {
    "Processing": {"CacheConfig", "PropertyFiles", "RetryPolicies"},
    "Training": {"CacheConfig", "RetryPolicies"},
    "Model": {"RetryPolicies"},
    "RegisterModel": {"RetryPolicies"},
    # The SDK writes a CacheConfig for Lambda steps too, but the service caches none of them.
    "Lambda": {"FunctionArn", "OutputParameters", "CacheConfig"},
    "Condition": set(),
    "Fail": set(),
}
"""Per step type: the properties that it may have beside the common ones. What RetryPolicies name (lacking capacity, throttling,
faults of the service) does not happen here, so they are accepted and have nothing to do."""
LONGEST = {"DisplayName": 256, "Description": 3072}


def of_step(step: Step, model: ServiceModel) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with one step, references apart."""
    if not NAME.fullmatch(str(step.get("Name", ""))):
        yield "the name must be 1 to 64 letters, digits, - or _"
    kind = step.get("Type")
    if kind not in OWN:
        yield f"type {kind!r} is not offered; offered are {', '.join(OWN)}"
        return
    for key in sorted(set(step) - COMMON - OWN[kind]):
        yield f"cannot parse object, unknown property {key!r}; a {kind} step has {', '.join(sorted(COMMON | OWN[kind]))}"
    for key, longest in LONGEST.items():
        if not isinstance(step.get(key, ""), str) or len(step.get(key, "")) > longest:
            yield f"{key} must be a string of at most {longest} characters"
    if "CacheConfig" in step:
        yield from step_cache.problems(step["CacheConfig"])
    yield from _OF_TYPE[kind](step, model)


def _job(step: Step, model: ServiceModel) -> Iterator[str]:
    operation, name, _ = CREATES[step["Type"]]
    arguments = dict(step.get("Arguments", {}))
    if name is not None:
        arguments[name] = "pipelines-placeholder"
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    yield from problems(shape, arguments, accept=is_expression)
    yield from _property_files(step)


def _property_files(step: Step) -> Iterator[str]:
    files = step.get("PropertyFiles", [])
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        yield "PropertyFiles must be a list of objects"
        return
    config = step.get("Arguments", {}).get("ProcessingOutputConfig")
    outputs = [output.get("OutputName") for output in objects(config.get("Outputs"))] if isinstance(config, dict) else []
    names = [file.get("PropertyFileName") for file in files]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"property file {name!r} is declared {names.count(name)} times"
    for file in files:
        texts = all(isinstance(value, str) and value for value in file.values())
        if set(file) != {"PropertyFileName", "OutputName", "FilePath"} or not texts:
            yield f"property file {file!r} must have a PropertyFileName, an OutputName and a FilePath, nothing else"
        elif file["OutputName"] not in outputs:
            yield (
                f"property file {file['PropertyFileName']!r} names the output {file['OutputName']!r}, which the step has not; "
                f"it has {', '.join(map(str, outputs)) or 'none'}"
            )


def _condition(step: Step, _model: ServiceModel) -> Iterator[str]:
    arguments = step.get("Arguments", {})
    for key in sorted(set(arguments) - {"Conditions", "IfSteps", "ElseSteps"}):
        yield f"cannot parse object, unknown property {key!r}; known are Conditions, IfSteps, ElseSteps"
    conditions = arguments.get("Conditions")
    if not isinstance(conditions, list) or not conditions:
        yield "a Condition step needs Conditions"
        return
    for condition in conditions:
        yield from pipeline_conditions.problems(condition)
    for inner in [*arguments.get("IfSteps", []), *arguments.get("ElseSteps", [])]:
        if inner.get("Type") == "Condition":
            yield f"Condition step {inner.get('Name')!r} is in its branch; Pipelines does not support nested condition steps"


def _fail(step: Step, _model: ServiceModel) -> Iterator[str]:
    arguments = step.get("Arguments", {})
    message = arguments.get("ErrorMessage")
    if "ErrorMessage" not in arguments:
        yield "a Fail step needs an ErrorMessage"
    elif set(arguments) != {"ErrorMessage"} or not (isinstance(message, str) or is_expression(message)):
        yield "the arguments of a Fail step are an ErrorMessage, a string or an expression, and nothing else"


def _lambda(step: Step, _model: ServiceModel) -> Iterator[str]:
    yield from lambda_step.problems(step)


_OF_TYPE: dict[str, Callable[[Step, ServiceModel], Iterator[str]]] = {
    **dict.fromkeys(CREATES, _job),
    "Condition": _condition,
    "Fail": _fail,
    "Lambda": _lambda,
}
