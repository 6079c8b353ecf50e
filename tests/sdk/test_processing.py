"""The unchanged SDK's processors: the code that they stage runs where they say it lies, /opt/ml/processing."""

import time
from pathlib import Path
from types import ModuleType

import pytest
from deployed import Deployed
from in_notebook import IMAGE, Notebook

STEP = Path(__file__).parent / "step"


@pytest.fixture
def place(deployed: Deployed, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Where an administrator runs a processor: under the notebook's job role, in its folder."""
    from sagemaker.core.helper.session_helper import Session

    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")
    config = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    bucket = {"default_bucket": notebook.artifacts, "default_bucket_prefix": "notebooks/demo/jobs"}
    session = Session(boto_session=deployed.session, sagemaker_config=config, **bucket)
    return {"role": notebook.job_role_arn, "image_uri": IMAGE, "sagemaker_session": session, "instance_count": 1}


def run(processor: object, deployed: Deployed, notebook: Notebook, **how: object) -> str:
    """Run a processor to its end and return what its script has written."""
    from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output

    target = f"notebooks/demo/jobs/{time.time_ns()}"
    source = ProcessingS3Input(
        s3_uri=f"s3://{deployed.data}/datasets/spam/raw/",
        local_path="/opt/ml/processing/input/data",
        s3_data_type="S3Prefix",
        s3_input_mode="File",
    )
    result = ProcessingS3Output(
        s3_uri=f"s3://{notebook.artifacts}/{target}", local_path="/opt/ml/processing/output/summary", s3_upload_mode="EndOfJob"
    )
    processor.run(
        inputs=[ProcessingInput(input_name="data", s3_input=source)],
        outputs=[ProcessingOutput(output_name="summary", s3_output=result)],
        arguments=["--column", "dollar"],
        logs=False,
        **how,
    )
    s3 = deployed.client("s3")
    names = {
        entry["Key"].rpartition("/")[2] for entry in s3.list_objects_v2(Bucket=notebook.artifacts, Prefix=target)["Contents"]
    }
    assert names == {"summary.parquet", "summary.txt"}
    return str(s3.get_object(Bucket=notebook.artifacts, Key=f"{target}/summary.txt")["Body"].read().decode())


def test_a_framework_processor_runs_a_folder_of_code(
    deployed: Deployed, notebook: Notebook, person: ModuleType, place: dict[str, object]
) -> None:
    from sagemaker.core.processing import FrameworkProcessor

    processor = FrameworkProcessor(command=["python3"], instance_type="ml.m5.large", base_job_name="step", **place)
    said = run(processor, deployed, notebook, code="summarize.py", source_dir=str(STEP))
    assert said.startswith("4601 /opt/ml/processing/input/code")


def test_a_script_processor_runs_one_script(
    deployed: Deployed, notebook: Notebook, person: ModuleType, place: dict[str, object], tmp_path: Path
) -> None:
    from sagemaker.core.processing import ScriptProcessor

    alone = tmp_path / "alone.py"
    script = (STEP / "summarize.py").read_text().replace("import helper\n", "").replace("helper.line", "line")
    alone.write_text(f"{(STEP / 'helper.py').read_text()}\n{script}")
    processor = ScriptProcessor(command=["python3"], instance_type="ml.m5.large", base_job_name="script", **place)
    assert run(processor, deployed, notebook, code=str(alone)).startswith("4601 ")
