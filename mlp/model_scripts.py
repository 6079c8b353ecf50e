"""A model's four scripts as processes on this machine, with the arguments and folders that SageMaker gives them."""

import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp.errors import Failed
from stacks.settings.model import ModelDefinition

SERVE = Path(__file__).with_name("check_serve.py")


@dataclass(frozen=True)
class Done:
    """A script that ended well: how long it took, and its output."""

    seconds: float
    output: str

    @property
    def last_line(self) -> str:
        """Last line of the output."""
        return _last_lines(self.output, 1)


class ModelScripts:
    """Runs the scripts of the model in `folder`, one after the other, in the folder `work`.

    Every method raises Failed with the script's own words where it fails.
    """

    def __init__(self, definition: ModelDefinition, folder: Path, work: Path) -> None:
        self._definition, self._folder, self._work = definition, folder, work
        for name in ("raw", "train", "test", "fitted", "artifact", "evaluation"):
            (work / name).mkdir()

    def prepare(self, data: Sequence[Path]) -> Done:
        """Copy `data` as raw data and run prepare.py."""
        for file in data:
            (self._work / "raw" / file.name).write_bytes(file.read_bytes())
        folders = {"input": self._work / "raw", "train": self._work / "train", "test": self._work / "test"}
        return self._script("prepare.py", folders)

    def train(self) -> Done:
        """Run train.py with the model's hyperparameters, and pack the artifact."""
        channels = {"SM_CHANNEL_TRAIN": str(self._work / "train"), "SM_MODEL_DIR": str(self._work / "fitted")}
        done = self._script("train.py", self._definition.hyperparameters, channels)
        if not (self._work / "fitted/code/serve.py").is_file():
            raise Failed("train.py did not put serve.py into code/ of the model folder, so the artifact could not serve")
        with tarfile.open(self._work / "artifact/model.tar.gz", "w:gz") as archive:
            for path in sorted((self._work / "fitted").iterdir()):
                archive.add(path, arcname=path.name)
        return done

    def evaluate(self) -> Done:
        """Run evaluate.py."""
        folders = {"model": self._work / "artifact", "test": self._work / "test", "output": self._work / "evaluation"}
        return self._script("evaluate.py", folders)

    def evaluation(self) -> dict[str, Any]:
        """Return evaluation.json."""
        try:
            content: dict[str, Any] = json.loads((self._work / "evaluation/evaluation.json").read_text())
            content["metrics"].keys()
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise Failed(f"evaluate.py wrote no evaluation.json with `metrics`: {error!r}") from None
        return content

    def serve(self) -> Done:
        """Answer the model's sample with the artifact's own serving code."""
        request = json.dumps({"instances": [self._definition.sample]})
        return self._run("serve.py", [sys.executable, str(SERVE), str(self._work / "fitted"), request], {})

    def _script(self, script: str, arguments: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Done:
        words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
        return self._run(script, [sys.executable, str(self._folder / script), *words], environment or {})

    def _run(self, script: str, command: list[str], extra: Mapping[str, str]) -> Done:
        started = time.perf_counter()
        env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._work),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self._folder.parent),  # modelkit, which lies in every bundle
            "OMP_WAIT_POLICY": "PASSIVE",  # waiting threads that spin take the cores from whatever else runs here
            **extra,
        }
        done = subprocess.run(command, cwd=self._work, env=env, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise Failed(f"{script} ended with exit code {done.returncode}:\n{_last_lines(done.stderr or done.stdout)}")
        return Done(time.perf_counter() - started, done.stdout)


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
