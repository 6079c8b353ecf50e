"""What a data scientist writes in a notebook, but for the arguments of the platform.

Imported when the process stands in a notebook's place: the SDK makes clients while it is imported.
"""

import uuid
from pathlib import Path
from typing import Any

from in_notebook import IMAGE, SERVING
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import EndpointConfig
from sagemaker.core.training.configs import InputData, SourceCode
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer

__all__ = ["EndpointConfig", "Session", "channel", "model_builder", "model_trainer", "unique"]


def model_trainer(**arguments: Any) -> ModelTrainer:
    source = SourceCode(source_dir=str(Path(__file__).parent / "model"), entry_script="train.py")
    return ModelTrainer(
        training_image=IMAGE, source_code=source, base_job_name="tree", hyperparameters={"max-depth": 3}, **arguments
    )


def model_builder(artifact: str, **arguments: Any) -> ModelBuilder:
    return ModelBuilder(image_uri=IMAGE, s3_model_data_url=artifact, env_vars=dict(SERVING), **arguments)


def channel(bucket: str) -> InputData:
    return InputData(channel_name="train", data_source=f"s3://{bucket}/datasets/spam/raw/")


def unique() -> str:
    return f"tree-{uuid.uuid4().hex[:8]}"
