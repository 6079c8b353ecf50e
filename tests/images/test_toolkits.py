"""Scripts as AWS's samples have them, through the image's own toolkits."""

import io
import json
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest

from local_aws.containers import model_server, training_contract
from local_aws.containers.container import Container
from local_aws.containers.environments import Environment

TRAIN = """
import argparse, json, os
import joblib, pandas as pd
import sagemaker_containers.beta.framework
from sklearn.linear_model import LinearRegression

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--output-data-dir", type=str, default=os.environ["SM_OUTPUT_DATA_DIR"])
    parser.add_argument("--model-dir", type=str, default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--train", type=str, default=os.environ["SM_CHANNEL_TRAIN"])
    arguments = parser.parse_args()
    table = pd.read_parquet(os.path.join(arguments.train, "table.parquet"))
    model = LinearRegression().fit(table[["x", "z"]].to_numpy(), table["y"])
    os.makedirs("/opt/ml/model", exist_ok=True)
    joblib.dump(model, "/opt/ml/model/model.joblib")
    print("trained in", os.getcwd())
"""
SERVE = """
import joblib, os
def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""
ECHO = "import json, sys; print(json.dumps(sys.argv[1:]))"


def train(
    environment: Environment, work: Path, script: str, data: dict[str, bytes], **hyperparameters
) -> tuple[Container, int, list]:
    """Run a script as a training job does; return the container, its exit code and what it wrote."""
    container = Container(environment, work / "training", isolated=True)
    training_contract.make_folders(container.ml)
    code, channel = container.ml / "input/data/code", container.ml / "input/data/train"
    for folder in (code, channel):
        folder.mkdir()
    with tarfile.open(code / "sourcedir.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("train.py")
        entry.size = len(script.encode())
        archive.addfile(entry, io.BytesIO(script.encode()))
    for name, content in data.items():
        (channel / name).write_bytes(content)
    script_mode = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz",
        "sagemaker_container_log_level": 30,
    }
    training_contract.write(
        container.ml,
        hyperparameters={key: json.dumps(value) for key, value in {**hyperparameters, **script_mode}.items()},
        channels={"train": training_contract.channel(), "code": training_contract.channel()},
        host="algo-1",
        hosts=["algo-1"],
        instance_type="ml.m5.large",
    )
    said: list[str] = []
    outcome = container.run(environment.image.train, said.append, seconds=120, stop=threading.Event())
    return container, outcome.exit_code, said


@pytest.fixture(scope="module")
def trained(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two features that answers x + 2z, trained as AWS's samples train."""
    work = tmp_path_factory.mktemp("trained")
    table = work / "make.py"
    table.write_text(
        "import numpy as np, pandas as pd, sys\nx = np.random.default_rng(0).random((50, 2))\n"
        "pd.DataFrame({'x': x[:, 0], 'z': x[:, 1], 'y': x[:, 0] + 2 * x[:, 1]}).to_parquet('/opt/ml/table.parquet')"
    )
    maker = Container(environment, work / "maker")
    maker.run(["python3", "-c", table.read_text()], print, seconds=60, stop=threading.Event())
    data = {"table.parquet": maker.place("/opt/ml/table.parquet").read_bytes()}
    container, exit_code, said = train(environment, work, TRAIN, data)
    assert exit_code == 0, said
    assert "trained in /opt/ml/code" in said
    assert (container.ml / "output/success").exists()
    return container.ml / "model"


def server(environment: Environment, model: Path, work: Path, serve: str, said: list[str], **variables: str):
    """Start the model server on the model with the serving code `serve`."""
    folder = work / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "model.joblib").write_bytes((model / "model.joblib").read_bytes())
    (folder / "code/serve.py").write_text(serve)
    script_mode = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    container = Container(environment, work / "serving", {**script_mode, **variables}, isolated=True)
    return model_server.started(container, folder, said.append, 120)


