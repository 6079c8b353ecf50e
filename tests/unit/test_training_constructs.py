"""The training pipeline, its roles and the gate: defaults, options, errors, and what no role may do."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, Size, Stack
from aws_cdk import aws_iam as iam

from local_aws.sagemaker.pipelines.definition import parse
from local_aws.service import JsonService
from ml_platform import (
    FrameworkImage,
    GateFunction,
    GateRule,
    JobResources,
    ModelCode,
    ModelRegistry,
    PlatformNames,
    PlatformStorage,
    QualityGate,
    RegisteredModel,
    TrainingJobs,
    TrainingPipeline,
    TrainingStorage,
)
from ml_platform.training.code_bundle import CodeBundle
from platform_contract import images
from tests.conftest import ROOT, Templates, resources
from tests.helpers import new_stack, of_type, template_of

RULE = GateRule(metric="accuracy", minimum=0.85, baseline="baseline_accuracy", min_improvement=0.1, max_regression=0.02)
MACHINE = JobResources(instance_type="ml.m5.large", volume=Size.gibibytes(30), max_runtime=Duration.minutes(60))


def pipeline_in(stack: Stack, name: str = "Training", gate: GateFunction | None = None, **changes: Any) -> TrainingPipeline:
    storage = stack.node.try_find_child("Storage") or PlatformStorage(stack, "Storage")
    assert isinstance(storage, PlatformStorage)
    made = gate or GateFunction(
        stack, f"{name}Gate", names=PlatformNames(f"mlp-{name.lower()}"), artifacts=storage.artifacts, key=storage.key
    )
    options = {"rules": [RULE], "function": made, **changes.pop("gate_options", {})}
    code = ModelCode(name="spam", folder=ROOT / "models/spam", hyperparameters={"seed": 7, "rate": 0.1}, dataset="mails")
    props = {
        "pipeline_name": f"mlp-{name.lower()}",
        "code": code,
        "image": FrameworkImage(stack, f"{name}Image", framework="sklearn", version="1.9-0"),
        "registry": changes.get("registry") or ModelRegistry(stack, f"{name}Registry", group_name=f"mlp-{name.lower()}-spam"),
        "gate": QualityGate(**options),
        "storage": TrainingStorage(data=storage.data, artifacts=storage.artifacts, key=storage.key),
        "jobs": TrainingJobs(processing=MACHINE, training=MACHINE),
    }
    return TrainingPipeline(stack, name, **{**props, **changes})


def text_of(value: Any) -> str:
    """The template's value with every reference as one word, so that it can be read."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "Fn::Join" in value:
        return "".join(text_of(part) for part in value["Fn::Join"][1])
    words = json.dumps(value)
    return (
        "arn:aws:lambda:eu-central-1:111122223333:function:gate"
        if "Gate" in words
        else "arn:aws:iam::111122223333:role/some-role"
    )


def definition_of(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        text_of(of_type(template, "AWS::SageMaker::Pipeline")[0]["PipelineDefinition"]["PipelineDefinitionBody"])
    )
    return found


def steps_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    steps = definition_of(template)["Steps"]
    inner = [
        step
        for condition in steps
        if condition["Type"] == "Condition"
        for key in ("IfSteps", "ElseSteps")
        for step in condition["Arguments"][key]
    ]
    return {step["Name"]: step for step in [*steps, *inner]}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    pipeline_in(stack)
    return template_of(stack)


