"""How captured requests and answers are written down, by their content type."""

import pytest

from local_aws.sagemaker.endpoints.capture import _part

NAMED = {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]}


@pytest.mark.parametrize(
    ("content_type", "headings", "encoding", "data"),
    [
        ("application/json; charset=utf-8", NAMED, "JSON", "1,2"),
        ("text/csv", NAMED, "CSV", "1,2"),
        ("text/plain", NAMED, "BASE64", "MSwy"),
        ("text/csv", {}, "BASE64", "MSwy"),
        ("", NAMED, "BASE64", "MSwy"),
    ],
)
def test_only_what_is_named_is_kept_as_text(content_type: str, headings: dict[str, list[str]], encoding: str, data: str) -> None:
    expected = {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}
    assert _part("INPUT", content_type, b"1,2", headings) == expected
