"""Statements as plain data: the same policies as CDK's own objects make, with the same acknowledgements."""

from typing import Any

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from ml_platform.common import access
from ml_platform.common.execution_role import ExecutionRole
from ml_platform.common.statement import Statement
from tests.helpers import ACCOUNT, REGION, of_type, template_of

HERE = {"account": ACCOUNT, "region": REGION}
READ = {"actions": ["s3:GetObject", "s3:GetObjectVersion"], "resources": ["arn:aws:s3:::b/*", "arn:aws:s3:::a/*"]}
TAGGED: dict[str, Any] = {
    "actions": ["sagemaker:AddTags"],
    "resources": ["*"],
    "conditions": {"StringEquals": {"aws:RequestTag/a": "b"}},
}


def policies(*statements: Statement | iam.PolicyStatement, minimize: bool) -> list[dict[str, Any]]:
    stack = Stack(App(post_cli_context={"@aws-cdk/aws-iam:minimizePolicies": minimize}), "Test")
    ExecutionRole(stack, "Role", service="lambda.amazonaws.com", description="Tries policies", statements=statements)
    return of_type(template_of(stack), "AWS::IAM::ManagedPolicy")


@pytest.mark.parametrize("minimize", [True, False])
def test_plain_statements_make_the_policy_that_cdks_own_make(minimize: bool) -> None:
    all_of_them = [READ, {**READ, "actions": ["s3:PutObject"]}, TAGGED]
    plain = policies(*(Statement(**values) for values in all_of_them), minimize=minimize)
    assert plain == policies(*(iam.PolicyStatement(**values) for values in all_of_them), minimize=minimize)
    assert len(plain[0]["PolicyDocument"]["Statement"]) == (2 if minimize else 3)


def test_a_role_takes_both_kinds_of_statement() -> None:
    mixed = policies(Statement(**READ), iam.PolicyStatement(**TAGGED), minimize=False)
    assert mixed == policies(iam.PolicyStatement(**READ), Statement(**TAGGED), minimize=False)


def test_a_statement_without_a_condition_renders_none() -> None:
    assert "Condition" not in Statement(**READ).render()
    assert Statement(**TAGGED).render()["Condition"] == TAGGED["conditions"]


def test_a_statement_without_resources_is_refused_at_synth() -> None:
    with pytest.raises(RuntimeError, match="must specify at least one resource"):
        policies(Statement(actions=["s3:GetObject"], resources=[]), minimize=False)


def acknowledged(role: ExecutionRole) -> set[str]:
    entries = [entry for entry in role.policy.node.metadata if entry.type == Validations.ACKNOWLEDGED_RULES_METADATA_KEY]
    return {finding.rpartition("AwsSolutions-IAM5")[2] for entry in entries for finding in entry.data}


def test_wildcards_are_acknowledged_as_the_rule_prints_them() -> None:
    app = App()
    owner, user = Stack(app, "Owner", env=HERE), Stack(app, "User", env=HERE)
    theirs, own = s3.Bucket(owner, "Theirs"), s3.Bucket(user, "Own")
    statements = [
        *access.read_objects(theirs, "in/"),
        *access.write_objects(own, "out/"),
        iam.PolicyStatement(actions=["xray:PutTraceSegments"], resources=["*"]),
        Statement(actions=["logs:PutLogEvents"], resources=[access.arn(user, "logs", "log-group:x:*")]),
        Statement(actions=["sns:Publish"], resources=[access.arn(user, "sns", "topic")]),
    ]
    role = ExecutionRole(
        user, "Role", service="x.amazonaws.com", description="d", statements=statements, why_wildcards="a reason"
    )
    their_export = user.resolve(owner.export_value(theirs.bucket_arn))["Fn::ImportValue"]
    own_arn = user.resolve(own.bucket_arn)["Fn::GetAtt"]
    assert acknowledged(role) == {
        f"[Resource::{their_export}/in/*]",
        f"[Resource::<{own_arn[0]}.Arn>/out/*]",
        "[Resource::*]",
        f"[Resource::arn:<AWS::Partition>:logs:{REGION}:{ACCOUNT}:log-group:x:*]",
    }


def test_a_bucket_is_acknowledged_by_reference_at_home_and_by_export_abroad_in_any_order() -> None:
    app = App()
    owner = Stack(app, "Owner", env=HERE)
    users = [Stack(app, name, env=HERE) for name in ("First", "Second")]
    bucket = s3.Bucket(owner, "Bucket")
    found = [
        acknowledged(
            ExecutionRole(
                stack,
                "Role",
                service="x.amazonaws.com",
                description="d",
                statements=access.write_objects(bucket, "out/"),
                why_wildcards="a reason",
            )
        )
        for stack in (users[0], owner, users[1])
    ]
    assert found[0] == found[2] != found[1]
    assert "ExportsOutput" in str(found[0]) and "ExportsOutput" not in str(found[1])