@pytest.fixture(scope="module")
def steps(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return steps_of(template)


def test_the_pipeline_is_one_that_aws_accepts(template: dict[str, Any]) -> None:
    parsed = parse(json.dumps(definition_of(template)), JsonService("sagemaker").model)
    assert parsed.parameters == {"InputData": None, "Dataset": "unversioned", "CompareWith": "deployed"}
    assert {step["Name"] for step in parsed.steps} == {"deployed", "prepare", "train", "evaluate", "check-metrics", "gate"}


def test_the_live_step_asks_for_the_newest_approved_version_where_nothing_serves(steps: dict[str, dict[str, Any]]) -> None:
    arguments = steps["deployed"]["Arguments"]
    assert (arguments["operation"], arguments["group"], arguments["stack"]) == ("deployed", "mlp-training-spam", "")
    assert arguments["compare_with"] == {"Get": "Parameters.CompareWith"}
    assert arguments["fallback"] == steps["prepare"]["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"]


def test_evaluate_is_given_both_artifacts_and_the_version(steps: dict[str, dict[str, Any]]) -> None:
    arguments = steps["evaluate"]["Arguments"]
    sources = {entry["InputName"]: entry["S3Input"]["S3Uri"] for entry in arguments["ProcessingInputs"]}
    assert sources["deployed"] == {"Get": "Steps.deployed.OutputParameters['artifact']"}
    assert sources["model"] == {"Get": "Steps.train.ModelArtifacts.S3ModelArtifacts"}
    assert arguments["Environment"] == {"DEPLOYED_VERSION": {"Get": "Steps.deployed.OutputParameters['version']"}}


def test_commands_fit_into_what_a_container_takes(steps: dict[str, dict[str, Any]]) -> None:
    for name in ("prepare", "evaluate"):
        words = steps[name]["Arguments"]["AppSpecification"]["ContainerEntrypoint"]
        assert f"exec python3 job_scripts/{name}.py" in words[2] and max(map(len, words)) <= 256


def test_the_rules_go_to_the_judge_as_they_are(steps: dict[str, dict[str, Any]]) -> None:
    assert json.loads(steps["check-metrics"]["Arguments"]["rules"]) == [
        {"metric": "accuracy", "minimum": 0.85, "baseline": "baseline_accuracy", "min_improvement": 0.1, "max_regression": 0.02}
    ]


def test_a_missed_gate_fails_with_the_reasons(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["gate"]["Arguments"]["Conditions"] == [
        {"Type": "Equals", "LeftValue": {"Get": "Steps.check-metrics.OutputParameters['passed']"}, "RightValue": "true"}
    ]
    words = ["the model misses its gate: ", {"Get": "Steps.check-metrics.OutputParameters['reasons']"}]
    assert steps["gate-missed"]["Arguments"] == {"ErrorMessage": {"Std:Join": {"On": "", "Values": words}}}


def test_a_version_remembers_what_it_was_made_of(steps: dict[str, dict[str, Any]]) -> None:
    arguments = steps["register"]["Arguments"]
    assert arguments["CustomerMetadataProperties"] == {
        "gate": {"Get": "Steps.check-metrics.OutputParameters['summary']"},
        "dataset": {"Get": "Parameters.Dataset"},
        "input-data": {"Get": "Parameters.InputData"},
        "deployed-version": {"Get": "Steps.deployed.OutputParameters['version']"},
        "model-sha256": {"Get": "Steps.check-metrics.OutputParameters['model_sha256']"},
    }
    quality = arguments["ModelMetrics"]["ModelQuality"]
    assert [quality[key]["S3Uri"]["Std:Join"]["Values"][1] for key in ("Statistics", "Constraints")] == [
        "evaluation.json",
        "gate.json",
    ]


def test_by_default_a_person_approves_and_nothing_is_reused(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["register"]["Arguments"]["ModelApprovalStatus"] == "PendingManualApproval"
    assert not any("CacheConfig" in step for step in steps.values())


def test_a_gate_may_approve_ask_a_stack_and_earlier_results_may_be_reused() -> None:
    stack = new_stack()
    jobs = TrainingJobs(processing=MACHINE, training=MACHINE, step_cache=Duration.days(7))
    pipeline_in(stack, jobs=jobs, gate_options={"approve": True, "serving_stack": "mlp-training-Serving-spam"})
    steps = steps_of(template_of(stack))
    assert steps["register"]["Arguments"]["ModelApprovalStatus"] == "Approved"
    assert steps["deployed"]["Arguments"]["stack"] == "mlp-training-Serving-spam"
    reused = {name for name, step in steps.items() if step.get("CacheConfig") == {"Enabled": True, "ExpireAfter": "P7D"}}
    assert reused == {"prepare", "train"}


def test_two_pipelines_share_one_gate_in_one_stack() -> None:
    stack = new_stack()
    pipeline_in(stack, "One")
    group = ModelRegistry(stack, "TwoRegistry", group_name="mlp-one-two")
    pipeline_in(stack, "Two", gate=stack.node.find_child("OneGate"), registry=group)
    template = template_of(stack)
    assert len(of_type(template, "AWS::SageMaker::Pipeline")) == 2
    named = [entry for entry in of_type(template, "AWS::Lambda::Function") if entry.get("FunctionName") == "mlp-one-gate"]
    assert len(named) == 1


def allowed(template: dict[str, Any], role: str) -> dict[str, str]:
    """Resources by action of one role's policy, as text."""
    for name, entry in template["Resources"].items():
        if entry["Type"] == "AWS::IAM::ManagedPolicy" and re.search(role, name):
            found: dict[str, str] = {}
            for statement in entry["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    found[action] = found.get(action, "") + json.dumps([statement["Resource"], statement.get("Condition", {})])
            return found
    raise AssertionError(role)


def test_who_prepares_reads_the_dataset_and_nothing_else(template: dict[str, Any]) -> None:
    rights = allowed(template, "TrainingRolesPreparePolicy")
    listed, written = rights["s3:ListBucket"], rights["s3:PutObject"]
    assert '"datasets/mails/raw/*"' in listed and "spam" not in listed
    assert (
        "/models/spam/train/*" in written and "/models/spam/test/*" in written and "/models/spam/model/" not in json.dumps(rights)
    )
    assert "lambda:InvokeFunction" not in rights


def test_who_orchestrates_invokes_the_gate_and_reads_evaluations_only(template: dict[str, Any]) -> None:
    rights = allowed(template, "TrainingRolesPipelinePolicy")
    assert "Gate" in rights["lambda:InvokeFunction"] and "*" not in rights["lambda:InvokeFunction"]
    assert {action for action in rights if action.startswith(("s3:", "kms:"))} == {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"}
    assert "/models/spam/evaluation/*" in rights["s3:GetObject"] and "model/" not in rights["s3:GetObject"]


def test_the_gate_reads_evaluations_and_writes_verdicts_and_nothing_else(template: dict[str, Any]) -> None:
    rights = allowed(template, "TrainingGate.*RolePolicy")
    assert set(rights) == {
        "cloudformation:DescribeStacks",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "sagemaker:DescribeModelPackage",
        "sagemaker:ListModelPackages",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert "/models/*/evaluation/*/gate.json" in rights["s3:PutObject"]
    assert "/models/*/evaluation/*" in rights["s3:GetObject"]
    assert "stack/mlp-training-Serving-*" in rights["cloudformation:DescribeStacks"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "it has either minimum (higher is better) or maximum (lower is better); give exactly one of them"),
        (
            {"minimum": 1, "maximum": 2},
            "it has either minimum (higher is better) or maximum (lower is better); give exactly one of them",
        ),
        ({"minimum": float("nan")}, "minimum must be finite, got nan"),
        (
            {"minimum": 1, "min_improvement": 0.1},
            "min_improvement is the lead over a baseline; add baseline, or remove min_improvement",
        ),
        ({"minimum": 1, "baseline": "accuracy"}, "baseline names the rule's own metric; name another, such as baseline_accuracy"),
        ({"minimum": 1, "baseline": "other", "min_improvement": -1}, "min_improvement must be at least 0, got -1"),
        ({"minimum": 1, "max_regression": -0.5}, "max_regression must be at least 0, got -0.5"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"gate rule for 'accuracy': {expected}")):
        GateRule(metric="accuracy", **values)


def test_a_gate_without_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one rule"):
        pipeline_in(new_stack(), gate_options={"rules": []})


def test_a_bundle_of_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no folder"):
        CodeBundle(new_stack(), "Code", folder=ROOT / "models/spam", shared=[tmp_path / "gone"])


def test_one_gate_judges_all_models_of_a_platform(comprehensive: Templates) -> None:
    automation = comprehensive["mlp-comprehensive-Automation"]
    names = [entry["Properties"].get("FunctionName") for entry in resources(automation, "AWS::Lambda::Function").values()]
    assert names.count("mlp-comprehensive-gate") == 1
    body = json.dumps(comprehensive["mlp-comprehensive-Training-spam"])
    assert "mlp-comprehensive-Automation:ExportsOutput" in body and "mlp-comprehensive-Serving-spam" in body


def test_the_gate_exists_where_a_model_is_trained_and_the_promotion_where_one_is_served(
    synthesize: Callable[[Path], Templates],
) -> None:
    automation = synthesize(ROOT / "config/samples/minimal.yaml")["mlp-minimal-Automation"]
    assert len(resources(automation, "AWS::Lambda::Function")) == 1
    assert not resources(automation, "AWS::Events::Rule")


def test_everything_that_is_wrong_with_a_pipeline_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    code = ModelCode(name="A b", folder=tmp_path, hyperparameters={"x": None}, dataset="", shared=[tmp_path / "none"])
    machine = JobResources(instance_type="m5.huge", instance_count=-1, volume=Size.gibibytes(0), max_runtime=Duration.days(29))
    jobs = TrainingJobs(processing=JobResources(max_runtime=Duration.days(6)), training=machine)
    with pytest.raises(ValueError, match="TrainingPipeline Test/Training") as caught:
        pipeline_in(new_stack(), pipeline_name="a_b", code=code, jobs=jobs)
    for expected in (
        "pipeline_name is 'a_b' of 3 characters; allowed: 1 to 256 letters and digits",
        "code.name is 'A b'; allowed: 1 to 40 lower-case letters",
        "code.dataset is ''",
        "which lacks prepare.py, evaluate.py, serve.py",
        "none', which is no folder",
        "code.hyperparameters['x']: got 'None'",
        "processing.max_runtime is 518400; allowed: 1 to 432000 seconds",
        "training.instance_type is 'm5.huge'; SageMaker has no instance type",
        "training.instance_count is -1; allowed: 1 to 100",
        "training.volume is 0; allowed: 1 to 16384 GiB",
        "training.max_runtime is 2505600; allowed: 1 to 2419200 seconds",
    ):
        assert expected in str(caught.value), expected


def test_the_smallest_pipeline_has_a_pinned_image_and_a_machine() -> None:
    stack = new_stack()
    code = ModelCode(name="spam", folder=ROOT / "models/spam", dataset="mails")
    made = pipeline_in(stack, code=code, image=None, jobs=TrainingJobs())
    steps = {step["Name"]: step["Arguments"] for step in definition_of(template_of(stack))["Steps"] if "Arguments" in step}
    assert steps["train"]["ResourceConfig"] | {"VolumeKmsKeyId": ""} == {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
        "VolumeKmsKeyId": "",
    }
    assert steps["train"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert images.versions("sklearn")[-1] in steps["train"]["AlgorithmSpecification"]["TrainingImage"]
    assert made.arn.endswith("pipeline/mlp-training")


def test_others_are_let_start_a_pipeline_and_nothing_else() -> None:
    stack = new_stack()
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    pipeline_in(stack).grant_start(caller).assert_success()
    [policy] = [entry for entry in of_type(template_of(stack), "AWS::IAM::Policy") if "StartPipeline" in json.dumps(entry)]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert sorted(statement["Action"]) == ["sagemaker:DescribePipelineExecution", "sagemaker:StartPipelineExecution"]
    assert [text_of(resource).rpartition(":pipeline/")[2] for resource in statement["Resource"]] == [
        "mlp-training",
        "mlp-training/execution/*",
    ]


def test_an_own_gate_asks_about_its_own_models_alone_and_a_platforms_refuses_others() -> None:
    stack = new_stack()
    storage = PlatformStorage(stack, "Storage")
    gate = GateFunction(stack, "Gate", artifacts=storage.artifacts, key=storage.key)
    made = pipeline_in(stack, gate=gate, gate_options={"serving_stack": "shop-serving"})
    assert made.model.group_name == "mlp-training-spam"
    rights = json.dumps(
        [p for p in of_type(template_of(stack), "AWS::IAM::ManagedPolicy") if "ListModelPackages" in json.dumps(p)]
    )
    assert "/models/spam/evaluation/*" in rights and "models/*/" not in rights
    assert ":model-package/mlp-training-spam/*" in rights and ":stack/shop-serving/*" in rights and "Serving-*" not in rights
    other = replace(made.model, group_name="shop-a")
    with pytest.raises(
        ValueError, match=r"judges the models of mlp: groups mlp-\.\.\., .*got group 'shop-a' and serving_stack 'b'"
    ):
        GateFunction(stack, "G", artifacts=storage.artifacts, key=storage.key, names=PlatformNames("mlp")).add_model(other, "b")


def test_a_gate_without_names_says_when_its_role_is_full() -> None:
    stack = new_stack()
    storage = PlatformStorage(stack, "Storage")
    gate = GateFunction(stack, "Gate", artifacts=storage.artifacts, key=storage.key)
    image = FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0")
    models = [RegisteredModel(name="spam", group_name=f"group-{number}", image=image, storage=storage) for number in range(10)]
    for model in models[:9]:
        gate.add_model(model, None)
    with pytest.raises(ValueError, match="judges 9 pipelines already"):
        gate.add_model(models[9], None)
