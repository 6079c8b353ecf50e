"""Every model has a page, a picture and the code that draws it, and what the page says is what evaluate.py measures."""

import ast
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from settings.loader import load_definition
from tests.unit.model_runs import MODELS, finished

ROOT = MODELS.parent
PAGES, IMAGES, PLOTS = ROOT / "docs/models", ROOT / "docs/images/models", ROOT / "tools/model_plots"
NAMES = sorted(path.parent.name for path in MODELS.glob("*/model.yaml"))
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?")
KEPT = 1e-4
"""Figures quoted may differ from those of this machine by so much of their size: other processors round otherwise."""

models = pytest.mark.parametrize("model", NAMES)


def page(model: str) -> str:
    return (PAGES / f"{model}.md").read_text()


def quoted(text: str) -> set[str]:
    """Return all numbers in the tables of a page."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return {number for row in rows for number in NUMBER.findall(row)}


def is_quoted(value: float, numbers: set[str]) -> bool:
    """Return whether one of `numbers` is `value`, rounded to its own digits; as a percentage, too."""
    return any(rounds_to(value, number) for number in numbers)


def rounds_to(value: float, number: str) -> bool:
    digits = len(number.rstrip("%").partition(".")[2])
    significant = len(re.sub(r"\D", "", number).lstrip("0"))
    shown = float(number.rstrip("%").replace(",", ""))
    scales = (100,) if number.endswith("%") else (1, 100)  # a column's header may say that it is in percent
    return significant >= 2 and any(
        abs(value * scale - shown) <= 0.5 * 10**-digits * 1.001 + KEPT * abs(shown) for scale in scales
    )


@models
def test_the_page_shows_the_picture_and_how_to_ask_the_model(model: str) -> None:
    assert f"](../images/models/{model}.svg)" in page(model)
    assert f"mlp predict {model}" in page(model)
    source = Path(load_definition(MODELS / model).data_files[0]).with_name("SOURCE.md")
    assert f"](../../models/{source})" in page(model)


@models
def test_the_picture_is_a_small_svg_that_is_the_same_on_every_day(model: str) -> None:
    file = IMAGES / f"{model}.svg"
    root = ET.parse(file).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert file.stat().st_size < 100_000
    assert not re.search(r"<dc:date>|<text[ >]|matplotlib v", file.read_text()), "a date, or a font of the machine that drew it"


@models
def test_the_picture_has_code_that_draws_it(model: str) -> None:
    tree = ast.parse((PLOTS / f"{model.replace('-', '_')}.py").read_text())
    draw = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "draw")
    assert [argument.arg for argument in draw.args.args] == ["plots", "metrics", "figure"]


@models
def test_the_tables_of_the_page_quote_what_must_be_beaten_and_by_what(model: str) -> None:
    metrics, numbers = finished(model).metrics, quoted(page(model))
    rules = [rule for rule in finished(model).definition["gate"] if "baseline" in rule]
    assert rules, "a gate that beats no baseline says nothing"
    compared = {name for rule in rules for name in (rule["metric"], rule["baseline"])}
    absent = {name: metrics[name] for name in sorted(compared) if not is_quoted(metrics[name], numbers)}
    assert not absent, f"not in a table of docs/models/{model}.md: {absent}"


@models
def test_the_picture_was_drawn_from_the_metrics_of_today(model: str) -> None:
    drawn = json.loads((PAGES / "figures.json").read_text())[model]
    assert drawn == pytest.approx(finished(model).metrics, rel=1e-3), f"draw it again: python -m tools.model_plots {model}"


def test_the_index_names_every_model_with_its_use_case_and_its_figures() -> None:
    index = (PAGES / "README.md").read_text()
    rows = {row.split("]")[0].removeprefix("| ["): row for row in index.splitlines() if row.startswith("| [")}
    assert sorted(rows) == NAMES
    for model, row in rows.items():
        definition, metrics = finished(model).definition, finished(model).metrics
        main = next(rule for rule in definition["gate"] if "baseline" in rule)
        assert f"]({model}.md)" in row
        assert definition["use_case"].replace("_", " ") in row
        assert is_quoted(metrics[main["metric"]], quoted(row)), (model, main["metric"], metrics[main["metric"]])
        assert is_quoted(metrics[main["baseline"]], quoted(row)), (model, main["baseline"], metrics[main["baseline"]])


@pytest.mark.parametrize(
    ("value", "number", "same"),
    [
        (0.8704, "0.870", True),
        (0.8704, "87.0%", True),
        (0.8704, "0.871", False),
        (14389.2, "14,389", True),
        (0.8704, "0.9", False),
    ],
)
def test_a_number_is_quoted_if_rounding_gives_it(value: float, number: str, same: bool) -> None:
    assert rounds_to(value, number) == same
