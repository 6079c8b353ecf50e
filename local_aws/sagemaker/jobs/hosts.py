"""The instances of a training job: a folder and a process for each, as the container contract describes them.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import contextlib
import re
import tarfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.containers import namespaces, process, training_contract
from local_aws.containers.container import Container, Network
from local_aws.containers.process import Outcome
from local_aws.s3_transfer import RoleStorage
from local_aws.sagemaker.jobs.logs import JobLogs
from local_aws.sagemaker.store import Record

CODE_CHANNELS = {"code", "sm_drivers", "recipe"}
"""Channels in which the SageMaker SDK hands over programs."""
CHANNEL_PATH = re.compile(r"/opt/ml/input/data/([A-Za-z0-9._-]+)")
LONGEST_PROGRAM = 1 << 20


@dataclass(frozen=True)
class Host:
    """One instance of a job."""

    name: str
    index: int
    container: Container
    logs: JobLogs

    @property
    def folder(self) -> Path:
        """What is /opt/ml to it."""
        return self.container.ml


def command_of(record: Record) -> list[str]:
    """Return the command that a job names instead of its image's own; empty where it names none."""
    algorithm = record["AlgorithmSpecification"]
    return [*algorithm.get("ContainerEntrypoint", []), *algorithm.get("ContainerArguments", [])]


def lay_out(host: Host, names: Sequence[str], record: Record, storage: RoleStorage) -> None:
    """Make the folders and files that the container contract promises."""
    training_contract.make_folders(host.folder)
    channels = {}
    for channel in record.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        distribution = source.get("S3DataDistributionType", "FullyReplicated")
        target = host.folder / "input/data" / channel["ChannelName"]
        target.mkdir()
        shard = (host.index, len(names)) if distribution == "ShardedByS3Key" else (0, 1)
        storage.download(source["S3Uri"], target, shard)
        kind = channel.get("ContentType", "application/octet-stream")
        channels[channel["ChannelName"]] = training_contract.channel(distribution, kind)
    if namespaces.missing():
        root_programs(host.folder, command_of(record))
    training_contract.write(
        host.folder,
        hyperparameters={key: host.container.told(value) for key, value in record.get("HyperParameters", {}).items()},
        channels=channels,
        host=host.name,
        hosts=names,
        instance_type=record["ResourceConfig"].get("InstanceType", ""),
    )


def root_programs(folder: Path, command: Sequence[str]) -> None:
    """Lead the /opt/ml paths inside of programs below `folder`, where a job runs a `command` of its own.

    For machines that allow no namespaces. Changed are text files in the channels that the command names or in which the
    SageMaker SDK hands over programs; data is never touched.
    """
    if not command:
        return
    named = {found for word in command for found in CHANNEL_PATH.findall(word)}
    for channel in named | CODE_CHANNELS:
        for file in (folder / "input/data" / channel).rglob("*"):
            if file.is_file() and file.stat().st_size <= LONGEST_PROGRAM:
                _root_file(file, folder)


def _root_file(file: Path, folder: Path) -> None:
    content = file.read_bytes()
    if b"/opt/ml" not in content or b"\0" in content:
        return
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    file.write_bytes(process.rooted(text, folder).encode())


def run_all(hosts: Sequence[Host], record: Record, seconds: float, stop: threading.Event) -> list[Outcome]:
    """Run the job on all hosts at once; the first that fails ends the others. Return how each ended."""
    ending = threading.Event()
    outcomes: dict[str, Outcome] = {}

    def run(host: Host) -> None:
        command = command_of(record) or host.container.environment.image.train
        outcomes[host.name] = host.container.run(command, host.logs.write, seconds=seconds, stop=ending)
        if outcomes[host.name].exit_code != 0:
            ending.set()

    with _acquainted(hosts):
        threads = [threading.Thread(target=run, args=(host,), daemon=True) for host in hosts]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if stop.is_set():
                ending.set()
            time.sleep(0.02)
    return [outcomes[host.name] for host in hosts]


@contextlib.contextmanager
def _acquainted(hosts: Sequence[Host]) -> Iterator[None]:
    """Let the hosts know each other by name; isolated ones share a network with nothing else in it."""
    network = Network() if len(hosts) > 1 and hosts[0].container.isolated and namespaces.missing() is None else None
    for host in hosts:
        host.container.hosts = {other.name: f"127.0.0.{other.index + 1}" for other in hosts}
        host.container.network = network.process if network else None
    try:
        yield
    finally:
        if network:
            network.close()


def pack(folders: Iterable[Path], target: Path) -> bool:
    """Pack the files of several hosts into one archive; return whether there were any.

    Where two hosts have written the same file, the first host's is kept: on AWS one of them overwrites the other.
    """
    packed: set[str] = set()
    with tarfile.open(target, "w:gz") as archive:
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                name = path.relative_to(folder).as_posix()
                if name not in packed:
                    packed.add(name)
                    archive.add(path, arcname=name, recursive=False)
    return bool(packed)
