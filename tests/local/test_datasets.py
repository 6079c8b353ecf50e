"""Datasets on the embedded AWS: conditional writes, a put that is killed, runs that name their data, and who may read what."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlp import datasets
from mlp.datasets import files as dataset_files
from mlp.datasets.check import changes, get
from mlp.datasets.manifest import DatasetVersion
from mlp.platform.errors import Failed, MlpError
from mlp.runs import runs, training
from tests.local.conftest import DATA, MODEL, ROOT, Platform

DENIED = ("AccessDenied", "403")
MIB = 1 << 20


@pytest.fixture(scope="module", autouse=True)
def data_is_the_newest_again(deployed: Platform) -> Iterator[None]:
    """Other tests train on the newest version."""
    yield
    datasets.put(deployed.environment, MODEL, [DATA])


def put(deployed: Platform, *places: Path) -> DatasetVersion:
    return datasets.put(deployed.environment, MODEL, places).version


def table(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_what_was_put_is_there_unchanged(deployed: Platform) -> None:
    version = put(deployed, DATA)
    (stored,) = version.objects
    assert stored.rows == 4601
    head = deployed.client("s3").head_object(Bucket=deployed.data, Key=stored.key, ChecksumMode="ENABLED")
    assert head["VersionId"] == stored.version_id
    assert head["ChecksumSHA256"]
    assert changes(deployed.environment, version) == []
    assert put(deployed, DATA) == version


def test_puts_at_the_same_time_get_numbers_of_their_own(deployed: Platform, tmp_path: Path) -> None:
    before = put(deployed, DATA).version
    files = [table(tmp_path, f"{number}.csv", f"a\n{number}\n") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda file: put(deployed, file), files))
    assert sorted(version.version for version in found) == list(range(before + 1, before + 7))
    assert all(changes(deployed.environment, version) == [] for version in found)


def test_the_same_content_put_at_the_same_time_is_one_version(deployed: Platform, tmp_path: Path) -> None:
    file = table(tmp_path, "same.csv", "a\n17\n")
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda _: put(deployed, file), range(6)))
    assert len(found) == 1 and changes(deployed.environment, found.pop()) == []


KILLED = """
import os, signal, sys
from mlp import datasets
from mlp.datasets import upload as dataset_upload
from mlp.platform.environment import PlatformEnvironment
send = dataset_upload._whole
def killed(s3, bucket, key, file, progress):
    if file.name == "b.csv":
        os.kill(os.getpid(), signal.SIGKILL)
    return send(s3, bucket, key, file, progress)
