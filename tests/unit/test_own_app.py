"""The library from outside: what it takes to train and serve in an own stack."""

import json

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from ml_platform import (
    GateRule,
    ModelCode,
    ModelEndpoint,
    PlatformStorage,
    PredictionApi,
    PredictionRoute,
    QualityGate,
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
    contract = RequestContract(input_schema={"type": "object"})
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
    rights = json.dumps(of_type(template, "AWS::IAM::ManagedPolicy"))
    assert "/models/churn/train/*" in rights and "/models/fraud/train/*" in rights


def test_an_own_stack_is_clean_as_delivered() -> None:
    from aws_cdk import App, Validations
    from cdk_nag import AwsSolutionsChecks

    app = App()
    stack = Stack(app, "Shop", env={"account": "111122223333", "region": "eu-central-1"})
    storage = PlatformStorage(stack, "Storage")
    own_model(stack, "Churn", storage, PredictionApi(stack, "Api", api_name="shop", key=storage.key))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except Exception as error:
        pytest.fail(str(error))
