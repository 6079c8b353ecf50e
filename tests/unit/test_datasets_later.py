"""Versions of datasets, later: what changed behind their back, what differs between two, and their files on a disk."""

from pathlib import Path

import pytest

from mlp import datasets
from mlp.datasets import diff as dataset_diff
from mlp.datasets import files as dataset_files
from mlp.datasets.check import changes, get
from mlp.datasets.diff import diff
from mlp.datasets.manifest import DatasetVersion
from mlp.datasets.rows import rows
from mlp.platform.errors import Failed, MlpError
from tests.unit.fake_s3 import FakePlatform

KEY = "datasets/spam/raw/version=1/"


def put(platform: FakePlatform, folder: Path, **files: str) -> DatasetVersion:
    for old in folder.glob("*"):
        old.unlink()
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, newline="")
    return datasets.put(platform, "spam", [folder]).version


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def version(platform: FakePlatform, tmp_path: Path) -> DatasetVersion:
    return put(platform, tmp_path / "in", a="x,y\n1,2\n", b="x\n3\n")


def test_an_untouched_version_has_no_changes(platform: FakePlatform, version: DatasetVersion) -> None:
    assert changes(platform, version) == []


def test_the_very_same_bytes_written_again_are_told_too(platform: FakePlatform, version: DatasetVersion) -> None:
    platform.s3._put_object("data-bucket", f"{KEY}a.csv", b"x,y\n1,2\n")
    (told,) = changes(platform, version)
    assert told.startswith("a.csv: was written over at 2026-11-22 00:00:00 UTC (version id v") and told.endswith("was put")


def test_what_was_removed_added_or_unhashed_is_told(platform: FakePlatform, version: DatasetVersion) -> None:
    platform.s3._delete_object("data-bucket", f"{KEY}b.csv")
    platform.s3._delete_object("data-bucket", f"{KEY}_SHA256SUMS")
    platform.s3._put_object("data-bucket", f"{KEY}c.csv", b"x\n")
    told = changes(platform, version)
    assert [text.partition(" ")[0] for text in told] == ["b.csv:", "_SHA256SUMS:", "c.csv:"]
    assert "is gone" in told[0] and "prepare job checks against it" in told[1] and "was added" in told[2]


@pytest.mark.parametrize("part_bytes", [1 << 20, 4])
def test_content_with_another_hash_is_told(
    platform: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_bytes: int
) -> None:
    """Of objects that were sent in parts S3 keeps no hash of the whole, so that they are read."""
    monkeypatch.setattr(dataset_files, "PART_BYTES", part_bytes)
    version = put(platform, tmp_path / "in", a="x\n123\n")
    assert changes(platform, version) == []
    stored = platform.s3.objects[f"{KEY}a.csv"]
    stored["content"] = b"x\n124\n"
    stored["ChecksumSHA256"] = stored["ChecksumSHA256"] if part_bytes == 4 else "AAAA"
    assert "a.csv: has SHA-256" in changes(platform, version)[0]


def test_the_files_arrive_as_they_were_put(platform: FakePlatform, version: DatasetVersion, tmp_path: Path) -> None:
    files = get(platform, version, tmp_path / "out")
    assert [(file.name, file.read_text()) for file in files] == [("a.csv", "x,y\n1,2\n"), ("b.csv", "x\n3\n")]
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["a.csv", "b.csv"]


def test_what_is_there_already_is_not_fetched_again_and_nothing_is_written_over(
    platform: FakePlatform, version: DatasetVersion, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    get(platform, version, out)
    del platform.s3.objects[f"{KEY}a.csv"]
    get(platform, version, out)
    (out / "b.csv").write_text("mine")
    with pytest.raises(MlpError, match=r"b\.csv exists with another content than in spam@1; choose an empty folder"):
        get(platform, version, out)
    assert (out / "b.csv").read_text() == "mine"


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_files_that_are_not_what_was_put_are_not_kept(
    platform: FakePlatform, version: DatasetVersion, tmp_path: Path, damage: str
) -> None:
    if damage == "gone":
        del platform.s3.objects[f"{KEY}b.csv"]
    else:
        platform.s3.objects[f"{KEY}b.csv"]["content"] = b"x\n4\n"
    with pytest.raises(Failed, match=r"b\.csv of spam@1 is not what was put.*mlp data show spam@1 --verify"):
        get(platform, version, tmp_path / "out")
    assert not (tmp_path / "out/b.csv").exists() and not list((tmp_path / "out").glob("*.part"))


def test_a_difference_names_files_columns_and_rows(platform: FakePlatform, version: DatasetVersion, tmp_path: Path) -> None:
    other = put(platform, tmp_path / "in", a='y,z,x\n2,"new\nline",1\n5,6,4\n5,6,4\n', c="x\n")
    a, b, c = diff(platform, version, other)
    assert (a.file, a.kind, b.file, b.kind, c.file, c.kind) == ("a.csv", "changed", "b.csv", "removed", "c.csv", "added")
    assert a.csv == dataset_diff.CsvChange(["z"], [], 2, 0), "rows are compared by the columns that both have"
    assert b.csv is None and (b.before.rows, c.after.rows) == (1, 0)
    (back, *_) = diff(platform, other, version)
    assert back.csv == dataset_diff.CsvChange([], ["z"], 0, 2)
    assert diff(platform, version, version) == []


def test_large_and_undecodable_tables_are_not_compared_row_by_row(
    platform: FakePlatform, version: DatasetVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = put(platform, tmp_path / "in", a="x,y\n1,3\n", b="x\n3\n")
    assert diff(platform, version, other)[0].csv == dataset_diff.CsvChange([], [], 1, 1)
    monkeypatch.setattr(dataset_diff, "MAX_CSV_BYTES", 3)
    assert diff(platform, version, other)[0].csv is None
    monkeypatch.undo()
    (tmp_path / "in/a.csv").write_bytes(b"x\n\xff\n")
    assert diff(platform, version, datasets.put(platform, "spam", [tmp_path / "in"]).version)[0].csv is None


def test_versions_of_two_datasets_are_not_compared(platform: FakePlatform, version: DatasetVersion, tmp_path: Path) -> None:
    other = datasets.put(platform, "movies", [tmp_path / "in"]).version
    with pytest.raises(MlpError, match="got spam@1 and movies@1; give two versions of one dataset"):
        diff(platform, version, other)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0), ("a", 0), ("a\n", 0), ("a\n1", 1), ("a\n1\n", 1), ("a\r\n1\r\n\r\n2\r\n", 2), ("\n\na\n1\n\n\n", 1),
        ('a\n"1\n2"\n3\n', 2), ('a\n"1 ""x\ny"" 2"\n', 1), ('"a\nb",c\n1,2\n', 1), ('a\n""\n', 1), ('a\n"\n\n"\n', 1),
    ],
)  # fmt: skip
def test_rows_are_records_below_the_header(text: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode())
    assert rows(tmp_path / "a.csv") == count


def test_rows_of_any_encoding_and_length_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\n\xff\xfe\x00\n" + b"x" * 1_000_000 + b"\n")
    assert rows(tmp_path / "a.csv") == 2
