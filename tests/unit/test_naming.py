"""Names are stable and within limits."""

from hypothesis import given
from hypothesis import strategies as st

from ml_platform.naming import MAX_NAME, PlatformNames, limited


def test_a_models_names_begin_with_the_prefix() -> None:
    names = PlatformNames("mlp-prod")
    assert names.model("spam") == "mlp-prod-spam"
    assert names.stack("Serving", "spam") == "mlp-prod-Serving-spam"
    assert names.release_role("spam") == "mlp-prod-spam-release"


@given(st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=200))
def test_no_name_is_too_long_and_a_shortened_one_begins_as_the_whole(name: str) -> None:
    assert len(limited(name)) <= MAX_NAME
    assert limited(name) == name or limited(name)[:54] == name[:54]


def test_shortened_names_are_the_same_for_ever() -> None:
    assert limited("a" * 64) == "a" * 54 + "-ffe054fe"


def test_long_names_that_differ_at_the_end_stay_different() -> None:
    assert limited("a" * 100 + "x") != limited("a" * 100 + "y")
