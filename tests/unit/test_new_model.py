"""`mlp new`: a copy of an example that runs at once, complete or not there, with a name and a dataset of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from mlp.models import new as making
from mlp.models.new import new_model, next_steps
from mlp.platform.errors import MlpError
from settings.loader import load_definition
from settings.model import ModelDefinition
from tests.unit.model_runs import MODELS, ModelRun

USE_CASES = sorted(path.parent.name for path in MODELS.glob("*/model.yaml"))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models with one that is small and one that is shared: its dataset has another name."""
    folder = tmp_path / "models"
    for name in ("spam", "modelkit"):
        shutil.copytree(MODELS / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / "model.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_copy_runs_at_once_under_its_own_name(models: Path, tmp_path: Path) -> None:
    folder = new_model("churn", "classification", models)
    assert folder == models / "churn"
    assert load_definition(folder).name == "churn"
    run = ModelRun("churn", tmp_path / "work", models).all()
    assert run.missed() == []
    assert run.answers()[0]["class"] == "spam"


def test_a_copy_has_everything_of_the_example_and_nothing_that_a_run_left(models: Path) -> None:
    (models / "spam/__pycache__").mkdir()
    (models / "spam/__pycache__/serve.pyc").touch()
    folder = new_model("churn", "spam", models)
    copied = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert copied == {
        str(path.relative_to(MODELS / "spam")) for path in (MODELS / "spam").rglob("*") if "__pycache__" not in str(path)
    }


def test_only_name_and_description_of_model_yaml_change_and_comments_stay(models: Path) -> None:
    edit(models / "spam", "use_case:", "# why this one\nuse_case:")
    before, after = (models / "spam/model.yaml").read_text(), (new_model("churn", "spam", models) / "model.yaml").read_text()
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line.partition(":")[0] for line in changed] == ["name", "description"]
    assert "# why this one" in after
    assert "To be written" in yaml.safe_load(after)["description"]


def test_lists_need_not_be_indented(models: Path) -> None:
    for name in ("watchlist", "movielens"):
        shutil.copytree(MODELS / name, models / name, ignore=shutil.ignore_patterns("__pycache__"))
    edit(models / "watchlist", "packages: [movielens]\n", "packages:\n- movielens\n")
    files = "movielens/data/ratings.csv", "movielens/data/movies.csv"
    edit(models / "watchlist", f"data: [{', '.join(files)}]\n", f"data:\n- {files[0]}\n\n- {files[1]}\n")
    definition = load_definition(new_model("films", "watchlist", models))
    assert definition.data_files == ["films/data/ratings.csv", "films/data/movies.csv"] and not definition.packages


@pytest.mark.parametrize("value", ["others", "others # shared with them", ">-\n  others\n\n  "])
def test_a_copy_never_reads_the_dataset_that_the_example_shares(models: Path, value: str) -> None:
    edit(models / "spam", "data: data/spam7.csv", f"dataset: {value}\ndata: data/spam7.csv")
    text = making._renamed((models / "spam/model.yaml").read_text(), "churn", load_definition(models / "spam"))
    content = yaml.safe_load(text)
    assert "dataset" not in content
    assert content["data"] == "data/spam7.csv"


def test_a_copy_has_for_itself_what_the_example_shares(models: Path, tmp_path: Path) -> None:
    for name in ("movies", "movielens"):
        shutil.copytree(MODELS / name, models / name, ignore=shutil.ignore_patterns("__pycache__"))
    folder = new_model("songs", "recommendation", models)
    definition = load_definition(folder)
    assert (definition.packages, definition.dataset) == ([], None)
    assert definition.data_files == ["songs/data/ratings.csv", "songs/data/movies.csv"]
    assert (folder / "data/SOURCE.md").is_file() and not (folder / "movielens/data").exists()
    shutil.rmtree(models / "movielens")
    run = ModelRun("songs", tmp_path / "work", models)
    run.prepare()
    run.fit()
    assert (run.fitted / "code/movielens/films.py").is_file()
    assert len(run.answers()[0]["titles"]) == 5


def test_a_description_over_several_lines_is_replaced_as_a_whole(models: Path) -> None:
    text = (models / "spam/model.yaml").read_text()
    text = re.sub(r"^description: .*$", "description: >-\n  Tells spam\n\n  from ham.", text, flags=re.MULTILINE)
    (models / "spam/model.yaml").write_text(text)
    content = yaml.safe_load((new_model("churn", "spam", models) / "model.yaml").read_text())
    assert "ham" not in content["description"]
    assert content["use_case"] == "classification"


@pytest.mark.parametrize("name", ["Churn", "c", "churn_eu", "1churn", "churn-", "a" * 21, "../churn", "", "chürn", "churn\n"])
def test_a_name_that_no_model_can_have_is_refused_with_what_is_allowed(models: Path, name: str) -> None:
    with pytest.raises(MlpError, match="2 to 20 characters of a-z, 0-9 and -") as caught:
        new_model(name, "spam", models)
    assert repr(name) in str(caught.value)


