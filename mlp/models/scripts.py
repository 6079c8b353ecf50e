"""A model's four scripts in its image, one after the other, as SageMaker runs them: its toolkits, its folders, no network."""

import io
import json
import tarfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.containers import model_server, training_contract
from local_aws.containers.container import Container
from local_aws.containers.environments import Environment
from local_aws.containers.toolkit_log import own_lines
from mlp.platform.errors import Failed
from platform_contract.archives import unpack
from platform_contract.hyperparameters import encoded
from platform_contract.layout import EVALUATION
from platform_contract.serving import ENVIRONMENT as SERVING_ENVIRONMENT
from settings.model import ModelDefinition

CODE = "/opt/ml/processing/input/code"
PROCESSING = "/opt/ml/processing"
RUN = f'cd {CODE} && exec python3 "$@"'
QUIET = "30"
"""Log level of the training toolkit, as the platform's pipelines set it."""
SECONDS = 3600
START_SECONDS = 120


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
    """Runs the scripts of the model in `folder`, one after the other, in the image that `environment` stands for.

    `work` is an empty folder. Every method raises Failed with the script's own words where it fails.
    """

    def __init__(self, definition: ModelDefinition, folder: Path, work: Path, environment: Environment) -> None:
        self._definition, self._folder, self._work, self._environment = definition, folder, work, environment
        for name in ("code", "raw", "train", "test", "fitted", "artifact", "evaluation"):
            (work / name).mkdir()
        self._pack_code()

    def prepare(self, data: Sequence[Path]) -> Done:
        """Copy `data` as raw data and run prepare.py."""
        for file in data:
            (self._work / "raw" / file.name).write_bytes(file.read_bytes())
        return self._process("prepare.py", {"input": "input/raw", "train": "output/train", "test": "output/test"})

    def train(self) -> Done:
        """Run train.py with the model's hyperparameters, as the training toolkit does, and pack the artifact."""
        container = self._container("training")
        training_contract.make_folders(container.ml)
        script = {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz",
            "sagemaker_container_log_level": int(QUIET),
        }
        parameters = encoded(self._definition.hyperparameters) | {key: json.dumps(value) for key, value in script.items()}
        training_contract.write(
            container.ml,
            hyperparameters={key: container.told(value) for key, value in parameters.items()},
            channels={"train": training_contract.channel(), "code": training_contract.channel()},
            host="algo-1",
            hosts=["algo-1"],
            instance_type="ml.m5.large",
        )
        code = container.ml / "input/data/code"
        code.mkdir()
        (code / "sourcedir.tar.gz").write_bytes((self._work / "code.tar.gz").read_bytes())
        self._work.joinpath("train").rename(container.ml / "input/data/train")
        done = self._run("train.py", container, self._environment.image.train)
        fitted = container.ml / "model"
        if not (fitted / "code/serve.py").is_file():
            raise Failed("train.py did not put serve.py into code/ of the model folder, so the artifact could not serve")
        with tarfile.open(self._work / "artifact/model.tar.gz", "w:gz") as archive:
            for path in sorted(fitted.iterdir()):
                archive.add(path, arcname=path.name)
        return done

    def evaluate(self) -> Done:
        """Run evaluate.py."""
        return self._process("evaluate.py", {"model": "input/artifact", "test": "input/test", "output": "output/evaluation"})

    def evaluation(self) -> dict[str, Any]:
        """Return evaluation.json."""
        try:
            content: dict[str, Any] = json.loads(self.evaluation_text() or "")
            content["metrics"].keys()
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise Failed(f"evaluate.py wrote no evaluation.json with `metrics`: {error!r}") from None
        return content

    def evaluation_text(self) -> str | None:
        """Return the text of evaluation.json, whatever it is; None where there is none."""
        file = self._work / "evaluation" / EVALUATION
        return file.read_text(errors="replace") if file.is_file() else None

    def serve(self) -> Done:
        """Start the model server of the image with the artifact's own code, without a network, and let it answer the sample."""
        started = time.perf_counter()
        model = self._work / "fitted"
        unpack(self._work / "artifact/model.tar.gz", model)
        container = self._container("serving", SERVING_ENVIRONMENT)
        lines: list[str] = []
        try:
            with model_server.started(container, model, lines.append, START_SECONDS) as server:
                body = json.dumps({"instances": [self._definition.sample]}).encode()
                status, kind, answer, _ = server.invoke(body, {"Content-Type": "application/json", "Accept": "application/json"})
        except model_server.NotHealthy:
            raise Failed(f"serve.py: the model server did not start:\n{_last_lines(own_lines(lines))}") from None
        if status != 200:
            raise Failed(f"serve.py answered the sample with status {status}:\n{_last_lines(own_lines(lines))}")
        if kind.partition(";")[0] != "application/json":
            raise Failed(f"output_fn answered with content type {kind!r}, not application/json")
        try:
            json.loads(answer)
        except ValueError as error:
            raise Failed(f"output_fn answered with text that is not JSON: {error}") from None
        return Done(time.perf_counter() - started, answer.decode())

    def _pack_code(self) -> None:
        """Pack the model's code and the packages that it shares with others, as every job of a pipeline gets it."""
        shared = [(self._folder.parent / name, f"{name}/") for name in self._definition.shared_packages]
        with tarfile.open(self._work / "code.tar.gz", "w:gz") as archive:
            for root, prefix in ((self._folder, ""), *shared):
                for file in sorted(root.rglob("*")):
                    inner = file.relative_to(root)
                    if file.is_file() and not {"data", "__pycache__"} & set(inner.parts[:-1]):
                        entry, content = tarfile.TarInfo(f"{prefix}{inner.as_posix()}"), file.read_bytes()
                        entry.size, entry.mode = len(content), 0o644
                        archive.addfile(entry, io.BytesIO(content))
        unpack(self._work / "code.tar.gz", self._work / "code")

    def _container(self, name: str, variables: Mapping[str, str] | None = None) -> Container:
        return Container(self._environment, self._work / f"container-{name}", variables or {}, isolated=True)

    def _process(self, script: str, folders: Mapping[str, str]) -> Done:
        """Run a script as a processing job does; its arguments are folders, whose last part names the one in `work`."""
        container = self._container(script.partition(".")[0])
        paths = {name: f"{PROCESSING}/{folder}" for name, folder in folders.items()}
        container.show((self._work / path.rpartition("/")[2], path) for path in [CODE, *paths.values()])
        words = [word for name, path in paths.items() for word in (f"--{name}", path)]
        return self._run(script, container, ["/bin/sh", "-c", RUN, script, script, *words])

    def _run(self, script: str, container: Container, command: Sequence[str]) -> Done:
        started = time.perf_counter()
        lines: list[str] = []
        outcome = container.run(command, lines.append, seconds=SECONDS, stop=threading.Event())
        said = own_lines(lines)
        if outcome.exit_code:
            raise Failed(f"{script} ended with exit code {outcome.exit_code}:\n{_last_lines(said)}")
        return Done(time.perf_counter() - started, said)


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
