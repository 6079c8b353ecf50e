"""`import mlp` in a notebook: light, strict about what it is given, complete in what it asks of AWS."""

import dataclasses
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlp
from mlp import Failed, Job, MlpError, Run
from mlp.datasets.manifest import COMPLETE, DatasetVersion, manifest_key
from mlp.in_notebook import endpoint, names, source
from mlp.in_notebook import platform as notebook_platform
from platform_contract.serving import ENVIRONMENT as PLATFORM_ENVIRONMENT
from stacks.notebooks import CLIENT_FOLDERS
from tests.unit.fake_aws import FakeClient, FakeS3, refusal

ROOT = Path(__file__).parents[2]
KEY = "arn:aws:kms:eu-central-1:111122223333:key/k"
ROLE = "arn:aws:iam::111122223333:role/jobs"
IMAGE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
CONTENT = {
    "environment": "dev", "prefix": "mlp-dev", "notebook": "anna", "instance": "mlp-dev-nb-anna-1a2b", "region": "eu-central-1",
    "data_bucket": "data-bucket", "artifacts_bucket": "artifacts-bucket", "key_arn": KEY, "job_role_arn": ROLE,
    "images": {"sklearn": IMAGE}, "subnets": ["subnet-1"], "security_groups": ["sg-1"], "models": {"spam": "mlp-dev-spam"},
    "client": "s3://a/b.zip", "packages": [], "endpoint_hours": 8, "log_group": "/mlp-dev/notebooks",
}  # fmt: skip
SCRIPT = "print('trains')\n"
DONE = {
    "TrainingJobStatus": "Completed", "SecondaryStatus": "Completed", "BillableTimeInSeconds": 63,
    "ModelArtifacts": {"S3ModelArtifacts": "s3://artifacts-bucket/notebooks/anna/jobs/j/output/model.tar.gz"},
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
}  # fmt: skip


@dataclasses.dataclass
class Notebook:
    """A notebook's AWS."""

    s3: FakeS3
    sagemaker: FakeClient
    logs: FakeClient
    runtime: FakeClient
    answers: dict[str, Any]
    """What SageMaker answers, by operation."""

    def client(self, service: str) -> Any:
        return {"s3": self.s3, "sagemaker": self.sagemaker, "logs": self.logs, "sagemaker-runtime": self.runtime}[service]


VERSION = DatasetVersion("spam", 2, COMPLETE, "2026-11-24T00:00:00Z", "arn:x", "", "0" * 64, ())


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    answers = {name: {} for name in ("create_training_job", "create_model", "create_endpoint_config", "create_endpoint")}
    answers |= {name: {} for name in ("delete_model", "delete_endpoint_config", "delete_endpoint", "stop_training_job")}
    answers["describe_training_job"] = DONE
    answers["describe_endpoint"] = {"EndpointStatus": "InService"}
    log = {
        "describe_log_streams": {"logStreams": [{"logStreamName": "x/algo-1-17"}]},
        "get_log_events": lambda **asked: {
            "events": [] if "nextToken" in asked else [{"message": "loss 0.1\n"}],
            "nextForwardToken": "end",
        },
    }
    found = Notebook(
        FakeS3(
            {
                "data-bucket/datasets/spam/raw/version=2/spam7.csv": b"a,b\n1,2\n",
                f"data-bucket/{manifest_key('spam', 2)}": VERSION.to_json(),
            }
        ),
        FakeClient("sagemaker", answers),
        FakeClient("logs", log),
        FakeClient("sagemaker-runtime", {}),
        answers,
    )
    (tmp_path / "platform.json").write_text(json.dumps(CONTENT))
    monkeypatch.setattr(notebook_platform, "FILE", tmp_path / "platform.json")
    monkeypatch.setattr(notebook_platform.NotebookPlatform, "client", lambda _self, service: found.client(service))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    Path("train.py").write_text(SCRIPT)
    return found


def request(notebook: Notebook) -> dict[str, Any]:
    (asked,) = notebook.sagemaker.called("create_training_job")
    return asked


