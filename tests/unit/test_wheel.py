"""The library as another team gets it: built, installed into an empty environment, and used as docs/own-app.md says."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest
from packaging.requirements import Requirement
from uv import find_uv_bin

from local_aws.containers import environments
from tests.conftest import ROOT

PAGE = (ROOT / "docs/own-app.md").read_text()
[APP] = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def run(*command: object, cwd: Path, variables: Mapping[str, str] | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env={**environment, **(variables or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", folder, ROOT, cwd=folder)
    [built] = folder.glob("*.whl")
    return built


def installed(folder: Path, *what: object) -> Path:
    """The Python of an environment that has `what` and what that asks for, and nothing else."""
    run(find_uv_bin(), "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    found = folder / "venv/bin/python"
    run(find_uv_bin(), "pip", "install", "--quiet", "--python", found, *what, cwd=folder)
    return found


@pytest.fixture(scope="module")
def python(wheel: Path) -> Path:
    return installed(wheel.parent, wheel)


def test_the_page_is_true(python: Path, tmp_path: Path) -> None:
    assert len([line for line in APP.splitlines() if line.strip()]) <= 30
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "churn").mkdir()
    for script in ("prepare", "train", "evaluate", "serve"):
        shutil.copy(ROOT / f"models/spam/{script}.py", tmp_path / "churn")
    run(python, "app.py", cwd=tmp_path, variables={"CDK_OUTDIR": str(tmp_path / "out")})
    template = json.loads((tmp_path / "out/Shop.template.json").read_text())
    kinds = [entry["Type"] for entry in template["Resources"].values()]
    for kind in ("SageMaker::Pipeline", "SageMaker::Endpoint", "ApiGatewayV2::Route"):
        assert kinds.count(f"AWS::{kind}") == 1, kind
    functions = [entry for entry in template["Resources"].values() if entry["Type"] == "AWS::Lambda::Function"]
    assert {entry["Properties"]["Handler"] for entry in functions} == {"gate.handler.handler", "predict.handler.handler"}


def test_errors_are_as_the_page_shows_them(python: Path, tmp_path: Path) -> None:
    wrong = """
from aws_cdk import App, Stack
from ml_platform import ProductionVariant, FrameworkImage, ModelEndpoint, PlatformStorage, RegisteredModel, ScalingOptions
stack = Stack(App(), "Shop", env={"region": "eu-central-1"})
image = FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0")
model = RegisteredModel(name="churn", group_name="churn", image=image, storage=PlatformStorage(stack, "Storage"))
try:
    ModelEndpoint(stack, "Endpoint", model=model, variant=ProductionVariant(instance_type="m5.huge", scaling=ScalingOptions(min_instances=0)))
except ValueError as problem:
    print(problem)
"""
    shown = re.findall(r"```\n(ModelEndpoint .*?)```", PAGE, re.S)[0].strip().splitlines()
    told = run(python, "-c", wrong, cwd=tmp_path).strip().splitlines()
    assert [line.partition(" (")[0] for line in told] == [line.partition(" (")[0] for line in shown]


PROJECT = {
    "report.py": """
import boto3

def write(bucket):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="report.txt", Body=b"all is well")
""",
    "train.py": """
import os, pathlib
pathlib.Path(os.environ["SM_MODEL_DIR"], "weights.txt").write_text(os.environ["SM_HP_RATE"])
""",
    "test_project.py": """
import io, json, tarfile, time
import report

def test_own_code_that_knows_nothing_of_endpoints(aws_environment):
    report.write("mine")
    assert aws_environment.client("s3").get_object(Bucket="mine", Key="report.txt")["Body"].read() == b"all is well"

def test_a_job_really_trains(embedded_aws):
    s3, iam, sagemaker = (embedded_aws.client(name) for name in ("s3", "iam", "sagemaker"))
    s3.create_bucket(Bucket="training")
    code = io.BytesIO()
    with tarfile.open(fileobj=code, mode="w:gz") as archive:
        archive.add("train.py")
    s3.put_object(Bucket="training", Key="code.tar.gz", Body=code.getvalue())
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="trains", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    rights = {"Statement": [{"Effect": "Allow", "Action": ["s3:*", "logs:*"], "Resource": "*"}]}
    iam.put_role_policy(RoleName="trains", PolicyName="all", PolicyDocument=json.dumps(rights))
    sagemaker.create_training_job(
        TrainingJobName="first", RoleArn=role,
        AlgorithmSpecification={
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
            "TrainingInputMode": "File",
        },
        HyperParameters={
            "sagemaker_program": '"train.py"', "sagemaker_submit_directory": '"s3://training/code.tar.gz"', "rate": "0.1",
        },
        OutputDataConfig={"S3OutputPath": "s3://training/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 300},
    )
    while (job := sagemaker.describe_training_job(TrainingJobName="first"))["TrainingJobStatus"] == "InProgress":
        time.sleep(0.2)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    body = s3.get_object(Bucket="training", Key="out/first/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert archive.extractfile("weights.txt").read() == b"0.1"
""",
}


def test_any_project_has_an_embedded_aws_in_its_tests(wheel: Path, tmp_path: Path) -> None:
    """A project of another shape: no CDK, no configuration of ours, boto3 alone."""
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(text)
    python = installed(tmp_path, f"ml-platform[local] @ {wheel.as_uri()}", "pytest")
    variables = {"AWS_PROFILE": "somebody-elses", "LOCAL_AWS_IMAGES": str(environments.folder_of_all())}
    said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_project.py", cwd=tmp_path, variables=variables)
    assert "2 passed" in said
    left = [process for process in psutil.process_iter(["cmdline"]) if str(python) in (process.info["cmdline"] or [])]
    assert left == []


def test_without_the_extra_pytest_works_and_the_fixture_says_what_to_install(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n\ndef test_b(embedded_aws): pass\n")
    python = installed(tmp_path, wheel, "pytest")
    done = subprocess.run([python, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed, 1 error" in done.stdout and "pip install 'ml-platform[local]'" in done.stdout, done.stdout


def test_a_clock_that_is_none_is_refused(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_b(embedded_aws): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nembedded_aws_clock = fast\n")
    python = installed(tmp_path, f"ml-platform[local] @ {wheel.as_uri()}", "pytest")
    done = subprocess.run([python, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "embedded_aws_clock is 'fast'; allowed: a number from 1 (real time) to 1000" in done.stdout, done.stdout
    assert "Traceback" not in done.stdout


def test_the_client_says_what_it_lacks_outside_of_a_platform(wheel: Path, tmp_path: Path) -> None:
    python = installed(tmp_path, f"ml-platform[local] @ {wheel.as_uri()}")
    done = subprocess.run(
        [python.parent / "mlp", "status", "--env", "dev"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "There is no environment 'dev'" in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_what_the_extras_ask_for_is_what_is_tested_here() -> None:
    """The locks hold one version of each; an extra that would not take it promises what nobody has tried."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements-dev.txt").read_text(), re.M))
    wanted = [
        Requirement(text) for texts in [project["dependencies"], *project["optional-dependencies"].values()] for text in texts
    ]
    for requirement in wanted:
        if requirement.name != project["name"]:
            assert locked[requirement.name.lower()] in requirement.specifier, requirement
