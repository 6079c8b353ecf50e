"""List operations: every filter that AWS's model names, its documented defaults, and pages while entries come and go."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from local_aws.errors import ServiceError
from local_aws.sagemaker.listing import Listing, paged
from local_aws.sagemaker.listings import LISTINGS

MODEL = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
WHERE = {"ListModelPackages": {"ModelPackageGroupName", "ModelPackageType"}, "ListPipelineExecutions": {"PipelineName"}}
"""Members that say which records there are to list, before they are listed."""
ELSEWHERE = {"ListModelPackageGroups": {"CrossAccountFilterOption"}}
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def documented(operation: str, member: str) -> str:
    """Return the default that AWS's API reference names; empty where it names none."""
    text = re.sub("<[^>]+>", "", MODEL.operation_model(operation).input_shape.members[member].documentation)
    found = re.search(r"default (?:value )?is (\w+)|defaults to (\w+)", text)
    return next(filter(None, found.groups())) if found else ""


@pytest.mark.parametrize("operation", LISTINGS)
def test_every_member_that_aws_takes_is_obeyed(operation: str) -> None:
    members = set(MODEL.operation_model(operation).input_shape.members)
    obeyed = LISTINGS[operation].filters() | WHERE.get(operation, set()) | ELSEWHERE.get(operation, set())
    assert members <= obeyed, "a filter that is ignored lists, and lets be deleted, what was not meant"


@pytest.mark.parametrize("operation", LISTINGS)
def test_the_answer_and_the_keys_are_aws_own(operation: str) -> None:
    listing, output = LISTINGS[operation], MODEL.operation_model(operation).output_shape
    summary = output.members[listing.answer].member.members
    assert {listing.name, listing.status or listing.name} <= set(summary)


@pytest.mark.parametrize("operation", LISTINGS)
def test_defaults_are_those_of_the_api_reference(operation: str) -> None:
    listing = LISTINGS[operation]
    assert documented(operation, "SortOrder") in ("", listing.order)
    assert documented(operation, "SortBy") in ("", listing.by, {"CreationTime": "CreatedTime"}.get(listing.by))
    size = documented(operation, "MaxResults")
    assert size in ("", str(listing.page_size))
    after = MODEL.operation_model(operation).input_shape.members.get("CreationTimeAfter")
    assert listing.from_included == bool(after and "greater than or equal" in after.documentation)


LISTING = Listing(
    answer="Found",
    name="Name",
    status="Status",
    contains={"ConfigContains": "Config"},
    equal={"RepositoryEquals": "Repositories"},
)
texts = st.text("ab", min_size=1, max_size=3)
records = st.lists(
    st.fixed_dictionaries(
        {"Name": texts, "CreationTime": st.integers(0, 4), "Status": st.sampled_from(["InProgress", "Failed"])},
        optional={"LastModifiedTime": st.integers(0, 6), "Config": texts, "Repositories": st.lists(texts, max_size=2)},
    ).map(lambda r: {k: BEGIN + timedelta(seconds=v) if k.endswith("Time") else v for k, v in r.items()}),
    max_size=8,
    unique_by=lambda record: record["Name"],
)
bound = st.integers(-1, 7).map(lambda second: (BEGIN + timedelta(seconds=second)).timestamp())
requests = st.fixed_dictionaries(
    {},
    optional={
        "NameContains": texts,
        "StatusEquals": st.sampled_from(["InProgress", "Failed"]),
        "ConfigContains": texts,
        "RepositoryEquals": texts,
        "CreationTimeAfter": bound,
        "CreationTimeBefore": bound,
        "LastModifiedTimeAfter": bound,
        "LastModifiedTimeBefore": bound,
        "SortBy": st.sampled_from(["Name", "CreationTime", "Status"]),
        "SortOrder": st.sampled_from(["Ascending", "Descending"]),
    },
)


def expected(found: list[dict[str, Any]], asked: dict[str, Any]) -> list[str]:
    """Return the names that a request asks for, by a reference that knows no pages."""
    for member, value in asked.items():
        modified = [(record, record.get("LastModifiedTime", record["CreationTime"]).timestamp()) for record in found]
        created = [(record, record["CreationTime"].timestamp()) for record in found]
        if member == "NameContains":
            found = [record for record in found if value in record["Name"]]
        elif member == "StatusEquals":
            found = [record for record in found if record["Status"] == value]
        elif member == "ConfigContains":
            found = [record for record in found if value in record.get("Config", "")]
        elif member == "RepositoryEquals":
            found = [record for record in found if value in record.get("Repositories", [])]
        elif member == "CreationTimeAfter":
            found = [record for record, at in created if at > value]
        elif member == "CreationTimeBefore":
            found = [record for record, at in created if at < value]
        elif member == "LastModifiedTimeAfter":
            found = [record for record, at in modified if at > value]
        elif member == "LastModifiedTimeBefore":
            found = [record for record, at in modified if at < value]
    by = asked.get("SortBy", "CreationTime")
    ordered = sorted(found, key=lambda record: (record[by], record["Name"]), reverse=asked.get("SortOrder") == "Descending")
    return [record["Name"] for record in ordered]


@given(records, requests, st.integers(1, 4))
def test_pages_hold_what_a_request_asks_for_in_its_order(found, asked, size: int) -> None:
    names, token = [], {}
    while True:
        answer = LISTING.page(found, {**asked, "MaxResults": size, **token})
        names += [record["Name"] for record in answer["Found"]]
        if "NextToken" not in answer:
            break
        assert len(answer["Found"]) == size
        token = {"NextToken": answer["NextToken"]}
    assert names == expected(found, asked)


@given(records, records, requests, st.integers(1, 3), st.data())
def test_what_is_there_all_the_time_is_told_once_while_others_come_and_go(found, others, asked, size: int, data) -> None:
    stay = expected(found, asked)
    taken = {record["Name"] for record in found}
    more = [record for record in others if record["Name"] not in taken]
    names, token = [], {}
    while True:
        now = [*found, *data.draw(st.lists(st.sampled_from(more), unique_by=lambda r: r["Name"]) if more else st.just([]))]
        answer = LISTING.page(now, {**asked, "MaxResults": size, **token})
        names += [record["Name"] for record in answer["Found"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert [name for name in names if name in taken] == stay


@pytest.mark.parametrize("token", ["garbage", "", "5", "W10=", "WzEsMl0=", "bnVsbA==", "é", "W1tbW1tb", "eyJhIjogMX0="])
def test_a_token_that_nobody_gave_is_a_validation_error(token: str) -> None:
    entries = [{"Name": "a", "CreationTime": BEGIN, "Status": "Failed"}]
    with pytest.raises(ServiceError, match="Invalid pagination token") as caught:
        LISTING.page(entries, {"NextToken": token})
    assert caught.value.code == "ValidationException"


def test_a_page_of_tags_goes_on_behind_its_last_key() -> None:
    tags = [{"Key": key, "Value": ""} for key in "cab"]
    first = paged(tags, {"MaxResults": 2}, "Tags", lambda tag: (tag["Key"],))
    assert [tag["Key"] for tag in first["Tags"]] == ["a", "b"]
    rest = paged([*tags, {"Key": "aa", "Value": ""}], {"NextToken": first["NextToken"]}, "Tags", lambda tag: (tag["Key"],))
    assert [tag["Key"] for tag in rest["Tags"]] == ["c"]