# --- import


BLOCKED = ("pydantic", "yaml", "typer", "rich", "psutil", "stacks", "aws_cdk", "local_aws")


def test_the_client_imports_nothing_that_a_notebook_lacks(tmp_path: Path) -> None:
    """It also finds platform.json from where it lies, and answers with it."""
    for name, folder in CLIENT_FOLDERS.items():
        shutil.copytree(folder, tmp_path / "client" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "platform.json").write_text(json.dumps(CONTENT))
    code = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ImportError(f"{{name}} was imported")
sys.meta_path.insert(0, Blocked())
import mlp
from mlp.in_notebook.platform import required
print(required("test").data_bucket)
print([name for name in sys.modules if name.partition(".")[0] in {BLOCKED!r}])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "client")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["data-bucket", "[]"]


def test_what_runs_in_a_notebook_is_written_for_python_3_10() -> None:
    modules = [
        *(ROOT / "mlp/in_notebook").glob("*.py"),
        *(ROOT / "mlp" / name for name in ("api.py", "platform/aws.py")),
    ]
    for path in [*modules, ROOT / "mlp/runs/training.py", ROOT / "mlp/runs/registry.py", ROOT / "mlp/runs/overview.py"]:
        compile(path.read_text(), str(path), "exec", flags=0x400, _feature_version=10)  # 0x400: parse only
        assert not re.search(r"import .*\b(UTC|StrEnum|Self|tomllib)\b", path.read_text()), f"{path.name} needs Python 3.11"


def test_outside_of_a_notebook_they_say_so() -> None:
    for call in (lambda: mlp.train(script="train.py"), lambda: mlp.deploy("job"), mlp.endpoints, lambda: mlp.data("spam")):
        with pytest.raises(MlpError, match="works in the platform's notebooks only"):
            call()


def test_in_a_notebook_nothing_is_approved(notebook: Notebook) -> None:
    with pytest.raises(MlpError, match=r"mlp.approve is done outside of notebooks, by the people who run mlp-dev"):
        mlp.approve("spam")


@pytest.mark.parametrize(("text", "expected"), [("{", "is not JSON"), ("{}", "lacks environment, prefix, notebook")])
def test_a_broken_platform_file_says_what_to_do(notebook: Notebook, text: str, expected: str) -> None:
    notebook_platform.FILE.write_text(text)
    with pytest.raises(MlpError, match=f"{expected}.*stop and start the notebook"):
        mlp.data("spam")


def test_errors_are_shown_in_a_cell_without_a_traceback() -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    with capture_output() as shown:
        shell.run_cell("import mlp; mlp.data('spam')")
    InteractiveShell.clear_instance()
    assert "MlpError: mlp.data works in the platform's notebooks only" in shown.stdout + shown.stderr
    assert "Traceback" not in shown.stdout + shown.stderr


# --- training