def test_the_name_of_what_all_models_share_is_refused(models: Path) -> None:
    with pytest.raises(MlpError, match="'modelkit' is what all models share"):
        new_model("modelkit", "spam", models)


def test_a_folder_that_exists_is_left_as_it_is(models: Path) -> None:
    (models / "churn").mkdir()
    with pytest.raises(MlpError, match="exists already; choose another name"):
        new_model("churn", "spam", models)
    assert list((models / "churn").iterdir()) == []


def test_an_unknown_example_is_refused_with_all_that_there_are(models: Path) -> None:
    with pytest.raises(MlpError, match=r"--like fortune: neither a use case nor a model; there are: spam \(classification\)"):
        new_model("churn", "fortune", models)
    with pytest.raises(MlpError, match=r"--like clustering: no model has this use case; there are: spam \(classification\)"):
        new_model("churn", "clustering", models)


@pytest.mark.parametrize("like", ["../models/spam", ".", "modelkit"])
def test_only_a_model_can_be_copied(models: Path, like: str) -> None:
    with pytest.raises(MlpError, match="neither a use case nor a model"):
        new_model("churn", like, models)


def test_a_use_case_of_several_models_asks_which(models: Path) -> None:
    new_model("churn", "spam", models)
    with pytest.raises(MlpError, match="churn and spam have this use case; name one of them, such as --like churn"):
        new_model("other", "classification", models)


def test_a_model_that_is_being_written_does_not_stop_another(models: Path) -> None:
    (models / "half").mkdir()
    (models / "half/model.yaml").write_text("name: half\n")
    assert new_model("churn", "classification", models).is_dir()
    with pytest.raises(MlpError, match=r"half.*prepare\.py is missing"):
        new_model("other", "half", models)


@pytest.mark.parametrize("stopped_at", ["copytree", "_load"])
def test_interrupted_it_leaves_nothing_behind(models: Path, monkeypatch: pytest.MonkeyPatch, stopped_at: str) -> None:
    before = sorted(models.iterdir())
    copy = shutil.copytree

    def interrupted(source: Path, target: Path, **how) -> None:
        copy(source, target, **how)
        raise KeyboardInterrupt

    def checked(folder: Path) -> ModelDefinition:
        if folder.name == "churn":
            raise KeyboardInterrupt
        return load_definition(folder)

    if stopped_at == "copytree":
        monkeypatch.setattr(making, "shutil", SimpleNamespace(copytree=interrupted, ignore_patterns=shutil.ignore_patterns))
    else:
        monkeypatch.setattr(making, "_load", checked)
    with pytest.raises(KeyboardInterrupt):
        new_model("churn", "spam", models)
    assert sorted(models.iterdir()) == before


def test_while_it_is_made_nobody_sees_it_among_the_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    load = making._load

    def looked(folder: Path):
        seen.append(sorted(path.parent.name for path in models.glob("*/model.yaml")))
        return load(folder)

    monkeypatch.setattr(making, "_load", looked)
    new_model("churn", "spam", models)
    assert all(names == ["spam"] for names in seen)
    assert seen


def test_of_two_that_make_the_same_model_one_is_told(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = making._load

    def meanwhile(folder: Path):
        if folder.name == "churn":
            (models / "churn").mkdir()
            (models / "churn/theirs").touch()
        return load(folder)

    monkeypatch.setattr(making, "_load", meanwhile)
    with pytest.raises(MlpError, match="exists already"):
        new_model("churn", "spam", models)
    assert [path.name for path in (models / "churn").iterdir()] == ["theirs"]


def test_the_next_steps_can_be_pasted(models: Path) -> None:
    new_model("churn", "spam", models)
    said = next_steps("churn", models)
    pasted = yaml.safe_load(said[said.index("  models:") : said.index("Then:")])
    assert pasted == {"models": {"churn": {"serving": {"max_instances": 2}}}}
    assert "mlp data put churn models/churn/data/spam7.csv" in said


@pytest.mark.parametrize("example", USE_CASES)
def test_every_example_can_be_copied(tmp_path: Path, example: str) -> None:
    folder = tmp_path / "models"
    for name in (example, *load_definition(MODELS / example).packages):
        shutil.copytree(MODELS / name, folder / name)
    definition = load_definition(new_model("churn", example, folder))
    assert definition.use_case == load_definition(MODELS / example).use_case
    assert getattr(definition, "dataset_name", "churn") == "churn"


def test_the_command_ends_with_a_sentence_and_exit_code_2(tmp_path: Path) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "MLP_STATE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "mlp", "new", "Churn", "--like", "spam"]
    done = subprocess.run(command, cwd=MODELS.parent, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'Churn' cannot be a model's name" in done.stderr
    assert "Traceback" not in done.stderr
