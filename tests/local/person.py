"""A person at a notebook: runs cells, types into terminals, reads and writes files."""

import json
import time

from mlp.notebooks.jupyter import Jupyter


class Person(Jupyter):
    """Works in the Jupyter of one notebook instance."""

    def type(self, command: str) -> None:
        """Open a terminal, type a command and close the tab."""
        name = self.ask("POST", "/api/terminals", {})["name"]
        channel = self.connect(f"/terminals/websocket/{name}")
        channel.send(json.dumps(["stdin", f"{command}\r"]))
        time.sleep(1)
        channel.close()

    def write(self, name: str, text: str) -> None:
        """Save a text file beside the notebooks."""
        self.ask("PUT", f"/api/contents/{name}", {"type": "file", "format": "text", "content": text})

    def read(self, name: str) -> str:
        """Return a text file."""
        return str(self.ask("GET", f"/api/contents/{name}?type=file&format=text")["content"])