def test_a_training_job_has_everything_that_the_platform_asks_for(notebook: Notebook) -> None:
    found = mlp.train(
        script="train.py", data=mlp.data("spam"), instance_type="ml.m5.2xlarge", instance_count=2, max_minutes=30, volume_gb=50,
        hyperparameters={"max-iter": 200, "loss": "log", "fast": True},
    )  # fmt: skip
    asked = request(notebook)
    (code,) = [key for key in notebook.s3.objects if "/code/" in key]
    assert re.fullmatch(r"artifacts-bucket/notebooks/anna/code/[0-9a-f]{16}\.tar\.gz", code)
    assert re.fullmatch(r"mlp-dev-nb-anna-train-[0-9a-f]{6}", asked.pop("TrainingJobName"))
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in asked.pop("InputDataConfig")
    }
    assert channels == {"train": "s3://data-bucket/datasets/spam/raw/version=2/", "code": f"s3://{code}"}
    assert asked == {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "HyperParameters": {
            "max-iter": "200",
            "loss": '"log"',
            "fast": "true",
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"/opt/ml/input/data/code/{code.rpartition("/")[2]}"',
            "sagemaker_container_log_level": "30",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://artifacts-bucket/notebooks/anna/jobs", "KmsKeyId": KEY},
        "ResourceConfig": {"InstanceType": "ml.m5.2xlarge", "InstanceCount": 2, "VolumeSizeInGB": 50, "VolumeKmsKeyId": KEY},
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "Tags": [{"Key": "ml-platform:notebook", "Value": "anna"}, {"Key": "ml-platform:environment", "Value": "mlp-dev"}],
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    }
    assert (found.status, found.seconds) == ("Completed", 63)


def test_types_with_local_disks_get_no_volume_key_and_internet_ends_the_isolation(notebook: Notebook) -> None:
    mlp.train(script="train.py", instance_type="ml.g5.xlarge", internet=True)
    asked = request(notebook)
    assert "VolumeKmsKeyId" not in asked["ResourceConfig"]
    assert not asked["EnableNetworkIsolation"]


def test_local_data_is_sent_once_to_where_its_content_decides(notebook: Notebook) -> None:
    for name, text in (("a/x.csv", "1"), ("a/sub/y.csv", "2"), ("a/.hidden", "3"), ("b.csv", "4")):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    mlp.train(script="train.py", data={"train": "a", "test": Path("b.csv")})
    sent = sorted(re.sub(r"[0-9a-f]{16}", "SHA", key) for key in notebook.s3.uploads)
    folder = "notebooks/anna/data/SHA"
    assert sent == [f"{folder}/b.csv", f"{folder}/sub/y.csv", f"{folder}/x.csv"]
    mlp.train(script="train.py", data="a")
    assert len(notebook.s3.uploads) == 3
    Path("a/x.csv").write_text("changed")
    mlp.train(script="train.py", data="a")
    assert len(notebook.s3.uploads) == 5


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"script": "nothing.py"}, r"script: got 'nothing.py'; give a Python file that exists"),
    ({"script": "notes.txt"}, r"give a Python file"),
    ({"script": "broken.py"}, r"broken.py, line 1: .*it would fail on the training server as well"),
    ({"script": "lonely.py"}, r"imports helper.py, which lies beside it.*source_dir='.'"),
    ({"source_dir": "nowhere"}, r"source_dir: there is no folder 'nowhere'"),
    ({"data": "nowhere.csv"}, r"data\['train'\]: got 'nowhere.csv': there is no such file or folder"),
    ({"data": "s3://data-bucket/spam/none/"}, r"There is nothing under s3://data-bucket/spam/none/"),
    ({"data": "s3://Not A Bucket/x"}, r"is no S3 URI; write s3://BUCKET/KEY"),
    ({"data": {"code": "train.py"}}, r"got channel 'code'"),
    ({"data": {"a b": "train.py"}}, r"got channel 'a b'; give letters"),
    ({"data": {"train": 3}}, r"got int for channel 'train'; give an S3 URI, or the path"),
    ({"data": {}}, r"got 0 channels; give 1 to 19"),
    ({"instance_type": "ml.m5.xxlarge"}, r"SageMaker has no type 'ml.m5.xxlarge'.*closest: ml.m5"),
    ({"instance_count": 0}, r"instance_count: got 0; give a whole number from 1 to 100"),
    ({"volume_gb": 1.5}, r"volume_gb: got 1.5; give a whole number"),
    ({"max_minutes": "60"}, r"max_minutes: got '60'; give a number from 1 to 40320"),
    ({"framework": "pytorch"}, r"framework: got 'pytorch'; allowed: sklearn"),
    ({"hyperparameters": {"x": [1]}}, r"hyperparameters\['x'\]: got '\[1\]' \(list\)"),
    ({"hyperparameters": {"sagemaker_program": "x"}}, r"does not begin with sagemaker_"),
    ({"hyperparameters": {"x": "y" * 3000}}, r"at most 2500 characters"),
    ({"hyperparameters": ["x"]}, r"give a mapping such as"),
    ({"model": "spam"}, r"Give either a model of the platform, .* or own code"),
]


