"""modelkit: raw data is taken as it is or refused with its place; splits and artifacts are the same on every run."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.model_runs import MODELS

sys.path.insert(0, str(MODELS))

from modelkit import raw
from modelkit.columns import MISSING, Column, choice, integer, number, text

COLUMNS = [number("price", 0, 100), integer("rooms", 1), text("street", longest=8), choice("sold", "y", "n")]
GOOD = "price,rooms,street,sold\n1.5,2,Elm,y\n3,4,Oak,n\n"


def put(folder: Path, content: str | bytes, name: str = "homes.csv") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(raw.BadData) as caught:
        raw.read(folder, COLUMNS)
    return str(caught.value)


# columns


@given(st.text(max_size=12), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_number_that_is_taken_is_finite_and_within_its_bounds(value: str, least: float, width: float) -> None:
    for kind in (number, integer):
        values, wrong = kind("x", least, least + width).parse(pd.Series([value, repr(least), "nan"]))
        assert wrong[2]
        if not wrong[0]:
            assert least <= values[0] <= least + width
            assert value.isascii()
            assert kind is number or float(values[0]).is_integer()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_taken_without_bounds_and_comes_back_bit_for_bit(value: float) -> None:
    values, wrong = number("x").parse(pd.Series([repr(value)]))
    assert not wrong[0]
    assert values[0] == value


@given(st.text(max_size=12), st.integers(1, 10))
def test_a_text_that_is_taken_is_as_long_as_allowed_and_not_missing(value: str, longest: int) -> None:
    _, wrong = text("x", longest=longest).parse(pd.Series([value]))
    assert bool(wrong[0]) == (value in MISSING or not 1 <= len(value) <= longest)


@given(st.text(max_size=3), st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_choice_that_is_taken_is_one_of_the_choices(value: str, choices: list[str]) -> None:
    _, wrong = choice("x", *choices).parse(pd.Series([value]))
    assert bool(wrong[0]) == (value not in choices or value in MISSING)


@pytest.mark.parametrize("missing", sorted(MISSING))
@pytest.mark.parametrize("make", [number, integer, text, lambda name, **how: choice(name, "y", **how)])
def test_a_missing_value_is_taken_where_it_is_optional_only(make, missing: str) -> None:
    assert make("x").parse(pd.Series([missing]))[1][0]
    values, wrong = make("x", optional=True).parse(pd.Series([missing]))
    assert not wrong[0]
    assert values.isna()[0]


@pytest.mark.parametrize(
    "value", ["inf", "-inf", "1e999", "१२", "\uff11\uff12", "1,5", "0x10", "1_000", "$3", "--1", "1 2", "true"]
)
def test_what_only_looks_like_a_number_is_refused(value: str) -> None:
    assert number("x").parse(pd.Series([value]))[1][0]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (number("x"), "a number"),
        (number("x", 0), "a number of at least 0"),
        (number("x", maximum=2.5), "a number of at most 2.5"),
        (integer("x", 1, 10), "a whole number of at least 1 and at most 10"),
        (text("x", longest=8), "a text of at least 1 characters and at most 8 characters"),
        (choice("x", "y", "n"), "one of y, n"),
    ],
)
def test_a_column_says_what_it_wants(column: Column, words: str) -> None:
    assert column.wanted == words


# raw


def test_good_data_is_read_with_its_types(tmp_path: Path) -> None:
    table = raw.read(put(tmp_path, GOOD), COLUMNS).table
    assert table.to_dict("list") == {"price": [1.5, 3.0], "rooms": [2, 4], "street": ["Elm", "Oak"], "sold": ["y", "n"]}
    assert table["rooms"].dtype == "int64"


@pytest.mark.parametrize("content", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.rstrip("\n")])
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: str) -> None:
    assert len(raw.read(put(tmp_path, content), COLUMNS).table) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "homes.csv is not a CSV table: No columns to parse from file"),
        ("price,rooms,street\n", "homes.csv: the header (row 1) lacks 'sold'; expected the columns price, rooms, street, sold"),
        (GOOD.replace("sold", "Sold"), "homes.csv: the header (row 1) lacks 'sold' and has unknown 'Sold'; expected the columns"),
        (GOOD.replace("street,", "street,street,"), "homes.csv: the header (row 1) has unknown 'street.1'"),
        (
            GOOD + "1,2,Elm,y,9\n",
            "homes.csv is not a CSV table: Error tokenizing data. C error: Expected 4 fields in line 4, saw 5",
        ),
        (GOOD + "1,2\n", "homes.csv row 4, column street: is missing, must be a text of at least 1 characters"),
        (GOOD + "101,2,Elm,y\n", "homes.csv row 4, column price: '101' is not a number of at least 0 and at most 100"),
        (GOOD + "NaN,2,Elm,y\n", "homes.csv row 4, column price: 'NaN' is not a number of at least 0 and at most 100"),
        (GOOD + ",2,Elm,y\n", "homes.csv row 4, column price: is missing, must be a number of at least 0 and at most 100"),
        (GOOD + "१,2,Elm,y\n", "homes.csv row 4, column price: '१' is not a number"),
        (GOOD + "1,2.5,Elm,y\n", "homes.csv row 4, column rooms: '2.5' is not a whole number of at least 1"),
        (
            GOOD + "1,2,Chestnuts,y\n",
            "homes.csv row 4, column street: 'Chestnuts' is not a text of at least 1 characters and at most 8",
        ),
        (GOOD + "1,2,Elm,maybe\n", "homes.csv row 4, column sold: 'maybe' is not one of y, n"),
        (
            GOOD + "x,2,Elm,y\n" * 7,
            "homes.csv row 4, column price: 'x' is not a number of at least 0 and at most 100 (7 such rows: 4, 5, 6, 7, 8, ...)",
        ),
        (GOOD.encode() + "1,2,Öl,y\n".encode("latin-1"), "homes.csv row 4: byte 0xd6 is not UTF-8; save it as UTF-8"),
    ],
)
def test_a_table_that_is_not_what_was_asked_for_is_refused_with_file_row_and_column(
    tmp_path: Path, content: str | bytes, expected: str
) -> None:
    assert refused(put(tmp_path, content)).startswith(expected)


def test_the_problems_of_all_columns_are_told_at_once(tmp_path: Path) -> None:
    told = refused(put(tmp_path, GOOD + "x,0,,maybe\n"))
    assert [part.split(":")[0] for part in told.split("; ")] == [f"homes.csv row 4, column {c.name}" for c in COLUMNS]


def test_no_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    assert refused(put(tmp_path, GOOD, "homes.txt")) == "the raw data has no file *.csv; put one there with: mlp data put"


def test_files_whose_names_begin_with_an_underscore_are_no_data(tmp_path: Path) -> None:
    put(tmp_path, "nonsense", "_notes.csv")
    assert len(raw.read(put(tmp_path, GOOD), COLUMNS).files) == 1


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.data())
def test_row_numbers_are_those_of_the_files_however_many_there_are(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], data
) -> None:
    folder = tmp_path_factory.mktemp("files")
    rows = [(f"{file}.csv", row + 2, 10 * file + row) for file, size in enumerate(sizes) for row in range(size)]
    for file, size in enumerate(sizes):
        lines = [f"{10 * file + row},1,Elm,y\n" for row in range(size)]
        put(folder, "price,rooms,street,sold\n" + "".join(lines), f"{file}.csv")
    found = raw.read(folder, [number("price", 0, 1000), *COLUMNS[1:]])
    index = data.draw(st.integers(0, len(rows) - 1))
    name, row, price = rows[index]
    assert found.where(index) == f"{name} row {row}"
    assert found.table["price"][index] == price


def test_a_problem_in_a_later_file_names_that_file(tmp_path: Path) -> None:
    put(tmp_path, GOOD, "a.csv")
    assert refused(put(tmp_path, GOOD + "x,2,Elm,y\n", "b.csv")).startswith("b.csv row 4, column price: 'x'")


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    found = raw.read(put(tmp_path, GOOD), COLUMNS)
    raw.require_rows(found, 2)
    with pytest.raises(raw.BadData, match=r"homes.csv: 2 rows, at least 3 are needed"):
        raw.require_rows(found, 3)


def test_rows_that_repeat_are_refused_beyond_the_share_allowed(tmp_path: Path) -> None:
    found = raw.read(put(tmp_path, GOOD + "9,4,Oak,n\n"), COLUMNS)
    raw.refuse_repetition(found, ["street", "sold"], 0.4)
    raw.refuse_repetition(found, ["price", "street"])
    with pytest.raises(raw.BadData, match=r"homes.csv row 4, column street, sold: repeats homes.csv row 3 \(1 of 3 rows repeat"):
        raw.refuse_repetition(found, ["street", "sold"], 0.3)


def test_a_label_that_hardly_occurs_is_refused(tmp_path: Path) -> None:
    found = raw.read(put(tmp_path, GOOD + "9,4,Oak,n\n"), COLUMNS)
    raw.require_balance(found, "sold", ("y", "n"), 1)
    with pytest.raises(raw.BadData, match=r"column sold: 'y' 1 times, 'n' 2 times; each label is needed at least 2 times"):
        raw.require_balance(found, "sold", ("y", "n"), 2)


def test_of_a_models_own_checks_the_first_problem_is_told() -> None:
    raw.problems_of(iter([]))
    with pytest.raises(raw.BadData, match=r"^first$"):
        raw.problems_of(iter(["first", "second"]))
