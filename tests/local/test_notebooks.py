"""Notebooks that go to sleep by themselves: real Jupyter, deployed under enforcement, a minute of platform time in a second.

All situations are lived through at once, each in a notebook of its own, because each takes its idle minutes; the tests look at
what came of them.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import CLOCK, wait_for
from tests.local.notebook_platform import Notebooks
from tests.local.person import Person

IDLE_MINUTES = 12
"""Of every notebook in tests/local/notebooks.yaml."""
PERIOD = 60 / CLOCK
WORK = 30.0
"""Seconds of real time that the situations work for: well over the idle minutes, which are 12 s here."""


@dataclass
class Story:
    """What happened in one notebook."""

    name: str
    notebooks: Notebooks
    notes: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None

    def start(self) -> Person:
        self.notebooks.start(self.name)
        return self.notebooks.person(self.name)

    def status(self) -> str:
        return self.notebooks.status(self.name)

    def works_until(self, what: Callable[[], object]) -> None:
        """Keep what the notebook's status was at the end of `what`, and how long it then took to stop."""
        what()
        self.notes["status when the work ended"] = self.status()
        ended = time.monotonic()
        wait_for(lambda: self.status() == "Stopped", seconds=90, every=0.1)
        self.notes["seconds to Stopped"] = time.monotonic() - ended
        self.notes["verdicts"] = self.notebooks.verdicts(self.name)


def silent_cell(story: Story) -> None:
    person = story.start()
    kernel = person.open_notebook("long.ipynb")
    person.run(kernel, f"import time; time.sleep({WORK}); open('done.txt', 'w').write('yes')").leave()
    story.works_until(lambda: time.sleep(WORK + 0.5))


def sleeping_terminal(story: Story) -> None:
    person = story.start()
    person.type(f"sleep {WORK:.0f}")
    story.works_until(lambda: time.sleep(WORK))