@pytest.mark.parametrize(("change", "expected"), WRONG, ids=[expected for _, expected in WRONG])
def test_wrong_input_is_told_before_anything_is_created(notebook: Notebook, change: dict[str, Any], expected: str) -> None:
    Path("broken.py").write_text("def f(:\n")
    Path("lonely.py").write_text("import helper\n")
    Path("helper.py").write_text("")
    before = dict(notebook.s3.objects)
    with pytest.raises(MlpError, match=expected):
        mlp.train(**{"script": "train.py", "instance_type": "ml.m5.large", **change})
    assert not notebook.sagemaker.calls
    assert notebook.s3.objects == before


def test_the_same_code_is_the_same_bundle(notebook: Notebook) -> None:
    for name in ("src/train.py", "src/lib/tools.py", "src/look.ipynb", "src/__pycache__/x.pyc"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(SCRIPT)
    first = source.read("train.py", "src", internet=False)
    Path("src/train.py").touch()
    assert source.read("train.py", "src", internet=False).content == first.content
    with tarfile.open(fileobj=io.BytesIO(first.content)) as archive:
        assert archive.getnames() == ["lib/tools.py", "train.py"]
    alone = source.read("src/train.py", None, internet=False)
    assert alone.program == "train.py"
    assert alone.file_name != first.file_name


def test_code_that_is_data_is_refused(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 10)
    with pytest.raises(MlpError, match="too much for code"):
        source.read("train.py", ".", internet=False)


def test_the_jobs_lines_are_shown_once(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    states = iter(["Starting", "Training", "Training", "Completed"])
    notebook.answers["describe_training_job"] = lambda **_: (
        {
            **DONE,
            "SecondaryStatus": (state := next(states)),
            "TrainingJobStatus": "Completed" if state == "Completed" else "InProgress",
        }
    )
    found = mlp.train(script="train.py")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:4] == [f"{found.name}: Starting", "  loss 0.1", f"{found.name}: Training"]
    assert sum("loss 0.1" in line for line in lines) == 1
    assert lines[-1].startswith(f"{found.name}: 63 s billed, model at s3://")


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ({"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: x"}, "failed: AlgorithmError: x"),
        ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"}, "was stopped"),
        (
            {"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded", "StoppingCondition": {"MaxRuntimeInSeconds": 600}},
            "was stopped after 10 minutes, its limit; give a larger max_minutes",
        ),
    ],
)  # fmt: skip
def test_a_job_that_does_not_complete_is_an_error(notebook: Notebook, end: dict[str, Any], expected: str) -> None:
    notebook.answers["describe_training_job"] = end
    with pytest.raises(Failed, match=expected):
        mlp.train(script="train.py")


