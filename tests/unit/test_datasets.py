"""Versions of datasets: what a put makes, what it refuses, and that nothing which is complete is ever written over."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from mlp import datasets
from mlp.datasets import files as dataset_files
from mlp.datasets.check import changes, get
from mlp.datasets.manifest import parse_reference
from mlp.platform import show
from mlp.platform.errors import Failed, MlpError
from tests.unit.fake_aws import refusal
from tests.unit.fake_s3 import FakePlatform, broken_connection

A, B = "crl_tot,yesno\n1,y\n2,n\n", "crl_tot,yesno\n1,y\n3,n\n"


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "spam7.csv").write_text(A)
    return tmp_path / "spam7.csv"


def test_a_put_makes_version_1_with_everything_that_is_known_of_it(platform: FakePlatform, file: Path) -> None:
    done = datasets.put(platform, "spam", [file], "first")
    assert done.created and done.version.name == "spam@1" and done.version.complete
    assert (done.version.rows, done.version.size, done.version.note) == (2, len(A), "first")
    (stored,) = done.version.objects
    assert platform.s3.objects["datasets/spam/raw/version=1/spam7.csv"]["VersionId"] == stored.version_id
    sums = platform.s3.objects["datasets/spam/raw/version=1/_SHA256SUMS"]["content"]
    assert sums.decode() == f"{stored.sha256}  spam7.csv\n"
    manifest = json.loads(platform.s3.objects["datasets/spam/raw/_versions/000001.json"]["content"])
    assert manifest["state"] == "complete" and manifest["by"] == "arn:aws:iam::111122223333:user/anna"
    assert set(manifest) == {"dataset", "version", "state", "created", "by", "note", "digest", "objects"}
    assert set(manifest["objects"][0]) == {"file", "key", "version_id", "sha256", "bytes", "rows"}


def test_the_manifest_comes_before_the_first_object_and_is_finished_after_the_last(platform: FakePlatform, file: Path) -> None:
    datasets.put(platform, "spam", [file])
    written = [call["Key"].removeprefix("datasets/spam/raw/") for call in platform.s3.called("put_object")]
    first, *between, sums, last = written
    assert (first, last) == ("_versions/000001.json", "_versions/000001.json")
    assert between == ["version=1/spam7.csv"] and sums == "version=1/_SHA256SUMS"


def test_the_same_content_makes_no_version_whatever_the_files_date(platform: FakePlatform, file: Path) -> None:
    datasets.put(platform, "spam", [file])
    os.utime(file, (1, 1))
    again = datasets.put(platform, "spam", [file])
    assert not again.created and again.version.name == "spam@1"
    file.write_text(B)
    assert datasets.put(platform, "spam", [file]).version.name == "spam@2"
    file.write_text(A)
    assert datasets.put(platform, "spam", [file]).version.name == "spam@3", "only the newest version is compared with"


def test_folders_keep_their_relative_names(platform: FakePlatform, tmp_path: Path) -> None:
    (tmp_path / "d/2026/01").mkdir(parents=True)
    (tmp_path / "d/2026/01/a.csv").write_text(A)
    (tmp_path / "d/b.json").write_text("{}")
    version = datasets.put(platform, "spam", [tmp_path / "d"]).version
    assert [(stored.file, stored.rows) for stored in version.objects] == [("2026/01/a.csv", 2), ("b.json", None)]


def test_an_interrupted_put_does_not_count_and_is_finished_by_the_same_files(platform: FakePlatform, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(A + name)
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    store = platform.s3._put_object
    platform.s3._answers["put_object"] = lambda **a: broken_connection() if a["Key"].endswith("b.csv") else store(**a)
    with pytest.raises(Exception, match="gone"):
        datasets.put(platform, "spam", files)
    platform.s3._answers["put_object"] = store
    with pytest.raises(MlpError, match=r"spam@1 is incomplete: arn:aws:iam::111122223333:user/anna began to put it at 20"):
        datasets.pick(platform, "spam")
    kept = platform.s3.objects["datasets/spam/raw/version=1/a.csv"]["VersionId"]
    done = datasets.put(platform, "spam", files)
    assert done.created and done.version.name == "spam@1" and datasets.pick(platform, "spam") == done.version
    assert done.version.files["a.csv"].version_id == kept, "what was there already is not sent again"


def test_other_content_takes_the_next_number_after_an_interrupted_put(platform: FakePlatform, file: Path) -> None:
    store = platform.s3._put_object
    platform.s3._answers["put_object"] = lambda **a: broken_connection() if a["Key"].endswith(".csv") else store(**a)
    with pytest.raises(Exception, match="gone"):
        datasets.put(platform, "spam", [file])
    platform.s3._answers["put_object"] = store
    file.write_text(B)
    assert datasets.put(platform, "spam", [file]).version.name == "spam@2"
    file.write_text(A)
    assert datasets.put(platform, "spam", [file]).version.name == "spam@3", "version 1 is older than what is complete"
    assert [(v.version, v.complete) for v in datasets.versions(platform, "spam")] == [(3, True), (2, True), (1, False)]


def test_puts_at_the_same_time_get_numbers_of_their_own(platform: FakePlatform, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.csv" for number in range(6)]
    for number, path in enumerate(files):
        path.write_text(f"a\n{number}\n")
    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(lambda path: datasets.put(platform, "spam", [path]).version.version, files))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    assert all(version.complete for version in datasets.versions(platform, "spam"))


def test_the_same_content_put_twice_at_the_same_time_is_one_version(platform: FakePlatform, file: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: datasets.put(platform, "spam", [file]).version, range(6)))
    assert len(set(found)) == 1 and datasets.pick(platform, "spam") == found[0]
    assert len([key for key in platform.s3.objects if key.endswith("spam7.csv")]) == 1


def test_a_conflicting_write_is_tried_again_as_s3_asks(platform: FakePlatform, file: Path) -> None:
    store, refused = platform.s3._put_object, []

    def conflict_once(**asked):
        if asked["Key"] not in refused and asked.get("IfNoneMatch"):
            refused.append(asked["Key"])
            raise refusal("PutObject", "ConditionalRequestConflict")
        return store(**asked)

    platform.s3._answers["put_object"] = conflict_once
    assert datasets.put(platform, "spam", [file]).version.complete
    assert len(refused) == 3


def test_an_object_that_lies_there_is_never_written_over(platform: FakePlatform, file: Path) -> None:
    platform.s3._put_object("data-bucket", "datasets/spam/raw/version=1/spam7.csv", b"someone else's")
    with pytest.raises(Failed, match=r"spam7\.csv exists with another content.*nothing was written over it"):
        datasets.put(platform, "spam", [file])
    assert platform.s3.objects["datasets/spam/raw/version=1/spam7.csv"]["content"] == b"someone else's"


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_files, "PART_BYTES", 8)


@pytest.mark.parametrize("length", [7, 8, 9, 16, 17])
def test_large_files_go_in_parts_and_arrive_whole(platform: FakePlatform, tmp_path: Path, small_parts: None, length: int) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(range(length)))
    datasets.put(platform, "spam", [tmp_path / "big.bin"])
    found = platform.s3.objects["datasets/spam/raw/version=1/big.bin"]
    assert found["content"] == bytes(range(length)) and not platform.s3.uploads
    assert ("-" in found["ChecksumSHA256"]) == (length > 8)


def test_a_file_that_changes_while_it_is_sent_is_refused_and_leaves_nothing(
    platform: FakePlatform, tmp_path: Path, small_parts: None
) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(b"0123456789")
    begin = platform.s3._create_multipart_upload

    def changed(**asked):
        path.write_bytes(b"0123456780")
        return begin(**asked)

    platform.s3._answers["create_multipart_upload"] = changed
    with pytest.raises(MlpError, match=r"big\.bin was changed while it was put"):
        datasets.put(platform, "spam", [path])
    assert not platform.s3.uploads and not any(key.endswith("big.bin") for key in platform.s3.objects)


def test_transfers_say_how_far_they_are(platform: FakePlatform, file: Path, tmp_path: Path) -> None:
    moved: dict[tuple[str, int], int] = {}

    def progress(what: str, total: int) -> Callable[[int], None]:
        return lambda count: moved.update({(what, total): moved.get((what, total), 0) + count})

    version = datasets.put(platform, "spam", [file], progress=progress).version
    get(platform, version, tmp_path / "out", progress)
    assert changes(platform, version, progress) == []
    assert moved == {(what, 22): 22 for what in ("read", "sent", "fetched", "compared")}


def test_a_bar_is_shown_in_a_terminal_and_a_line_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in (True, False):
        console = Console(file=StringIO(), force_terminal=terminal, width=100)
        monkeypatch.setattr(show, "console", console)
        seconds: dict[str, float] = {}
        with show.transfer("Put spam", seconds, "put") as progress:
            progress("sent", 2_000_000)(1_000_000)
        said = console.file.getvalue()
        assert ("1.0/2.0 MB" in said) == terminal and "Put spam" in said and "put" in seconds


def link(target: str, name: str):
    return lambda folder: (folder / name).symlink_to(target)


def write(name: str, text: str = "a\n1\n"):
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    return make


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda folder: None, "There are no files in"),
        (write("empty.csv", ""), r"empty\.csv is empty; leave it out"),
        (write("_SHA256SUMS"), "names that begin with _ or . are not data"),
        (write(".DS_Store"), "names that begin with _ or . are not data"),
        (write(".ipynb_checkpoints/a.csv"), "got the name '.ipynb_checkpoints'"),
        (write("a#b.csv"), "got the name 'a#b.csv'; names are letters, digits, spaces and . _ [+] -"),
        (write("größe.csv"), "names are letters, digits"),
        (write("a\nb.csv"), "names are letters, digits"),
        (write("year=2026/a.csv"), "got the name 'year=2026'"),
        (write("a."), "names are letters, digits"),
        (link("/etc/hostname", "host.csv"), "is a link to /etc/hostname, which lies outside of"),
        (link("/nowhere", "gone.csv"), "is a link to /nowhere, which lies outside of"),
        (link("/etc", "etc"), "is a link to a folder, which is not followed"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe is no regular file"),
    ],
)
def test_what_cannot_become_a_version_is_refused_before_anything_is_sent(
    platform: FakePlatform, tmp_path: Path, make, expected: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    make(folder)
    with pytest.raises(MlpError, match=expected):
        datasets.put(platform, "spam", [folder])
    assert not platform.s3.calls


def test_two_files_of_one_name_are_refused(platform: FakePlatform, tmp_path: Path) -> None:
    for folder, name in (("a", "data.csv"), ("b", "DATA.csv")):
        write(f"{folder}/{name}")(tmp_path)
    with pytest.raises(MlpError, match=r"a/data\.csv and .*b/DATA\.csv would both be called DATA\.csv"):
        datasets.put(platform, "spam", [tmp_path / "a/data.csv", tmp_path / "b/DATA.csv"])
    with pytest.raises(MlpError, match="There is no file or folder"):
        datasets.put(platform, "spam", [tmp_path / "c"])


def test_unreadable_files_are_named(platform: FakePlatform, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MlpError, match=r"spam7\.csv cannot be read: Permission denied"):
        datasets.put(platform, "spam", [file])


def test_a_dataset_that_no_model_reads_is_refused_with_those_that_there_are(platform: FakePlatform, file: Path) -> None:
    with pytest.raises(MlpError, match=r"There is no dataset 'spm'.*: movies, spam"):
        datasets.put(platform, "spm", [file])


@pytest.mark.parametrize(("text", "expected"), [("spam", ("spam", None)), ("spam@3", ("spam", 3)), ("a-b@9999", ("a-b", 9999))])
def test_references_are_a_name_and_perhaps_a_version(text: str, expected: tuple) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize("text", ["", "@1", "spam@", "spam@0", "spam@v1", "Spam", "spam@10000", "spam@1@2", "spam@-1"])
def test_other_references_are_refused(text: str) -> None:
    with pytest.raises(MlpError, match="write NAME, such as spam, or NAME@VERSION"):
        parse_reference(text)


def test_versions_that_are_not_there_are_told_with_those_that_are(platform: FakePlatform, file: Path) -> None:
    with pytest.raises(MlpError, match=r"spam has no version yet\. Put one with: mlp data put spam FILE"):
        datasets.pick(platform, "spam@1")
    datasets.put(platform, "spam", [file])
    with pytest.raises(MlpError, match="Dataset spam has no version 7; complete versions: 1"):
        datasets.pick(platform, "spam@7")
    assert datasets.uri(platform, datasets.pick(platform, "spam")) == "s3://data-bucket/datasets/spam/raw/version=1/"


def test_a_manifest_that_somebody_wrote_over_is_named(platform: FakePlatform) -> None:
    platform.s3._put_object("data-bucket", "datasets/spam/raw/_versions/000001.json", b"{}")
    with pytest.raises(Failed, match=r"s3://data-bucket/datasets/spam/raw/_versions/000001\.json is no manifest"):
        datasets.pick(platform, "spam")
