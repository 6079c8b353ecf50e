"""What the gate tells: within AWS's limits, in one line, and in the registry's alphabet, whatever the names are."""

import json

import regex
from hypothesis import given
from hypothesis import strategies as st

from gate.report import document, outputs, reasons, summary
from platform_contract.gate import Check, Verdict
from platform_contract.gate.numbers import pair, shown

REGISTRY = regex.compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}")
"""API: CustomerMetadataValue."""


def check(says: str, holds: bool = True, kind: str = "minimum") -> Check:
    return Check("m", kind, 0.9, 0.8, holds, says)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_the_summary_names_what_was_compared() -> None:
    compared = Verdict("3", (check("a 1 is at least 0.5"), check("a 1 is better than 0.9", kind="max_regression")), "unknown")
    assert summary(compared) == "passed / compared with deployed version 3 / a 1 is at least 0.5 / a 1 is better than 0.9"
    assert summary(Verdict("none", (check("a 0 is below 1", holds=False),), "x")) == "missed / not compared / a 0 is below 1"


def test_reasons_are_the_failing_checks_each_once() -> None:
    checks = (check("fine"), check("bad", holds=False), check("worse", holds=False), check("bad", holds=False))
    assert reasons(Verdict("3", checks, "x")) == "bad; worse"
    assert reasons(Verdict("3", (check("fine"),), "x")) == "every rule holds"


def test_without_a_check_nothing_passes() -> None:
    empty = Verdict("none", (), "unknown")
    assert outputs(empty) == {
        "passed": "false",
        "reasons": "there is no rule",
        "summary": "missed / not compared /",
        "model_sha256": "unknown",
    }


def test_the_document_has_what_the_registry_points_to() -> None:
    found = json.loads(document(Verdict("none", (check("a 0.9 is at least 0.8"),), "x")))
    entry = {"metric": "m", "check": "minimum", "value": 0.9, "bound": 0.8, "holds": True, "says": "a 0.9 is at least 0.8"}
    assert found == {"passed": True, "deployed_version": "none", "checks": [entry]}


@given(st.lists(st.tuples(st.text(max_size=2000), st.booleans()), max_size=30), st.sampled_from(["none", "12"]))
def test_any_unicode_becomes_what_aws_takes(sentences: list[tuple[str, bool]], version: str) -> None:
    verdict = Verdict(version, tuple(check(text, holds) for text, holds in sentences), "unknown")
    assert REGISTRY.fullmatch(summary(verdict)) and units(summary(verdict)) <= 256
    assert units(reasons(verdict)) <= 1024
    assert not set(reasons(verdict)) & set("\r\n\t\x00\u2028")
    assert json.loads(json.dumps(outputs(verdict), ensure_ascii=False).encode()) == outputs(verdict)


def test_what_is_cut_says_so() -> None:
    long = Verdict("3", (check("😀x" * 1000, holds=False),), "unknown")
    assert reasons(long).endswith("...") and units(reasons(long)) in (1023, 1024)
    assert summary(Verdict("3", (check("y" * 999),), "unknown")).endswith("y...")


def test_numbers_are_short_and_differ_where_they_differ() -> None:
    assert [shown(n) for n in (0.0, -0.0, 1.0, 1234567.8, 0.000123456, 1e-9, 1e20)] == [
        *("0", "0", "1", "1234568", "0.0001235", "1e-09", "1e+20")
    ]
    assert pair(0.84996, 0.85) == ("0.84996", "0.85")
    assert pair(0.5, 0.5) == ("0.5", "0.5")


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_two_numbers_that_differ_are_shown_differently(one: float, other: float) -> None:
    assert (pair(one, other)[0] != pair(one, other)[1]) == (one != other)