def test_an_interrupt_ends_the_waiting_and_says_how_to_stop_the_job(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    notebook.answers["describe_training_job"] = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Training"}
    monkeypatch.setattr(time, "sleep", interrupt)
    found = mlp.train(script="train.py")
    assert f"mlp.job({found.name!r}).stop()" in capsys.readouterr().out
    mlp.job(found.name).stop()
    assert notebook.sagemaker.called("stop_training_job") == [{"TrainingJobName": found.name}]


def test_a_log_that_may_not_be_read_stops_nothing(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.logs._answers["describe_log_streams"] = refusal("DescribeLogStreams")
    found = mlp.train(script="train.py")
    assert found.status == "Completed"
    assert "log lines cannot be shown: the role of notebook anna may not read them" in capsys.readouterr().out


def test_what_aws_refuses_is_one_sentence(notebook: Notebook) -> None:
    notebook.answers["create_training_job"] = refusal("CreateTrainingJob", message="not authorized")
    with pytest.raises(MlpError) as caught:
        mlp.train(script="train.py")
    assert str(caught.value) == (
        "AWS refused CreateTrainingJob: notebook anna may train and deploy with the platform's job role, key, network and tags, "
        "read the raw data of spam, and use s3://artifacts-bucket/notebooks/anna/; for more, ask the people who run mlp-dev "
        "(AWS said: not authorized)"
    )
    assert caught.value.__suppress_context__


def test_a_folder_without_its_slash_is_found_where_only_its_inside_may_be_listed(notebook: Notebook) -> None:
    listed = notebook.s3._answers["list_objects_v2"]

    def guarded(**asked: Any) -> Any:
        if asked["Bucket"] == "data-bucket" and not asked["Prefix"].startswith("datasets/spam/raw/"):
            raise refusal("ListObjectsV2", "AccessDenied")
        return listed(**asked)

    notebook.s3._answers["list_objects_v2"] = guarded
    mlp.train(script="train.py", data="s3://data-bucket/datasets/spam/raw")
    assert request(notebook)["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://data-bucket/datasets/spam/raw/"
    with pytest.raises(MlpError, match="AWS refused ListObjectsV2: notebook anna may"):
        mlp.train(script="train.py", data="s3://data-bucket/other/raw")


def test_the_platforms_model_is_trained_by_its_pipeline(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:pipeline/mlp-dev-spam/execution/abc"
    moment = __import__("datetime").datetime(2026, 11, 24)
    step = {"StepName": "register", "StepStatus": "Succeeded", "StartTime": moment, "EndTime": moment}
    notebook.answers |= {
        "list_pipeline_parameters_for_execution": {"PipelineParameters": [{"Name": "Dataset", "Value": "spam@2"}]},
        "start_pipeline_execution": {"PipelineExecutionArn": arn},
        "describe_pipeline_execution": {
            "PipelineExecutionStatus": "Succeeded",
            "CreationTime": moment,
            "LastModifiedTime": moment,
        },
        "list_pipeline_execution_steps": {
            "PipelineExecutionSteps": [{**step, "Metadata": {"RegisterModel": {"Arn": "arn:x/model-package/mlp-dev-spam/4"}}}]
        },
    }
    assert mlp.train("spam").version == 4
    (started,) = notebook.sagemaker.called("start_pipeline_execution")
    assert started["PipelineName"] == "mlp-dev-spam"
    assert {entry["Name"]: entry["Value"] for entry in started["PipelineParameters"]} == {
        "InputData": "s3://data-bucket/datasets/spam/raw/version=2/",
        "Dataset": "spam@2",
    }
    assert capsys.readouterr().out.splitlines()[-1].endswith("mlp approve spam 4")
    with pytest.raises(MlpError, match="Notebook anna has no model 'ham'; models it may use: spam"):
        mlp.train("ham")
    with pytest.raises(MlpError, match="trains on the platform's raw data"):
        mlp.train("spam", data="more.csv")


# --- deploying


def artifact(*files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in files:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    return buffer.getvalue()


@pytest.fixture
def with_artifact(notebook: Notebook) -> Callable[..., str]:
    """Return a function that lets the job `j` have left an artifact with some files."""

    def make(*files: str) -> str:
        notebook.s3.objects["artifacts-bucket/notebooks/anna/jobs/j/output/model.tar.gz"] = artifact(*files)
        return "mlp-dev-nb-anna-train-0a1b2c"

    return make


def test_an_endpoint_has_everything_that_the_platform_asks_for(notebook: Notebook, with_artifact) -> None:
    name = with_artifact("./model.joblib", "./code/serve.py")
    found = mlp.deploy(name, hours=2, instance_count=3)
    assert re.fullmatch(r"mlp-dev-nb-anna-train-[0-9a-f]{6}", found.name)
    in_two_hours = time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() + 7200))
    assert re.fullmatch(rf"{in_two_hours}:\d\d:\d\dZ", found.expires)
    tags = [
        {"Key": "ml-platform:notebook", "Value": "anna"},
        {"Key": "ml-platform:environment", "Value": "mlp-dev"},
        {"Key": "ml-platform:expires", "Value": found.expires},
    ]
    assert notebook.sagemaker.called("create_model") == [
        {
            "ModelName": found.name,
            "ExecutionRoleArn": ROLE,
            "PrimaryContainer": {
                "Image": IMAGE,
                "ModelDataUrl": DONE["ModelArtifacts"]["S3ModelArtifacts"],
                "Environment": PLATFORM_ENVIRONMENT,
            },
            "EnableNetworkIsolation": True,
            "Tags": tags,
            "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        }
    ]
    (config,) = notebook.sagemaker.called("create_endpoint_config")
    assert config["KmsKeyId"] == KEY
    assert config["Tags"] == tags
    assert config["ProductionVariants"][0]["InitialInstanceCount"] == 3
    (asked,) = notebook.sagemaker.called("create_endpoint")
    assert asked == {"EndpointName": found.name, "EndpointConfigName": found.name, "Tags": tags}


def test_serving_code_goes_into_an_artifact_that_has_none(notebook: Notebook, with_artifact) -> None:
    name = with_artifact("model.joblib")
    with pytest.raises(MlpError, match=r"brings no code/serve.py, and there is no file 'serve.py'"):
        mlp.deploy(name)
    Path("serve.py").write_text("def model_fn(:\n")
    with pytest.raises(MlpError, match=r"serve: serve.py, line 1"):
        mlp.deploy(name)
    assert not notebook.sagemaker.called("create_model")
    Path("serve.py").write_text("def model_fn(folder): ...\n")
    found = mlp.deploy(name)
    key = f"artifacts-bucket/notebooks/anna/endpoints/{found.name}/model.tar.gz"
    (asked,) = notebook.sagemaker.called("create_model")
    assert asked["PrimaryContainer"]["ModelDataUrl"] == f"s3://{key}"
    with tarfile.open(fileobj=io.BytesIO(notebook.s3.objects[key])) as archive:
        assert archive.getnames() == ["model.joblib", "code/serve.py"]
        assert archive.extractfile("code/serve.py").read() == b"def model_fn(folder): ...\n"


def test_a_run_of_the_platforms_pipeline_is_deployed_from_a_copy_of_its_artifact(notebook: Notebook) -> None:
    run = Run("arn:aws:sagemaker:eu-central-1:111122223333:pipeline/mlp-dev-spam/execution/abc", 4, 1.0, [])
    with pytest.raises(MlpError, match="The run has left no artifact"):
        mlp.deploy(run)
    notebook.s3.objects["artifacts-bucket/models/spam/model/abc/pipelines-abc-train/output/model.tar.gz"] = artifact(
        "code/serve.py"
    )
    notebook.answers["describe_model_package"] = {
        "InferenceSpecification": {"Containers": [{"Image": "an/image:of-the-version"}]}
    }
    found = mlp.deploy(run)
    (asked,) = notebook.sagemaker.called("create_model")
    container = asked["PrimaryContainer"]
    assert container["Image"] == "an/image:of-the-version"
    assert container["ModelDataUrl"] == f"s3://artifacts-bucket/notebooks/anna/endpoints/{found.name}/model.tar.gz"
    version = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/mlp-dev-spam/4"
    assert container["Environment"] == {**PLATFORM_ENVIRONMENT, "MODEL_PACKAGE_ARN": version}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"what": 3}, "got 3; give what mlp.train returned, or a job's name"),
        ({"instance_type": "ml.m5.huge"}, "SageMaker has no type"),
        ({"hours": 0}, "hours: got 0; give a number from 0.1 to 168"),
        ({"instance_count": 0}, "instance_count: got 0"),
    ],
)
def test_wrong_deployments_are_told_before_anything_is_created(notebook: Notebook, with_artifact, change, expected) -> None:
    with pytest.raises(MlpError, match=expected):
        mlp.deploy(**{"what": with_artifact("code/serve.py"), **change})
    assert not any(name.startswith("create_") for name, _ in notebook.sagemaker.calls)


