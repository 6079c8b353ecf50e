"""Tells a program that opens /opt/ml on a machine without namespaces: it would miss the job's folder, and lose its model."""

import errno
import os
import sys
from typing import Any

EVENTS = ("open", "os.mkdir", "os.listdir", "os.scandir", "os.rename", "os.remove", "os.chdir")


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in EVENTS or not arguments:
        return
    path = arguments[0]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if isinstance(path, str) and (path == "/opt/ml" or path.startswith("/opt/ml/")):
        base = os.environ.get("SAGEMAKER_BASE_DIR", "")
        raise PermissionError(
            errno.EACCES,
            f"{path}: this machine allows no Linux namespaces, so that /opt/ml of this job is {base}. "
            "Take folders from SM_MODEL_DIR, SM_CHANNEL_... and arguments, which name it rightly here and on AWS; "
            "or allow namespaces: mlp status says how",
        )


sys.addaudithook(_refuse)