def test_model_fn_alone_is_enough(environment: Environment, trained: Path, tmp_path: Path) -> None:
    array = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
    npy, pickled = io.BytesIO(), io.BytesIO()
    np.save(npy, array)
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with server(environment, trained, tmp_path, SERVE, [], **environment.image.serving_environment) as model:

        def ask(kind: str, body: bytes, accept: str = "application/json") -> tuple[int, str, bytes]:
            return model.invoke(body, {"Content-Type": kind, "Accept": accept})[:3]

        for kind, body in (
            ("application/json", b"[[1, 2], [3, 4]]"),
            ("text/csv", b"1,2\n3,4"),
            ("application/x-npy", npy.getvalue()),
        ):
            status, answered, content = ask(kind, body)
            assert (status, answered) == (200, "application/json"), content
            assert json.loads(content) == pytest.approx([5, 11], rel=1e-4)
        status, answered, content = ask("text/csv", b"1,2\n3,4", "text/csv")
        assert answered.startswith("text/csv") and [float(word) for word in content.split()] == pytest.approx([5, 11], rel=1e-4)
        assert ask("text/csv", b"1,2\n3,4", "application/x-npy")[2].startswith(b"\x93NUMPY")
        assert ask("application/x-tar", b"?")[0] == ask("application/json", b"[[1, 2], [3, 4]]", "image/png")[0] == 500
        status, _, content = ask("application/x-npy", pickled.getvalue())
        assert status == 500 and b"a" not in content[:1], "what a caller sends is never unpickled"


def test_a_dict_from_output_fn_is_json_and_transform_fn_takes_the_place_of_all(
    environment: Environment, trained: Path, tmp_path: Path
) -> None:
    own = SERVE + "\ndef input_fn(body, kind): return body\ndef predict_fn(data, model): return {'got': data}\n"
    own += "def output_fn(answer, accept): return answer\n"
    with server(environment, trained, tmp_path / "a", own, [], **environment.image.serving_environment) as model:
        status, kind, content, _ = model.invoke(b"[1]", {"Content-Type": "application/json"})
        assert (status, kind, json.loads(content)) == (200, "application/json", {"got": "[1]"})
    own = SERVE + "\ndef transform_fn(model, body, kind, accept): return f'{kind} {accept}', 'text/plain'\n"
    with server(environment, trained, tmp_path / "b", own, [], **environment.image.serving_environment) as model:
        status, kind, content, _ = model.invoke(b"[1]", {"Content-Type": "application/json", "Accept": "text/plain"})
        assert (status, kind.partition(";")[0], content) == (200, "text/plain", b"application/json text/plain")


def test_without_the_images_serving_environment_an_isolated_server_does_not_start(
    environment: Environment, trained: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    with pytest.raises(model_server.NotHealthy), server(environment, trained, tmp_path, SERVE, said):
        pass
    assert any("setuptools" in line for line in said), said


def test_a_script_that_fails_leaves_the_toolkits_failure_file(environment: Environment, tmp_path: Path) -> None:
    container, exit_code, said = train(environment, tmp_path, "raise ValueError('no rows')", {})
    assert exit_code == 1
    assert "ValueError: no rows" in said
    assert "ExecuteUserScriptError" in (container.ml / "output/failure").read_text()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"flag": True}, ["--flag", "True"]),
        ({"flag": False}, ["--flag", "False"]),
        ({"c": 1.0}, ["-c", "1.0"]),
        ({"name": 'it\'s a "quote" & $HOME'}, ["--name", 'it\'s a "quote" & $HOME']),
        ({"größe": "naïve ☂"}, ["--größe", "naïve ☂"]),
        ({"max-iter": 200, "a": "b"}, ["-a", "b", "--max-iter", "200"]),
    ],
)
def test_hyperparameters_reach_the_script_as_the_toolkit_writes_them(
    environment: Environment, tmp_path: Path, given: dict, expected: list[str]
) -> None:
    _, exit_code, said = train(environment, tmp_path, ECHO, {}, **given)
    assert exit_code == 0
    assert json.loads(said[-1]) == expected