def test_a_job_that_runs_has_nothing_to_deploy(notebook: Notebook) -> None:
    notebook.answers["describe_training_job"] = {"TrainingJobStatus": "InProgress"}
    with pytest.raises(MlpError, match=r"has no model: it is InProgress. Deploy a job that is Completed"):
        mlp.deploy("some-job")
    notebook.answers["describe_training_job"] = refusal(
        "DescribeTrainingJob", "ValidationException", "Requested resource not found."
    )
    with pytest.raises(MlpError, match="There is no training job 'some-job' in eu-central-1"):
        mlp.deploy("some-job")


@pytest.mark.parametrize("step", ["create_endpoint_config", "create_endpoint"])
def test_what_was_made_is_deleted_if_the_rest_is_refused(notebook: Notebook, with_artifact, step: str) -> None:
    Path("serve.py").write_text("")
    name = with_artifact("model.joblib")
    notebook.answers[step] = refusal("X", "ResourceLimitExceeded", "too many")
    with pytest.raises(Failed, match="ResourceLimitExceeded: too many"):
        mlp.deploy(name)
    assert len(notebook.sagemaker.called("delete_model")) == 1
    assert len(notebook.sagemaker.called("delete_endpoint_config")) == 1
    assert not [key for key in notebook.s3.objects if "/endpoints/" in key]


