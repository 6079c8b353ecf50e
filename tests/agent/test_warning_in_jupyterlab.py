"""The warning as people see it: real JupyterLab in headless Chromium."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.agent.jupyter import TOKEN, Jupyter
from tests.agent.machine import Machine, wait_for

SETUP = Path(__file__).parents[2] / "notebook/setup"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    machine = Machine(tmp_path_factory.mktemp("browser") / "machine")
    machine.install()
    from setup.install import add_extension, share_status

    extension = machine.home / ".local/share/jupyter/labextensions/ml-platform-idle"
    add_extension(SETUP / "labextension", extension)
    share_status(machine.base / "status.json", extension / "static")
    jupyter = Jupyter(machine)
    jupyter.start()
    yield jupyter
    machine.end()


@pytest.fixture
def page(jupyter: Jupyter, tmp_path: Path) -> Iterator[Page]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=CHROMIUM, args=OPTIONS.split(), viewport={"width": 1280, "height": 800}
        )
        page = context.new_page()
        page.goto(f"{jupyter.url}lab?token={TOKEN}")
        expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)
        yield page
        context.close()


def judged(jupyter: Jupyter, minutes: float, **variables: str) -> dict[str, Any]:
    """Check as if the last activity were `minutes` ago."""
    state = jupyter.machine.base / "check.json"
    memory = json.loads(state.read_text())
    state.write_text(json.dumps({**memory, "active": memory["mono"] - minutes * 60}))
    return jupyter.machine.check(**variables)


def warning_on(page: Page) -> Locator:
    """Return our notification; JupyterLab has others."""
    return page.locator(".Toastify__toast", has_text="This notebook is idle")


def idle(jupyter: Jupyter) -> None:
    """Begin a new grace period, and check until nothing is going on any more."""
    (jupyter.machine.base / "check.json").unlink(missing_ok=True)
    (jupyter.machine.home / "SageMaker/keep-alive.txt").unlink(missing_ok=True)
    wait_for(lambda: jupyter.machine.check()["verdict"] == "idle", 60, 1)


def test_an_idle_person_is_warned_and_can_keep_the_notebook(jupyter: Jupyter, page: Page) -> None:
    idle(jupyter)
    assert judged(jupyter, 55)["verdict"] == "warned"
    warning = warning_on(page)
    expect(warning).to_contain_text("This notebook is idle and will be stopped at", timeout=15_000)
    expect(warning).to_contain_text("in 5 minutes")
    if os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{os.environ['SCREENSHOTS']}/idle-warning.png")
    page.get_by_role("button", name="Keep for 1 hour").click()
    keep = jupyter.machine.home / "SageMaker/keep-alive.txt"
    # Jupyter creates the file before it writes into it.
    text = wait_for(lambda: keep.exists() and keep.read_text().strip())
    until = datetime.fromisoformat(text).timestamp()
    assert until == pytest.approx(time.time() + 3600, abs=60)
    line = judged(jupyter, 58)
    assert (line["verdict"], "keep-alive.txt keeps it" in line["reason"]) == ("kept", True)
    expect(page.get_by_text("will be stopped at")).to_have_count(0, timeout=15_000)


def test_the_warning_goes_when_the_notebook_is_used_again(jupyter: Jupyter, page: Page) -> None:
    idle(jupyter)
    judged(jupyter, 55)
    expect(warning_on(page)).to_be_visible(timeout=15_000)
    (jupyter.machine.home / "SageMaker/new.md").write_text("x")
    assert jupyter.machine.check()["verdict"] == "busy"
    expect(warning_on(page)).to_have_count(0, timeout=15_000)


def test_the_open_page_is_no_activity(jupyter: Jupyter, page: Page) -> None:
    idle(jupyter)
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url) if "status.json" in request.url else None)
    page.wait_for_timeout(12_000)
    assert len(polls) >= 2
    assert jupyter.machine.check()["verdict"] == "idle"
