"""A Python for an image is found by trying, whatever lies in its way."""

import os
import sys
from pathlib import Path

import pytest

from local_aws.containers import installer, interpreters
from local_aws.containers.interpreters import interpreter_for, tried


def test_a_shim_that_leads_nowhere_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert tried(shim) is None
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert interpreter_for("3.12").path != shim


def test_a_folder_that_may_not_be_read_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", denied)
    assert tried(tmp_path / "python3.12") is None


def test_the_nearest_version_takes_the_place_of_one_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "_downloaded", lambda _: None)
    found = interpreter_for("3.1")
    assert found.minor in interpreters.OTHERS


def test_what_a_virtual_environment_was_made_from_is_taken_for_itself() -> None:
    found = tried(Path(sys.executable))
    assert found is not None and found.path.is_relative_to(found.prefix) and not found.path.is_relative_to(sys.prefix)


def test_without_a_home_caches_lie_beside_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    assert installer.uv("cache", "dir").stdout.strip() == str(installer.CACHES / "uv")
    assert installer.uv("python", "dir").stdout.strip() == str(installer.CACHES / "python")
    monkeypatch.setenv("UV_CACHE_DIR", "/tmp/mine")
    assert installer.uv("cache", "dir").stdout.strip() == "/tmp/mine"