def test_an_endpoint_that_does_not_come_up_is_deleted_with_its_reason(notebook: Notebook, with_artifact, capsys) -> None:
    name = with_artifact("code/serve.py")
    states = iter([{"EndpointStatus": "Creating"}, *[{"EndpointStatus": "Failed", "FailureReason": "no ping"}] * 2])
    notebook.answers["describe_endpoint"] = lambda **_: next(states)
    with pytest.raises(Failed, match="could not be made: no ping"):
        mlp.deploy(name)
    assert {"delete_endpoint", "delete_endpoint_config", "delete_model"} <= {name for name, _ in notebook.sagemaker.calls}
    assert "  loss 0.1" in capsys.readouterr().out


def test_a_failed_endpoint_is_deleted_even_where_its_log_may_not_be_read(notebook: Notebook, with_artifact) -> None:
    name = with_artifact("code/serve.py")
    notebook.answers["describe_endpoint"] = {"EndpointStatus": "Failed", "FailureReason": "no ping"}
    notebook.logs._answers["describe_log_streams"] = refusal("DescribeLogStreams")
    with pytest.raises(Failed, match="no ping"):
        mlp.deploy(name)
    assert notebook.sagemaker.called("delete_endpoint")


def test_an_endpoint_answers_lists_and_tables(notebook: Notebook) -> None:
    import pandas as pd

    asked: list[dict[str, Any]] = []

    def invoke(**parameters: Any) -> dict[str, Any]:
        asked.append(parameters)
        return {"Body": io.BytesIO(b'{"predictions": [1]}')}

    notebook.runtime._answers["invoke_endpoint"] = invoke
    found = endpoint.Endpoint(notebook_platform.required("test"), "e", "never")
    assert found.predict([{"a": 1}]) == found.predict(pd.DataFrame({"a": [1]})) == {"predictions": [1]}
    assert {json.dumps(json.loads(entry["Body"])) for entry in asked} == {'{"instances": [{"a": 1}]}'}
    notebook.runtime._answers["invoke_endpoint"] = refusal("InvokeEndpoint", "ModelError", "Received server error (500)")
    with pytest.raises(Failed, match=r"e did not answer: Received server error \(500\)"):
        found.predict([])


