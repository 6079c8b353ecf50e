"""The demo's notebook: it starts, a cell runs, nobody comes back, it is asleep."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mlp.notebooks import instances as notebooks
from mlp.notebooks.instances import Notebook
from mlp.notebooks.jupyter import Jupyter
from mlp.notebooks.state import state
from mlp.platform.environment import PlatformEnvironment
from mlp.platform.errors import Failed
from mlp.platform.waiting import on_change, polled

CELL = """
import pandas as pd, mlp
table = pd.read_csv(mlp.download(mlp.data("spam"), "spam")[0])
print(f"{len(table):,} e-mails, {(table.yesno == 'y').mean():.0%} of them spam")
"""
POLL_SECONDS = 0.3


@dataclass
class DemoNotebook:
    """A notebook that somebody leaves."""

    environment: PlatformEnvironment
    name: str
    notebook: Notebook = field(init=False)
    left: float = field(init=False)
    """When the cell had ended, on the monotonic clock."""

    def work(self, report: Callable[[str], None]) -> str:
        """Start the notebook, run one cell under its role, and leave; return what the cell printed."""
        self.notebook = notebooks.pick(self.environment, self.name)
        notebooks.start(self.environment, self.notebook, report)
        report("running a cell")
        jupyter = Jupyter(notebooks.url(self.environment, self.notebook))
        cell = jupyter.run(jupyter.open_notebook("demo.ipynb"), CELL)
        said = cell.finish().strip()
        cell.leave()
        self.left = time.monotonic()
        if "e-mails" not in said:
            raise Failed(f"The demo's cell failed in notebook {self.name}:\n{said}")
        return said

    def sleep(self, seconds: float, report: Callable[[str], None]) -> float:
        """Wait until the notebook has stopped itself; return how long it took since the cell had ended.

        Raises
        ------
        Failed
            If it is still awake after `seconds`.
        """
        changed = on_change(report)
        for found in polled(lambda: state(self.environment, self.notebook), every=POLL_SECONDS, within=seconds):
            if found.status == "Stopped":
                return time.monotonic() - self.left
            changed(found.check.reason if found.check else found.status)
        raise Failed(f"Notebook {self.name} is still awake; ask why with: mlp notebook status {self.name}")
