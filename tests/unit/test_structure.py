"""The layout that every tool relies on."""

import ast
import json
import sys
import tarfile
import tomllib
from pathlib import Path

import aws_cdk

ROOT = Path(__file__).parents[2]


def test_source_roots_are_no_packages() -> None:
    # With constructs/__init__.py aws-cdk-lib dies: it would find our folder instead of the package `constructs`.
    for root in ("constructs", "lambda"):
        assert not (ROOT / root / "__init__.py").exists(), f"{root}/ is a source root; remove its __init__.py"


def test_the_wheel_carries_what_runs_in_functions_and_notebooks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    packages = {folder.name for folder in (ROOT / "lambda").iterdir() if (folder / "__init__.py").exists()}
    assert set(included) == {*(f"lambda/{name}" for name in packages), "notebook"}
    # What the extras and the pytest plugin are, beside the constructs and the contract; the app's stacks stay here.
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        "constructs/ml_platform",
        "local_aws",
        "mlp",
        "platform_contract",
        "pytest_ml_platform",
        "settings",
    ]


def test_functions_are_known_to_the_import_contracts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {folder.name for folder in (ROOT / "lambda").iterdir() if (folder / "__init__.py").exists()}
    assert packages <= set(project["tool"]["importlinter"]["root_packages"])


def test_what_runs_in_a_notebook_imports_nothing_of_the_project_and_no_package() -> None:
    allowed = {*sys.stdlib_module_names, "idle_agent", "setup", "start"}
    for file in (ROOT / "notebook").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module else []
            unknown = {name.partition(".")[0] for name in names} - allowed
            assert not unknown, f"{file}: {unknown}"


LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-sdk.txt")


def locked(name: str) -> list[tuple[str, list[str]]]:
    """Return the pins of a lock, each with its hashes."""
    found: list[tuple[str, list[str]]] = []
    for line in (ROOT / name).read_text().splitlines():
        text = line.strip().removesuffix("\\").strip()
        if text.startswith("--hash="):
            found[-1][1].append(text)
        elif text and not text.startswith("#"):
            found.append((text, []))
    return found


def test_every_version_is_exact() -> None:
    for name in LOCKS:
        for pin, hashes in locked(name):
            assert "==" in pin and hashes, f"{name}: {pin}"
    versions = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert versions == {"aws-cdk": "2.1148.1"}


def test_every_model_declares_its_data_source() -> None:
    for data in (ROOT / "models").glob("*/data"):
        assert "licen" in (data / "SOURCE.md").read_text().lower()


def test_every_recommended_feature_flag_of_the_cdk_is_decided_on() -> None:
    archive = next((Path(aws_cdk.__file__).parent / "_jsii").glob("aws-cdk-lib@*.jsii.tgz"))
    with tarfile.open(archive) as package:
        content = package.extractfile("package/recommended-feature-flags.json")
        assert content is not None
        recommended = json.loads(content.read())
    ours = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert {flag: ours.get(flag) for flag in recommended if ours.get(flag) != recommended[flag]} == {
        # AWS GovCloud too.
        "@aws-cdk/core:target-partitions": ["aws", "aws-cn", "aws-us-gov"],
        # A stack that others use must not go before them: CloudFormation's exports refuse that.
        "@aws-cdk/core:defaultCrossStackReferences": "strong",
    }