dataset_upload._whole = killed
datasets.put(PlatformEnvironment("local"), "spam", sys.argv[1:])
"""


def test_a_put_that_is_killed_does_not_count_until_the_same_files_are_put_again(deployed: Platform, tmp_path: Path) -> None:
    newest = put(deployed, DATA)
    files = [table(tmp_path, name, f"a\n{name}\n") for name in ("a.csv", "b.csv")]
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, files)], cwd=ROOT, env=os.environ, check=False)
    assert done.returncode == -9
    begun = datasets.versions(deployed.environment, MODEL)[0]
    assert (begun.version, begun.complete) == (newest.version + 1, False)
    assert datasets.pick(deployed.environment, MODEL) == newest
    with pytest.raises(MlpError, match=f"{begun.name} is incomplete"):
        training.start(deployed.environment, MODEL, dataset=begun.name)
    finished = put(deployed, *files)
    assert finished.version == begun.version and changes(deployed.environment, finished) == []


def test_a_large_file_goes_in_parts_and_comes_back(deployed: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_files, "PART_BYTES", 5 * MIB)
    file = tmp_path / "big.bin"
    file.write_bytes(os.urandom(11 * MIB))
    version = put(deployed, file)
    parts = deployed.client("s3").head_object(Bucket=deployed.data, Key=version.objects[0].key, ChecksumMode="ENABLED")
    assert parts["ChecksumSHA256"].endswith("-3")
    assert changes(deployed.environment, version) == []
    (found,) = get(deployed.environment, version, tmp_path / "out")
    assert found.read_bytes() == file.read_bytes()


def test_a_run_names_its_data_and_a_later_run_reads_the_same(deployed: Platform, tmp_path: Path) -> None:
    first = put(deployed, DATA)
    lines = DATA.read_text().splitlines(keepends=True)
    second = put(deployed, table(tmp_path, DATA.name, "".join(lines[:3000])))
    ended = training.follow(deployed.environment, training.start(deployed.environment, MODEL, dataset=first.name))
    assert ended.dataset == first.name
    listed = runs.runs(deployed.environment, MODEL, 1)[0]
    assert (listed.arn, listed.status, listed.dataset) == (ended.arn, "Succeeded", first.name)
    registered = deployed.client("sagemaker").describe_model_package(ModelPackageName=deployed.version(ended.version).arn)
    properties = registered["CustomerMetadataProperties"]
    assert properties["dataset"] == first.name
    assert properties["input-data"] == datasets.uri(deployed.environment, first)
    assert datasets.pick(deployed.environment, MODEL) == second


def test_data_that_was_changed_behind_its_back_is_told_and_not_trained_on(deployed: Platform, tmp_path: Path) -> None:
    version = put(deployed, table(tmp_path, DATA.name, DATA.read_text() + "1,0,0,0,0,0,n\n"))
    key = version.objects[0].key
    deployed.client("s3").put_object(Bucket=deployed.data, Key=key, Body=DATA.read_bytes())
    (told,) = changes(deployed.environment, version)
    assert told.startswith(f"{DATA.name}: was written over at")
    with pytest.raises(Failed, match=f"the dataset changed after it was registered: .*{DATA.name}"):
        training.follow(deployed.environment, training.start(deployed.environment, MODEL, dataset=version.name))
    with pytest.raises(Failed, match=f"{DATA.name} of {version.name} is not what was put"):
        get(deployed.environment, version, tmp_path / "out")


def test_a_run_that_failed_can_be_tried_again_and_one_that_succeeded_cannot(deployed: Platform) -> None:
    done = training.follow(deployed.environment, training.start(deployed.environment, MODEL, dataset=put(deployed, DATA).name))
    with pytest.raises(MlpError, match="is Succeeded; only a run that failed or was stopped"):
        runs.retry(deployed.environment, MODEL, done.arn)
    arn = training.start(deployed.environment, MODEL)
    assert runs.stop(deployed.environment, MODEL).arn == arn
    with pytest.raises(Failed, match="The run stopped"):
        training.follow(deployed.environment, arn)
    again = runs.retry(deployed.environment, MODEL, arn.rpartition("/")[2])
    ended = training.follow(deployed.environment, again.arn)
    assert ended.version > done.version and ended.dataset == again.dataset


@dataclass
class As:
    """The platform as a role sees it."""

    deployed: Platform
    client: Callable[[str], Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.deployed.environment, name)


@pytest.fixture(params=["prepare", "notebook"])
def reader(request: pytest.FixtureRequest, deployed: Platform, as_role: Callable) -> As:
    """Roles that read the dataset of their model."""
    place = {"prepare": ("Training", MODEL, "TrainingRolesPrepare"), "notebook": ("Notebooks", None, "DemoNotebookNotebookRole")}
    return As(deployed, as_role(deployed.role_arn(*place[request.param])))


def test_roles_read_the_versions_of_their_dataset(deployed: Platform, reader: As, tmp_path: Path) -> None:
    put(deployed, DATA)
    version = datasets.pick(reader, MODEL)
    (file,) = get(reader, version, tmp_path)
    assert file.read_bytes() == DATA.read_bytes()
    assert changes(reader, version) == []


def test_roles_neither_change_nor_delete_nor_add_versions(deployed: Platform, reader: As, tmp_path: Path) -> None:
    version = put(deployed, DATA)
    place = {"Bucket": deployed.data, "Key": version.objects[0].key}
    s3 = reader.client("s3")
    for deed in (lambda: s3.put_object(**place, Body=b"x"), lambda: s3.delete_object(**place)):
        with pytest.raises(ClientError) as caught:
            deed()
        assert caught.value.response["Error"]["Code"] in DENIED
    with pytest.raises(ClientError) as caught:
        datasets.put(reader, MODEL, [table(tmp_path, "new.csv", "a\n1\n")])
    assert caught.value.response["Error"]["Code"] in DENIED
    assert datasets.versions(deployed.environment, MODEL)[0] == version and changes(deployed.environment, version) == []


def test_roles_read_no_other_dataset(deployed: Platform, reader: As) -> None:
    deployed.client("s3").put_object(Bucket=deployed.data, Key="datasets/secret/raw/version=1/a.csv", Body=b"a\n1\n")
    s3 = reader.client("s3")
    for deed in (
        lambda: s3.get_object(Bucket=deployed.data, Key="datasets/secret/raw/version=1/a.csv"),
        lambda: s3.list_objects_v2(Bucket=deployed.data, Prefix="datasets/secret/raw/"),
    ):
        with pytest.raises(ClientError) as caught:
            deed()
        assert caught.value.response["Error"]["Code"] in DENIED
