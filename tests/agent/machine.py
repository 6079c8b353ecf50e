"""A notebook instance below a folder: its root, its processes, the lifecycle script run in it as the embedded AWS runs it."""

import base64
import bz2
import contextlib
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_platform.notebook.client_bundle import pack
from ml_platform.notebook.lifecycle_script import render

ROOTED = ("/home/ec2-user", "/opt", "/etc", "/var", "/run")
ARN = "arn:aws:sagemaker:eu-central-1:111122223333:notebook-instance/mlp-nb-demo"
IDLE: dict[str, Any] = {
    "idle_minutes": 60,
    "warn_minutes": 10,
    "keep_hours": None,
    "period_seconds": 60,
    "log_group": "/mlp/notebooks",
    "namespace": "MLPlatform/Notebooks",
    "lifecycle": "0123456789ab",
    "home": "/home/ec2-user",
    "metadata": "/opt/ml/metadata/resource-metadata.json",
    "max_keep_alive_hours": 24,
}
PLATFORM: dict[str, Any] = {"environment": "test", "packages": []}
URI = "s3://assets/bundle.zip"
BUNDLE = pack({})
"""What an instance fetches, without a client."""


def facts(bundle: bytes) -> dict[str, str]:
    """Return what a script says of its bundle."""
    return {"uri": URI, "sha256": hashlib.sha256(bundle).hexdigest()}


def wait_for(what: Callable[[], Any], seconds: float = 20, every: float = 0.1) -> Any:
    """Return the first true value of `what`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"nothing came of it within {seconds} s")


@dataclass
class Machine:
    """Root folder of an instance."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in ("home/ec2-user/SageMaker", "opt/ml/metadata", "var/log"):
            (self.root / folder).mkdir(parents=True)
        metadata = {"ResourceArn": ARN, "ResourceName": "mlp-nb-demo"}
        (self.root / "opt/ml/metadata/resource-metadata.json").write_text(json.dumps(metadata))

    @property
    def home(self) -> Path:
        return self.root / "home/ec2-user"

    @property
    def base(self) -> Path:
        return self.root / "opt/ml-platform"

    @property
    def environment(self) -> dict[str, str]:
        nowhere = "http://127.0.0.1:9"
        aws = {"AWS_ENDPOINT_URL": nowhere, "AWS_EC2_METADATA_SERVICE_ENDPOINT": nowhere}
        return {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LOCAL_AWS_CLOCK": "60", **aws, **self.variables}

    def rooted(self, text: str) -> str:
        """Return `text` with the instance's paths led below its root."""
        names = "|".join(map(re.escape, ROOTED))
        return re.sub(rf"(?<![\w/.}}-])({names})(?![\w.-])", lambda found: f"{self.root}{found[1]}", text)

    @property
    def copy(self) -> Path:
        return self.home / "SageMaker/.ml-platform/bundle.pyz"

    def keep(self, bundle: bytes) -> None:
        """Put a copy of the bundle where an earlier start leaves one."""
        self.copy.parent.mkdir(exist_ok=True)
        self.copy.write_bytes(bundle)

    def start(
        self,
        *,
        path: str = "",
        idle: Mapping[str, Any] = IDLE,
        platform: Mapping[str, Any] = PLATFORM,
        bundle: bytes = BUNDLE,
    ) -> "subprocess.CompletedProcess[str]":
        """Run the lifecycle script; `path` replaces the one that it sets itself."""
        rendered = render(idle=idle, platform=platform, sdk_defaults="SchemaVersion: '1.0'\n", bundle=facts(bundle))
        script = self.rooted(rendered)
        if path:
            assert "PATH=/sbin:" in script
            script = re.sub("PATH=/sbin:.*", f"PATH={path}", script)
        file = self.root / "OnStart"
        file.write_text(script)
        return subprocess.run(
            ["/bin/bash", str(file)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            start_new_session=True,
        )

    def processes(self, words: str = "") -> dict[int, str]:
        """Return the living processes of this instance whose command line has `words`."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"HOME={self.home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if words in command:
                        found[int(folder.name)] = command
        return found

    def log(self, what: str) -> str:
        """Return what one of the background programs wrote."""
        file = self.root / f"var/log/ml-platform-{what}.log"
        return file.read_text() if file.exists() else ""

    def lines(self) -> list[dict[str, Any]]:
        """Return the agent's log lines."""
        return [json.loads(line) for line in self.log("check").splitlines() if line.startswith("{")]

    def end(self) -> None:
        """End every process of this instance."""
        for _ in range(50):
            found = self.processes()
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not found:
                return
            time.sleep(0.05)

    def install(self, **idle: Any) -> None:
        """Put the agent where a start puts it, without starting anything."""
        self.base.mkdir(parents=True, exist_ok=True)
        (self.base / "bundle.pyz").write_bytes(BUNDLE)
        (self.base / "idle.json").write_text(self.rooted(json.dumps({**IDLE, **idle})))

    def check(self, **variables: str) -> dict[str, Any]:
        """Run one check and return its line."""
        command = [sys.executable, "-I", str(self.base / "bundle.pyz"), "check", "--config", str(self.base / "idle.json")]
        environment = {**self.environment, "LOCAL_AWS_CLOCK": "1", **variables}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=True, start_new_session=True
        )
        assert done.stderr == "", done.stderr
        return dict(json.loads(done.stdout))


def carried(script: str) -> dict[str, str]:
    """Return the program that a script carries: content by file name."""
    program = script.split('"$base" \'', 1)[1].split("'", 1)[0]
    with zipfile.ZipFile(io.BytesIO(bz2.decompress(base64.b85decode(program)))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def settings(script: str) -> dict[str, Any]:
    """Return the settings that a script carries."""
    return dict(json.loads(script.split("<<'SETTINGS'\n")[1].split("\nSETTINGS\n", maxsplit=1)[0]))
