"""What all parts agree on: names within limits, places that never meet, the standard library alone."""

import ast
import subprocess
import sys
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_platform.common.function_code import staged
from ml_platform.serving import input_validator
from platform_contract import layout
from platform_contract.names import MAX_NAME, PlatformNames, limited
from tests.conftest import ROOT
from tests.lambda_support import SCHEMA


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


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True) | st.sampled_from(
    ["models", "notebooks", "queries", "datasets", "raw", "train", "model", "evaluation", "capture", "athena"]
)


@given(NAMES, NAMES, st.sampled_from(get_args(layout.Results)), st.sampled_from(get_args(layout.Results)))
def test_what_belongs_to_different_things_never_lies_below_one_prefix(
    one: str, other: str, kind: layout.Results, second: layout.Results
) -> None:
    places = {
        layout.results(one, kind),
        layout.results(other, second),
        layout.notebook(one),
        layout.notebook(other),
        layout.QUERIES,
    }
    for place in places:
        assert not [found for found in places if found != place and found.startswith(place)], places


def test_the_contract_needs_the_standard_library_alone_and_python_3_10() -> None:
    for path in (ROOT / "platform_contract").rglob("*.py"):
        text = path.read_text()
        compile(text, str(path), "exec", flags=ast.PyCF_ONLY_AST, _feature_version=10)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name in [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]:
                    assert name.partition(".")[0] in {"platform_contract", *sys.stdlib_module_names}, f"{path.name}: {name}"


@pytest.mark.parametrize("function", ["watchdog", "gate", "predict", "promote"])
def test_a_function_is_deployed_with_all_that_it_imports_of_ours_and_no_more(function: str) -> None:
    generated = input_validator.files(SCHEMA) if function == "predict" else {}
    folder = staged(function, generated)
    modules = [
        ".".join(file.relative_to(folder).with_suffix("").parts) for file in folder.rglob("*.py") if file.stem != "__init__"
    ]
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "PATH": "", "PYTHONPATH": str(folder)}
    # The handlers read what the stack puts beside them; all else must be importable from the folder alone.
    imports = "; ".join(f"import {module}" for module in modules if not module.endswith(".handler"))
    done = subprocess.run(
        [sys.executable, "-c", imports], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    whole = {file.name for file in (ROOT / "platform_contract").rglob("*.py")}
    assert {file.name for file in (folder / "platform_contract").rglob("*.py")} < whole
