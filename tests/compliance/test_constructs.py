"""Each construct of the library alone, as delivered: what the compliance packs find is acknowledged, and none is forgotten here."""

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack
from constructs import Construct

import ml_platform as ml
from tests.compliance.packs import findings
from tests.conftest import ROOT

SCHEMA = {"type": "object", "properties": {"age": {"type": "number"}}}


def storage(stack: Stack) -> ml.PlatformStorage:
    return ml.PlatformStorage(stack, "Storage")


def training(stack: Stack) -> ml.TrainingPipeline:
    code = ml.ModelCode(name="churn", folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = ml.QualityGate(rules=[ml.GateRule(metric="accuracy", minimum=0.85)])
    return ml.TrainingPipeline(stack, "Training", code=code, gate=gate, storage=storage(stack))


def endpoint(stack: Stack) -> ml.ModelEndpoint:
    return ml.ModelEndpoint(stack, "Endpoint", model=training(stack).model)


def api(stack: Stack) -> ml.PredictionApi:
    return ml.PredictionApi(stack, "Api", api_name="shop", key=storage(stack).key)


def route(stack: Stack) -> None:
    served = endpoint(stack)
    key = storage_of(stack).key
    shared = ml.PredictionApi(stack, "Api", api_name="shop", key=key)
    contract = ml.RequestContract(input_schema=SCHEMA)
    ml.PredictionRoute(stack, "Route", model="churn", api=shared.http_api, endpoint=served, contract=contract, key=key)


def notebook(stack: Stack) -> ml.NotebookInstance:
    network = ml.NotebookNetwork(internet_access=True)
    return ml.NotebookInstance(stack, "Lab", network=network, storage=storage(stack))


def watchdog(stack: Stack) -> None:
    kept = storage(stack)
    topic = ml.AlertsTopic(stack, "Alerts", key=kept.key).topic
    lab = ml.NotebookInstance(stack, "Lab", network=ml.NotebookNetwork(internet_access=True), storage=kept)
    ml.NotebookWatchdog(stack, "Watchdog", notebooks=[lab.watched()], key=kept.key, alerts=topic)


def promotion(stack: Stack) -> None:
    kept = storage(stack)
    topic = ml.AlertsTopic(stack, "Alerts", key=kept.key, emails=["ops@example.com"]).topic
    model = ml.PromotedModel(
        name="churn", group_name="churn", stack_name="Serving", endpoint_name="churn", release_role_name="churn-release"
    )
    ml.Promotion(stack, "Promotion", name="shop-promote", models=[model], key=kept.key, alerts=topic)


def release_role(stack: Stack) -> None:
    served = endpoint(stack)
    ml.ReleaseRole(
        stack,
        "ReleaseRole",
        role_name="shop-release",
        endpoint_name=served.endpoint_name,
        group_name="churn",
        stack_name=stack.stack_name,
        execution_role=served.role,
        key=storage_of(stack).key,
    )


def storage_of(stack: Stack) -> ml.PlatformStorage:
    found = stack.node.find_child("Storage")
    assert isinstance(found, ml.PlatformStorage)
    return found


def registry(stack: Stack) -> None:
    ml.ModelRegistry(stack, "Registry", group_name="churn")


def gate_function(stack: Stack) -> None:
    kept = storage(stack)
    ml.GateFunction(stack, "Gate", artifacts=kept.artifacts, key=kept.key)


def alerts(stack: Stack) -> None:
    ml.AlertsTopic(stack, "Alerts", key=storage(stack).key, emails=["ops@example.com"])


def execution_role(stack: Stack) -> None:
    kept = storage(stack)
    found = ml.FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0")
    ml.ModelExecutionRole(
        stack, "Role", model="churn", endpoint_name="churn", artifacts=kept.artifacts, key=kept.key, image=found
    )


BUILDS: dict[type[Construct], Callable[[Stack], object]] = {
    ml.AlertsTopic: alerts,
    ml.GateFunction: gate_function,
    ml.ModelEndpoint: endpoint,
    ml.ModelExecutionRole: execution_role,
    ml.ModelRegistry: registry,
    ml.NotebookInstance: notebook,
    ml.NotebookWatchdog: watchdog,
    ml.PlatformStorage: storage,
    ml.PredictionApi: api,
    ml.PredictionRoute: route,
    ml.Promotion: promotion,
    ml.ReleaseRole: release_role,
    ml.TrainingPipeline: training,
}


NOTHING_OF_THEIR_OWN = {ml.ClientBundle, ml.FrameworkImage, ml.InvocableEndpoint}
"""An asset, a mapping, what is deployed elsewhere: no resource that a rule could be about."""


def test_no_construct_is_forgotten() -> None:
    offered = {value for name in ml.__all__ if inspect.isclass(value := getattr(ml, name))}
    assert {kind for kind in offered if issubclass(kind, Construct)} - NOTHING_OF_THEIR_OWN == {*BUILDS}


@pytest.mark.parametrize("environment", ["known", "agnostic"])
@pytest.mark.parametrize("kind", BUILDS, ids=lambda kind: kind.__name__)
def test_a_construct_is_clean_as_delivered(kind: type[Construct], environment: str, tmp_path: Path) -> None:
    place = Environment(account="111122223333", region="eu-central-1") if environment == "known" else None

    def build(app: App) -> None:
        stack = Stack(app, "Shop", env=place)
        BUILDS[kind](stack)
        assert kind in {type(found) for found in stack.node.find_all()}

    assert findings(tmp_path, build) == set()
