"""The files from which a training container learns of its job.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

GROUP = "homogeneousCluster"
FOLDERS = ("input/config", "input/data", "model", "output/data")


def make_folders(ml: Path) -> None:
    """Make the folders below /opt/ml."""
    for name in FOLDERS:
        (ml / name).mkdir(parents=True, exist_ok=True)


def channel(distribution: str = "FullyReplicated", content_type: str = "application/octet-stream") -> dict[str, str]:
    """Return what a container reads of a channel."""
    return {
        "TrainingInputMode": "File",
        "S3DistributionType": distribution,
        "RecordWrapperType": "None",
        "ContentType": content_type,
    }


def write(
    ml: Path,
    *,
    hyperparameters: Mapping[str, str],
    channels: Mapping[str, Mapping[str, Any]],
    host: str,
    hosts: Sequence[str],
    instance_type: str,
) -> None:
    """Write the files of /opt/ml/input/config; hyperparameters are texts, which script mode reads as JSON."""
    resources = {
        "current_host": host,
        "current_instance_type": instance_type,
        "current_group_name": GROUP,
        "hosts": list(hosts),
        "instance_groups": [{"instance_group_name": GROUP, "instance_type": instance_type, "hosts": list(hosts)}],
        "network_interface_name": "lo",
    }
    files = {"hyperparameters": dict(hyperparameters), "inputdataconfig": dict(channels), "resourceconfig": resources}
    for name, content in files.items():
        (ml / f"input/config/{name}.json").write_text(json.dumps(content))
