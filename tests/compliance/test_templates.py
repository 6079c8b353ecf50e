"""What must hold in every template: cfn-lint, policies without blanket rights, nothing billed by the hour by default."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.api import lint

from tests.conftest import ROOT, Templates

WILDCARDS = ROOT / "tests/compliance/wildcards.json"
REDUNDANT_DEPENDENCY = "W3005"
"""CDK itself makes functions depend on their role, which they refer to anyway."""
BILLED_BY_THE_HOUR = {
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::NotebookInstance",
    "AWS::SageMaker::Domain",
    "AWS::EC2::Instance",
    "AWS::EC2::NatGateway",
    "AWS::EC2::VPCEndpoint",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::RDS::DBInstance",
}


def statements(templates: Templates) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every identity policy's statements with the policy's place."""
    for stack, template in templates.items():
        for name, entry in template["Resources"].items():
            if entry["Type"] == "AWS::IAM::ManagedPolicy":
                for statement in entry["Properties"].get("PolicyDocument", {}).get("Statement", []):
                    yield f"{stack}/{name}", statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cfn_lint_finds_nothing(sample_templates: Templates) -> None:
    for stack, template in sample_templates.items():
        matches = lint(json.dumps(template), regions=["us-east-1", "eu-central-1"])
        serious = [str(match) for match in matches if match.rule.id[0] in "EW" and match.rule.id != REDUNDANT_DEPENDENCY]
        assert not serious, (stack, serious)


def test_cfn_lint_can_fail() -> None:
    assert lint(json.dumps({"Resources": {"A": {"Type": "AWS::S3::Bucket", "Properties": {"Nonsense": 1}}}}))


def test_no_policy_of_aws_is_attached(sample_templates: Templates) -> None:
    for template in sample_templates.values():
        for entry in template["Resources"].values():
            assert "ManagedPolicyArns" not in entry.get("Properties", {})
            assert entry["Type"] != "AWS::IAM::Policy" and "Policies" not in entry.get("Properties", {}), "no inline policies"


def test_no_action_is_a_wildcard(sample_templates: Templates) -> None:
    for place, statement in statements(sample_templates):
        for action in as_list(statement["Action"]):
            assert "*" not in action, f"{place}: {action}"


def test_every_pass_role_names_its_service(sample_templates: Templates) -> None:
    passing = [s for _, s in statements(sample_templates) if "iam:PassRole" in as_list(s["Action"])]
    assert passing
    for statement in passing:
        assert "iam:PassedToService" in json.dumps(statement["Condition"])
        assert "*" not in json.dumps(statement["Resource"])


def test_wildcard_resources_are_those_that_were_reviewed(comprehensive: Templates) -> None:
    found: dict[str, dict[str, list[str]]] = {}
    for place, statement in statements(comprehensive):
        for resource in as_list(statement["Resource"]):
            text = resource if isinstance(resource, str) else json.dumps(resource, sort_keys=True)
            if "*" in text:
                actions = found.setdefault(place.rstrip("0123456789ABCDEF"), {}).setdefault(text, [])
                actions.extend(as_list(statement["Action"]))
    found = {place: {text: sorted(set(actions)) for text, actions in entries.items()} for place, entries in found.items()}
    if os.environ.get("UPDATE_SNAPSHOTS"):
        WILDCARDS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == json.loads(WILDCARDS.read_text()), "review the difference, then: make snapshots"


def test_unlimited_resources_belong_to_calls_that_know_none_or_carry_a_condition(comprehensive: Templates) -> None:
    without_resources = {
        "ecr:GetAuthorizationToken",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "logs:DescribeLogGroups",
        "sagemaker:ListEndpointConfigs",
        "sagemaker:ListEndpoints",
        "sagemaker:ListModels",
        "sagemaker:ListNotebookInstances",
        "sagemaker:ListTrainingJobs",
        *(f"ec2:Describe{kind}" for kind in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")),
    }
    for place, statement in statements(comprehensive):
        if "*" in as_list(statement["Resource"]):
            unknown = set(as_list(statement["Action"])) - without_resources
            assert not unknown or "Condition" in statement, f"{place}: {unknown}"


def test_the_minimal_sample_has_nothing_that_is_billed_by_the_hour(synthesize) -> None:
    templates = synthesize(ROOT / "config/samples/minimal.yaml")
    kinds = {entry["Type"] for template in templates.values() for entry in template["Resources"].values()}
    assert not kinds & BILLED_BY_THE_HOUR
    assert {"AWS::S3::Bucket", "AWS::SageMaker::Pipeline"} <= kinds


def test_a_served_model_is_billed_from_its_first_approved_version_on(comprehensive: Templates) -> None:
    for stack, template in comprehensive.items():
        for name, entry in template["Resources"].items():
            # Notebooks are billed while they run; that is what they are declared for.
            expected = stack.endswith("-Notebooks") and entry["Type"] == "AWS::SageMaker::NotebookInstance"
            assert entry["Type"] not in BILLED_BY_THE_HOUR or "Condition" in entry or expected, name


@pytest.mark.parametrize("literal", ["arn:aws:", "amazonaws.com/sagemaker", ".dkr.ecr.us-east-1"])
def test_templates_are_portable_over_partitions(synthesize, literal: str) -> None:
    for stack, template in synthesize(ROOT / "config/dev.yaml").items():
        assert literal not in json.dumps(template), stack
