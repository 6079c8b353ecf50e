"""The configuration: what is refused, and how a person is told."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from settings import SettingsError, load_settings
from settings.errors import explain
from settings.loader import load_definition
from settings.model import ModelDefinition
from settings.schema import main as check_schema

ROOT = Path(__file__).parents[2]


def load(tmp_path: Path, text: str, models: Path = ROOT / "models"):
    file = tmp_path / "test.yaml"
    file.write_text(text)
    return load_settings(file, models)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    return caught.value.problems


def serving(**values) -> str:
    return yaml.safe_dump({"platform": {"environment": "test"}, "models": {"spam": {"serving": values}}})


@pytest.mark.parametrize("file", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda file: file.name)
def test_every_committed_configuration_is_valid(file: Path) -> None:
    assert load_settings(file).models


def test_an_environment_that_is_not_called_as_its_file_is_refused(tmp_path: Path) -> None:
    text = (ROOT / "config/dev.yaml").read_text()
    assert "must be the file's own name, 'test'" in problems(tmp_path, text)[0]


def test_the_comprehensive_sample_names_every_setting() -> None:
    def names(schema: dict, node: dict) -> set[str]:
        found = set()
        for part in [node, *node.get("anyOf", [])]:
            target = schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
            for name, inner in target.get("properties", {}).items():
                found |= {name} | names(schema, inner)
            values = [*target.get("patternProperties", {}).values(), target.get("additionalProperties")]
            for value in values:
                found |= names(schema, value) if isinstance(value, dict) else set()
        return found

    def keys(node: object) -> set[str]:
        return set(node) | {k for v in node.values() for k in keys(v)} if isinstance(node, dict) else set()

    from settings.root import Environment

    schema = Environment.model_json_schema()
    sample = yaml.safe_load((ROOT / "config/samples/comprehensive.yaml").read_text())
    assert names(schema, schema) - keys(sample) == set()


def test_all_problems_are_told_at_once_with_path_value_and_remedy(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "platform: {environment: DEV, acount: 1}\nmodels: {spam: {training: {instance_count: 0}}, nope: {}}",
    )
    assert len(found) == 4
    text = "\n".join(found)
    assert "platform.environment" in text and "'DEV'" in text
    assert "platform.acount: unknown key. Did you mean `account`?" in text
    assert "models.spam.training.instance_count" in text and "(got 0)" in text
    assert "models.nope: there is no folder" in text and re.search(r"known models: .*\bspam\b", text)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"min_instances": 0}, "min_instances must be at least 1"),
        ({"min_instances": 3, "max_instances": 2}, "must be at least min_instances (3)"),
        ({"instance_type": "ml.t2.medium", "max_instances": 2}, "burstable"),
        ({"instance_type": "ml.m5.huge"}, "closest: ml.m5"),
        ({"instance_type": "ml.p2.banana"}, "no instance type of this name"),
        ({"release": {"strategy": "canary"}}, "needs min_instances of at least 2"),
        ({"release": {"strategy": "yolo"}}, "'canary', 'linear' or 'all_at_once'"),
        ({"release": {"step_percent": 51}}, "less than or equal to 50"),
        ({"model_timeout_seconds": 26}, "less than or equal to 25"),
        ({"capture": {"percent": 101}}, "less than or equal to 100"),
        ({"log_retention_days": 91}, "CloudWatch Logs keeps logs for"),
    ],
)
def test_wrong_serving_settings_are_refused(tmp_path: Path, values: dict, expected: str) -> None:
    found = problems(tmp_path, serving(**values))
    assert len(found) == 1
    assert expected in found[0]


def test_one_key_is_not_enough_to_destroy_data(tmp_path: Path) -> None:
    text = "platform: {environment: test}\nstorage: {destroy_on_delete: true}"
    assert "also needs platform.ephemeral: true" in problems(tmp_path, text)[0]


def test_burst_below_rate_is_refused(tmp_path: Path) -> None:
    text = "platform: {environment: test}\ngateway: {rate_limit: 50, burst_limit: 10}"
    assert "raise burst_limit to 50" in problems(tmp_path, text)[0]


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\x00"])
def test_files_that_are_no_configuration_are_told_so(tmp_path: Path, text: str) -> None:
    assert "test.yaml" in problems(tmp_path, text)[0]


def test_a_missing_file_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no such file; there are: .*local.yaml"):
        load_settings(ROOT / "config/nowhere.yaml")


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load(tmp_path, serving())
    with pytest.raises(Exception, match="frozen"):
        settings.platform.name = "x"


def rule(**changes) -> dict:
    return {"metric": "accuracy", "minimum": 0.85, **changes}


def definition(**changes) -> dict:
    return {**yaml.safe_load((ROOT / "models/spam/model.yaml").read_text()), **changes}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"framework": {"version": "latest"}}, "allowed: 1.9-0"),
        ({"gate": []}, "at least 1 item"),
        ({"gate": [{"metric": "accuracy"}]}, "exactly one of them"),
        ({"gate": [{"metric": "accuracy", "minimum": 1, "maximum": 2}]}, "exactly one of them"),
        ({"gate": [rule(min_improvement=0.1)]}, "add baseline, or remove min_improvement"),
        ({"gate": [rule(min_improvement=0)]}, "add baseline, or remove min_improvement"),
        ({"gate": [rule(baseline="accuracy")]}, "names the rule's own metric; name another, such as baseline_accuracy"),
        ({"gate": [rule(baseline="baseline", min_improvement=-0.1)]}, "greater than or equal to 0"),
        ({"gate": [rule(max_regression=-0.1)]}, "greater than or equal to 0"),
        ({"gate": [rule(max_regression=float("inf"))]}, "finite number"),
        ({"gate": [{"metric": "accuracy", "minimum": float("nan")}]}, "finite number"),
        ({"gate": [rule(metric="a b")]}, "should match pattern"),
        ({"data": []}, "at least 1 item"),
        ({"data": "/etc/passwd"}, "lies inside the model's folder"),
        ({"data": ["data/a.csv", "../b.csv"]}, "lies inside the model's folder"),
        ({"data": "data/_notes.csv"}, "is never data; rename the file"),
        ({"data": ["data/a.csv", "more/a.csv"]}, "a.csv is there twice"),
        ({"dataset": "Movie Lens"}, "should match pattern"),
        ({"hyperparameters": {"sagemaker_program": "x"}}, "which the container has for itself"),
        ({"input_schema": {"type": "array"}}, "type must be object, got 'array'"),
        (
            {"input_schema": {"type": "object", "properties": {"a": {"type": "number", "pattern": "x"}}}},
            "properties.a.pattern is not known",
        ),
        ({"input_schema": {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["b"]}}, "required names 'b'"),
        (
            {"input_schema": {"type": "object", "properties": {"a": {"type": "number", "minimum": "x"}}}},
            "minimum must be of type number, got string",
        ),
        (
            {"input_schema": {"type": "object", "properties": {"a": {"type": "string", "enum": "abc"}}}},
            "enum must be of type array, got string",
        ),
        (
            {"input_schema": {"type": "object", "properties": {"a": {"type": "string", "maxLength": -1}}}},
            "maxLength must be at least 0, got -1",
        ),
        ({"name": "Spam"}, "should match pattern"),
    ],
)
def test_wrong_model_definitions_are_refused(changes: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected.replace("(", r"\(")):
        ModelDefinition.model_validate(definition(**changes))


def test_a_gate_rule_may_ask_for_a_lead_and_for_no_max_regression() -> None:
    full = rule(baseline="baseline_accuracy", min_improvement=0.1, max_regression=0)
    found = ModelDefinition.model_validate(definition(gate=[full])).gate[0]
    assert found.model_dump() == {**full, "maximum": None}


def test_a_model_reads_the_dataset_of_its_own_name_unless_it_names_another() -> None:
    assert ModelDefinition.model_validate(definition()).dataset_name == "spam"
    assert ModelDefinition.model_validate(definition(dataset="movielens")).dataset_name == "movielens"


def test_data_is_one_file_or_several() -> None:
    assert ModelDefinition.model_validate(definition(data="data/a.csv")).data_files == ["spam/data/a.csv"]
    several = ["data/a.csv", "data/b.csv"]
    assert ModelDefinition.model_validate(definition(data=several)).data_files == [f"spam/{file}" for file in several]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"approval": "yes"}, "'manual' or 'automatic' (got 'yes')"),
        ({"training": {"step_cache_days": 366}}, "less than or equal to 365"),
        ({"training": {"step_cache_days": -1}}, "greater than or equal to 0"),
    ],
)
def test_wrong_training_settings_are_refused(tmp_path: Path, section: dict, expected: str) -> None:
    found = problems(tmp_path, yaml.safe_dump({"platform": {"environment": "test"}, "models": {"spam": section}}))
    assert len(found) == 1
    assert expected in found[0]


def test_the_sample_must_fit_the_input_schema() -> None:
    for value, expected in (("many", "must be of type number"), (0, "must be at least 1, got 0")):
        with pytest.raises(ValueError, match=f"sample: crl_tot {expected}"):
            ModelDefinition.model_validate(definition(sample={**definition()["sample"], "crl_tot": value}))


def test_a_model_folder_without_a_script_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "model.yaml").write_text(yaml.safe_dump(definition(name="half")))
    with pytest.raises(SettingsError, match=r"prepare\.py is missing"):
        load_definition(folder)


def test_the_committed_schemas_are_up_to_date() -> None:
    assert check_schema(["--check"]) == 0


@pytest.mark.parametrize(
    ("old", "new"), [("beats", "baseline"), ("beats_by", "min_improvement"), ("worse_than_live", "max_regression")]
)
def test_an_old_key_of_a_rule_is_told_with_its_new_name(old: str, new: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ModelDefinition.model_validate(definition(gate=[rule(**{old: "x"})]))
    (problem,) = explain(Path("model.yaml"), ModelDefinition, caught.value)
    assert problem == f"model.yaml: gate.0.{old}: unknown key. It is called `{new}` now; rename it."


def test_old_keys_of_an_environment_are_told_with_their_new_names(tmp_path: Path) -> None:
    content = {"platform": {"environment": "test"}, "models": {"spam": {"training": {"reuse_days": 1}}}, "backstop": {}}
    assert [problem.partition(": ")[2] for problem in problems(tmp_path, yaml.safe_dump(content))] == [
        "models.spam.training.reuse_days: unknown key. It is called `step_cache_days` now; rename it.",
        "backstop: unknown key. It is called `watchdog` now; rename it.",
    ]


def test_data_may_lie_in_a_package_that_models_share() -> None:
    shared = definition(packages=["mails"], data=["mails/data/a.csv", "data/b.csv"])
    found = ModelDefinition.model_validate(shared)
    assert found.data_files == ["mails/data/a.csv", "spam/data/b.csv"]
    assert found.shared_packages == ["modelkit", "mails"]


@pytest.mark.parametrize(
    ("name", "expected"), [("modelkit", "leave it out"), ("../x", "match pattern"), ("a-b", "match pattern")]
)
def test_a_package_must_be_one_that_can_be_imported(name: str, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        ModelDefinition.model_validate(definition(packages=[name]))


def test_a_package_that_is_not_there_is_refused_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "spam"
    folder.mkdir()
    for script in ("prepare.py", "train.py", "evaluate.py", "serve.py"):
        (folder / script).touch()
    (folder / "model.yaml").write_text(yaml.safe_dump(definition(packages=["mails"])))
    with pytest.raises(SettingsError, match=r"packages: .*/mails is no Python package; correct it"):
        load_definition(folder)