def papermill(story: Story) -> None:
    person = story.start()
    cell = {
        "cell_type": "code",
        "source": f"import time; time.sleep({WORK - 5:.0f})",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "id": "a",
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    person.write(
        "in.ipynb", json.dumps({"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
    )
    person.type("python3 -m papermill in.ipynb out.ipynb; echo ended > ended.txt")

    def ended() -> bool:
        try:
            return person.read("ended.txt").strip() == "ended"
        except OSError:
            return False

    story.works_until(lambda: wait_for(ended, seconds=120))
    story.notes["output"] = (story.notebooks.folder(story.name) / "out.ipynb").read_text()


def open_tab(story: Story) -> None:
    """Connected, and polling as JupyterLab does, but nobody touches it."""
    person = story.start()
    kernel = person.open_notebook("open.ipynb")
    person.run(kernel, "1 + 1").finish()
    channel = person.connect(f"/api/kernels/{kernel}/channels")
    began, gone = time.monotonic(), threading.Event()

    def poll() -> None:
        while not gone.wait(0.5):
            try:
                for path in ("/api/kernels", "/api/sessions", "/api/terminals", "/api/contents?content=0"):
                    person.ask("GET", path)
            except OSError:
                return

    threading.Thread(target=poll, daemon=True).start()
    try:
        wait_for(lambda: story.status() == "Stopped", seconds=90, every=0.1)
    finally:
        gone.set()
        channel.close()
    story.notes["seconds to Stopped"] = time.monotonic() - began


def dead_agent(story: Story) -> None:
    story.start()
    for process in story.notebooks.processes(story.name, "bundle.pyz check"):
        # What would start the agent again goes first.
        for one in (process.parent(), process):
            one.kill()
    story.notes["killed"] = time.monotonic()

    def alarmed() -> bool:
        return story.notebooks.alarm(story.name) == "ALARM"

    story.notes["log of the watchdog"] = []
    try:
        wait_for(alarmed, seconds=90)
    except AssertionError:
        raise AssertionError(story.notebooks.watchdog_reports()[-2:]) from None
    story.notes["alarmed after"] = time.monotonic() - story.notes["killed"]
    wait_for(lambda: story.status() == "Stopped", seconds=90)
    story.notes["log of the watchdog"] = story.notebooks.watchdog_reports()


STORIES: dict[str, Callable[[Story], None]] = {
    "cell": silent_cell,
    "sleep": sleeping_terminal,
    "mill": papermill,
    "tab": open_tab,
    "orphan": dead_agent,
}


@pytest.fixture(scope="module")
def stories(notebooks: Notebooks) -> Iterator[dict[str, Story]]:
    found = {name: Story(name, notebooks) for name in STORIES}

    def live(story: Story) -> None:
        try:
            STORIES[story.name](story)
        except BaseException as error:
            story.error = error

    threads = [threading.Thread(target=live, args=(story,)) for story in found.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield found


def told(stories: dict[str, Story], name: str) -> dict[str, Any]:
    story = stories[name]
    if story.error:
        raise story.error
    return story.notes


@pytest.mark.parametrize("name", ["cell", "sleep", "mill"])
def test_long_work_with_the_tab_closed_is_not_stopped_and_its_end_is_noticed(stories, name: str) -> None:
    notes = told(stories, name)
    assert notes["status when the work ended"] == "InService"
    limit = IDLE_MINUTES * 60 / CLOCK
    # One timer period each for noticing the end and for acting; the machine may be busy.
    assert limit - 2 * PERIOD - 1 <= notes["seconds to Stopped"] <= limit + 2 * PERIOD + 10
    verdicts = [line["verdict"] for line in notes["verdicts"]]
    assert verdicts[-1] == "stopping" and {"busy", "warned"} <= set(verdicts), notes["verdicts"][-3:]


def test_the_reasons_name_the_work(stories) -> None:
    reasons = {name: {line["reason"] for line in told(stories, name)["verdicts"]} for name in ("cell", "sleep", "mill")}
    assert any("long.ipynb" in reason and "busy" in reason for reason in reasons["cell"]), sorted(reasons["cell"])
    assert any("sleep" in reason for reason in reasons["sleep"]), sorted(reasons["sleep"])
    assert any("papermill" in reason for reason in reasons["mill"]), sorted(reasons["mill"])


def test_what_papermill_ran_is_there(stories) -> None:
    cell = json.loads(told(stories, "mill")["output"])["cells"][0]
    assert cell["metadata"]["papermill"]["status"] == "completed" and cell["execution_count"] == 1


def test_an_open_tab_that_nobody_touches_is_idle(stories) -> None:
    assert told(stories, "tab")["seconds to Stopped"] < IDLE_MINUTES * 60 / CLOCK + 15


def test_the_watchdog_stops_what_a_dead_agent_leaves_running_and_the_alarm_tells(stories) -> None:
    notes = told(stories, "orphan")
    stopped = [entry for report in notes["log of the watchdog"] for entry in report.get("stopped", [])]
    assert any(entry["notebook"] == "orphan" and "heartbeat" in entry["reason"] for entry in stopped), notes


def test_the_files_are_there_after_a_stop_and_a_start(stories, notebooks: Notebooks) -> None:
    told(stories, "cell")
    notebooks.start("cell")
    assert notebooks.person("cell").read("done.txt") == "yes"


def test_nothing_of_a_stopped_notebook_runs_on(stories, notebooks: Notebooks) -> None:
    told(stories, "sleep")
    wait_for(lambda: notebooks.status("sleep") == "Stopped")
    assert not [process for process in notebooks.processes("sleep") if process.status() != psutil.STATUS_ZOMBIE]


def test_a_notebook_may_stop_itself_and_no_other(notebooks: Notebooks, as_role) -> None:
    client = as_role(notebooks.role("tab", "NotebookRole"))("sagemaker")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.stop_notebook_instance(NotebookInstanceName=notebooks.instance("cell"))