def test_only_own_endpoints_are_listed(notebook: Notebook) -> None:
    def owned(notebook: str, environment: str, **more: str) -> list[dict[str, str]]:
        found = {"ml-platform:notebook": notebook, "ml-platform:environment": environment, **more}
        return [{"Key": key, "Value": value} for key, value in found.items()]

    tags = {
        "mine": owned("anna", "mlp-dev", **{"ml-platform:expires": "2026-11-24T18:00:00Z"}),
        "annas-friends": owned("anna-b", "mlp-dev"),
        "annas-elsewhere": owned("anna", "mlp-test"),
        "leaving": owned("anna", "mlp-dev"),
    }
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/"
    names_found = [*tags, "theirs"]
    notebook.answers["list_endpoints"] = {
        "Endpoints": [
            {"EndpointName": name, "EndpointArn": arn + name, "EndpointStatus": "Deleting" if name == "leaving" else "InService"}
            for name in names_found
        ]
    }

    def list_tags(ResourceArn: str) -> dict[str, Any]:
        name = ResourceArn.removeprefix(arn)
        if name not in tags:
            raise refusal("ListTags")
        return {"Tags": tags[name]}

    notebook.answers["list_tags"] = list_tags
    assert [(found.name, found.expires) for found in mlp.endpoints()] == [("mine", "2026-11-24T18:00:00Z")]


def test_an_endpoint_that_is_gone_already_can_be_deleted(notebook: Notebook) -> None:
    for operation in ("describe_endpoint", "delete_endpoint_config", "delete_model"):
        notebook.answers[operation] = refusal(operation, "ValidationException", 'Could not find "x".')
    endpoint.Endpoint(notebook_platform.required("test"), "e", "never").delete()
    notebook.answers["describe_endpoint"] = {"EndpointStatus": "Creating"}
    with pytest.raises(MlpError, match="still being made or changed"):
        endpoint.Endpoint(notebook_platform.required("test"), "e", "never").delete()


# --- files


def test_files_go_to_the_notebooks_own_place_and_back(notebook: Notebook) -> None:
    Path("houses").mkdir()
    Path("houses/a.csv").write_text("1")
    uri = mlp.upload("houses", "ames/v1")
    assert uri == "s3://artifacts-bucket/notebooks/anna/data/ames/v1/"
    assert mlp.upload("train.py", "code") == "s3://artifacts-bucket/notebooks/anna/data/code/train.py"
    assert [path.read_text() for path in mlp.download(uri, "back")] == ["1"]
    assert mlp.download("s3://data-bucket/datasets/spam/raw/version=2/spam7.csv", "one") == [Path("one/spam7.csv")]
    for name in ("../x", "/x", "a//b", ""):
        with pytest.raises(MlpError, match="name: got"):
            mlp.upload("houses", name)
    notebook.s3.objects["data-bucket/datasets/spam/raw/../../../evil"] = b""
    with pytest.raises(MlpError, match="leads out of"):
        mlp.download("s3://data-bucket/datasets/spam/raw/", "back")


# --- facts that are written twice, because the client is alone in a notebook


@pytest.mark.parametrize("stem", ["train", "Ünïcode & spaces!", "x" * 100, "_", "a--b"])
@pytest.mark.parametrize("prefix", ["mlp-dev", "p" * 20 + "-" + "e" * 14])
def test_names_keep_sagemakers_limits(notebook: Notebook, stem: str, prefix: str) -> None:
    platform = dataclasses.replace(notebook_platform.required("test"), prefix=prefix, notebook="n" * 20)
    name = names.new_name(platform, stem)
    assert len(name) <= 63
    assert re.fullmatch(r"[a-z0-9](-*[a-z0-9]){0,62}", name)
    assert name != names.new_name(platform, stem)


def test_an_endpoint_is_called_as_its_job(notebook: Notebook) -> None:
    platform = notebook_platform.required("test")
    assert names.stem_of(platform, "mlp-dev-nb-anna-my-script-0a1b2c") == "my-script"
    assert names.stem_of(platform, "sagemaker-sdk-2026") == "sagemaker-sdk-2026"
    assert isinstance(mlp.job("x"), Job)


@pytest.mark.parametrize("path", sorted((ROOT / "notebook/samples").glob("*.ipynb")), ids=lambda path: path.name)
def test_samples_are_valid_small_and_without_outputs(path: Path) -> None:
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert path.stat().st_size < 8192
    assert not re.search(r"/home/|/opt/|s3://", "".join(cell.source for cell in code)), "samples run in any folder and account"
