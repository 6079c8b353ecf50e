"""The library from outside: what it takes to train and serve in an own stack."""

import contextlib
import json
from pathlib import Path

from aws_cdk import App, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks

from ml_platform import (
    GateRule,
    ModelCode,
    ModelEndpoint,
    PlatformStorage,
    PredictionApi,
    PredictionRoute,
    PromotedModel,
    Promotion,
    QualityGate,
    ReleaseRole,
    RequestContract,
    TrainingPipeline,
)
from tests.conftest import ROOT
from tests.helpers import new_stack, of_type, template_of


def own_model(stack: Stack, name: str, storage: PlatformStorage, api: PredictionApi) -> ModelEndpoint:
    code = ModelCode(name=name.lower(), folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = QualityGate(rules=[GateRule(metric="accuracy", minimum=0.85)])
    pipeline = TrainingPipeline(stack, f"{name}Training", code=code, gate=gate, storage=storage)
    endpoint = ModelEndpoint(stack, f"{name}Endpoint", model=pipeline.model)
    contract = RequestContract(input_schema={"type": "object", "properties": {"age": {"type": "number"}}})
    PredictionRoute(
        stack, f"{name}Route", model=name.lower(), api=api.http_api, endpoint=endpoint, contract=contract, key=storage.key
    )
    return endpoint


def test_two_models_are_trained_and_served_in_one_own_stack() -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(stack, "Storage")
    api = PredictionApi(stack, "Api", api_name="shop", key=storage.key)
    endpoints = [own_model(stack, name, storage, api) for name in ("Churn", "Fraud")]
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    for endpoint in endpoints:
        endpoint.grant_invoke(caller)
    template = template_of(stack)
    for kind in ("Pipeline", "ModelPackageGroup", "Endpoint", "Model"):
        assert len(of_type(template, f"AWS::SageMaker::{kind}")) == 2, kind
    groups = [entry["ModelPackageGroupName"] for entry in of_type(template, "AWS::SageMaker::ModelPackageGroup")]
    assert sorted(groups) == sorted(entry["PipelineName"] for entry in of_type(template, "AWS::SageMaker::Pipeline"))
    assert len({endpoint.endpoint_name for endpoint in endpoints}) == 2
    parameters = [endpoint.version_parameter for endpoint in endpoints]
    assert len(set(parameters)) == 2 and all(template["Parameters"][name]["Default"] == "none" for name in parameters)
    rights = json.dumps(of_type(template, "AWS::IAM::ManagedPolicy"))
    assert "/models/churn/train/*" in rights and "/models/fraud/train/*" in rights


def findings(stack: Stack) -> list[str]:
    """What AWS's compliance rules say of the app that the stack is in."""
    app = stack.node.root
    assert isinstance(app, App)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with contextlib.suppress(Exception):  # with findings, synthesis fails after it has written them
        app.synth()
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    return [finding["ruleName"] for plugin in report["pluginReports"] for finding in plugin["violations"]]


def test_promotion_releases_an_own_model_by_what_its_endpoint_tells() -> None:
    stack = new_stack("Shop")
    storage, topic = PlatformStorage(stack, "Storage"), sns.Topic(stack, "Alerts")
    endpoint = own_model(stack, "Churn", storage, PredictionApi(stack, "Api", api_name="shop", key=storage.key))
    role = ReleaseRole(
        stack,
        "ReleaseRole",
        role_name="shop-release",
        endpoint_name=endpoint.endpoint_name,
        group_name="shop-churn",
        stack_name=stack.stack_name,
        execution_role=endpoint.role,
        key=storage.key,
    )
    assert role.arn
    model = PromotedModel(
        name="churn",
        group_name="shop-churn",
        stack_name=stack.stack_name,
        endpoint_name=endpoint.endpoint_name,
        release_role_name="shop-release",
        parameter=endpoint.version_parameter,
    )
    Promotion(stack, "Promotion", name="shop-promote", models=[model], key=storage.key, alerts=topic)
    template = template_of(stack)
    assert endpoint.version_parameter in template["Parameters"] and endpoint.version_parameter != "ModelPackageArn"
    [rule] = of_type(template, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"]["ModelPackageGroupName"] == ["shop-churn"]


def test_an_own_stack_is_clean_as_delivered() -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(stack, "Storage")
    own_model(stack, "Churn", storage, PredictionApi(stack, "Api", api_name="shop", key=storage.key))
    assert findings(stack) == []


def test_a_stack_that_is_not_clean_is_found_out() -> None:
    stack = new_stack("Shop")
    s3.Bucket(stack, "Open")
    assert any("AwsSolutions-S1" in rule for rule in findings(stack))
