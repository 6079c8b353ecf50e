"""Archives that somebody else packed stay in their folder, with and without Python's own filter."""

import io
import tarfile
from pathlib import Path

import pytest

from platform_contract import archives


@pytest.fixture(params=["with filters", "without filters"], autouse=True)
def filters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without filters":  # Python 3.11.2, as Debian 12 has it
        monkeypatch.setattr(archives, "SAFELY", {})


def packed(folder: Path, name: str, **kind) -> Path:
    path = folder / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(name)
        for key, value in kind.items():
            setattr(entry, key, value)
        entry.size = 1 if not kind else 0
        archive.addfile(entry, io.BytesIO(b"x"))
    return path


def test_what_stays_inside_is_unpacked(tmp_path: Path) -> None:
    archives.unpack(packed(tmp_path, "code/serve.py"), tmp_path / "out")
    assert (tmp_path / "out/code/serve.py").read_text() == "x"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", {}),
        ("a/../../outside", {}),
        ("link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("device", {"type": tarfile.CHRTYPE}),
    ],
)
def test_what_would_leave_is_refused(tmp_path: Path, name: str, kind: dict) -> None:
    with pytest.raises((tarfile.TarError, OSError)):
        archives.unpack(packed(tmp_path, name, **kind), tmp_path / "out")
    assert not (tmp_path / "outside").exists()
