"""Parts of the embedded AWS's training jobs that need no server."""

import json
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from local_aws.containers import environments
from local_aws.containers.container import Container
from local_aws.ministack_bridge.identity import Caller, Credentials
from local_aws.s3_transfer import RoleStorage, TransferError
from local_aws.sagemaker.jobs.hosts import Host, lay_out, pack, root_programs, run_all
from local_aws.sagemaker.jobs.jobs import Jobs, Running
from local_aws.sagemaker.store import Store
from platform_contract import images
from platform_contract.archives import unpack


class Objects(RoleStorage):
    """A storage that holds what it is given."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self._content = content

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        return sorted(key for key in self._content if key.startswith(prefix))

    def _read(self, bucket: str, key: str) -> bytes:
        return self._content[key]


class Lines:
    """A log that keeps what is written."""

    def __init__(self) -> None:
        self.tail: list[str] = []

    def write(self, line: str) -> None:
        self.tail.append(line)


def hosts(folder: Path, count: int) -> list[Host]:
    log: Any = Lines
    environment = environments.prepare(images.find("sklearn", "1.9-0"))
    names = [f"algo-{n + 1}" for n in range(count)]
    return [Host(name, n, Container(environment, folder / name, isolated=True, name=name), log()) for n, name in enumerate(names)]


def job(*command: str, distribution: str = "FullyReplicated") -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://b/data/", "S3DataDistributionType": distribution}
    return {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"ContainerEntrypoint": list(command)} if command else {},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
    }


DATA = Objects({f"data/{name}.csv": name.encode() for name in "abcde"})


def laid_out(folder: Path, distribution: str) -> list[list[str]]:
    found = []
    made = hosts(folder, 2)
    for host in made:
        lay_out(host, [host.name for host in made], job(distribution=distribution), DATA)
        found.append(sorted(path.name for path in (host.folder / "input/data/train").iterdir()))
    return found


def test_sharded_objects_are_distributed_over_the_instances(tmp_path: Path) -> None:
    first, second = laid_out(tmp_path, "ShardedByS3Key")
    assert (first, second) == (["a.csv", "c.csv", "e.csv"], ["b.csv", "d.csv"])


def test_replicated_objects_are_on_every_instance(tmp_path: Path) -> None:
    first, second = laid_out(tmp_path, "FullyReplicated")
    assert first == second == ["a.csv", "b.csv", "c.csv", "d.csv", "e.csv"]


def test_an_instance_without_a_shard_is_no_error_but_no_data_is(tmp_path: Path) -> None:
    assert DATA.download("s3://b/data/", tmp_path, (7, 8)) == 0
    with pytest.raises(TransferError, match="No S3 objects found"):
        DATA.download("s3://b/nothing/", tmp_path, (0, 2))


def test_every_instance_knows_itself_and_the_others(tmp_path: Path) -> None:
    laid_out(tmp_path, "FullyReplicated")
    config = json.loads((tmp_path / "algo-2/ml/input/config/resourceconfig.json").read_text())
    assert config["current_host"] == "algo-2"
    assert config["hosts"] == ["algo-1", "algo-2"]
    assert config["current_instance_type"] == "ml.m5.xlarge"
    assert config["instance_groups"][0]["hosts"] == ["algo-1", "algo-2"]


def test_what_the_instances_wrote_becomes_one_archive_and_the_first_ones_files_win(tmp_path: Path) -> None:
    for host, files in (("algo-1", {"same": "1", "sub/one": "1"}), ("algo-2", {"same": "2", "sub/two": "2"})):
        for name, text in files.items():
            file = tmp_path / host / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    assert pack([tmp_path / "algo-1", tmp_path / "algo-2"], tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        assert len(archive.getnames()) == len(set(archive.getnames()))
    unpack(tmp_path / "model.tar.gz", tmp_path / "out")
    assert (tmp_path / "out/same").read_text() == "1"
    assert (tmp_path / "out/sub/one").exists() and (tmp_path / "out/sub/two").exists()
    (tmp_path / "empty").mkdir()
    assert not pack([tmp_path / "empty"], tmp_path / "empty.tar.gz")


def test_programs_are_led_to_their_instances_folder_and_data_is_left_alone(tmp_path: Path) -> None:
    text = b"#!/bin/bash\ncat /opt/ml/input/config/resourceconfig.json\n"
    content = {"sm_drivers/sm_train.sh": text, "code/train.py": text, "mine/run.sh": text, "train/data.csv": text}
    content["code/model.bin"] = b"\0/opt/ml\xff"
    for name, inside in content.items():
        file = tmp_path / "input/data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(inside)
    root_programs(tmp_path, ["bash", "/opt/ml/input/data/mine/run.sh"])
    read = {name: (tmp_path / "input/data" / name).read_bytes() for name in content}
    led = text.replace(b"/opt/ml", str(tmp_path).encode())
    assert read["sm_drivers/sm_train.sh"] == read["code/train.py"] == read["mine/run.sh"] == led
    assert read["train/data.csv"] == text
    assert read["code/model.bin"] == content["code/model.bin"]


def run(folder: Path, script: str, stop: threading.Event | None = None, seconds: float = 30) -> tuple[list[Host], list[Any]]:
    made = hosts(folder, 2)
    for host in made:
        (host.folder / "model").mkdir(parents=True)
        (host.folder / "run.sh").write_text(script)
    record = job("bash", "/opt/ml/run.sh")
    return made, run_all(made, record, seconds, stop or threading.Event())


def test_every_instance_runs_the_jobs_own_command(tmp_path: Path) -> None:
    made, outcomes = run(tmp_path, "hostname > /opt/ml/model/where; command -v python3; getent hosts algo-1 algo-2 | wc -l")
    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    for host in made:
        assert (host.folder / "model/where").read_text().strip() == host.name
        time.sleep(0.1)
        assert host.logs.tail == ["/opt/venv/bin/python3", "2"]


def test_an_instance_that_fails_ends_the_others(tmp_path: Path) -> None:
    script = 'case "$(hostname)" in *algo-2) exit 7;; esac; sleep 60'
    started = time.monotonic()
    _, (first, second) = run(tmp_path, script)
    assert time.monotonic() - started < 10
    assert second.exit_code == 7 and not second.stopped
    assert first.stopped


def test_a_job_that_is_stopped_ends_on_every_instance(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    _, outcomes = run(tmp_path, "sleep 60", stop)
    assert all(outcome.stopped for outcome in outcomes)


def test_a_job_out_of_time_says_so(tmp_path: Path) -> None:
    _, outcomes = run(tmp_path, "sleep 60", seconds=0.5)
    assert any(outcome.timed_out for outcome in outcomes)


class Unfinished(Jobs):
    """Jobs whose last word fails."""

    kind, log_group = "Training", "/logs"

    def _run_in_folder(self, *_: Any) -> tuple[str, str]:
        return "Completed", ""

    def _finish(self, *_: Any) -> None:
        raise RuntimeError("no disk")

    def _image(self, record: Any) -> str:
        return "image"

    def _work(self, record: Any, place: Any) -> None:
        """Nothing."""


def test_whoever_waits_for_a_job_hears_of_its_end_even_if_that_fails() -> None:
    record, running = job() | {"TrainingJobStatus": "InProgress", "TrainingJobArn": "arn"}, Running()
    jobs: Any = Unfinished(Store(), "http://nowhere")
    with pytest.raises(RuntimeError, match="no disk"):
        jobs._run(Credentials("k", "s", "t", Caller("role", "111122223333", "us-east-1"), 0.0), record, running)
    assert running.ended.is_set() and record["TrainingJobStatus"] == "Completed"
