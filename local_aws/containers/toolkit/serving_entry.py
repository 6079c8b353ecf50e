"""What the framework image runs for `serve`: AWS's inference toolkit behind a WSGI server.

Run by path with the model folder and the file that is to receive the port.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import waitress
from sagemaker_inference.transformer import Transformer

THREADS = 8
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Context:
    """What the toolkit asks of a request's surroundings."""

    def __init__(self, model_dir: str, headers: dict[str, str]) -> None:
        self.system_properties = {"model_dir": model_dir}
        self.request_processor = [self]
        self.headers = headers
        self.status = 200
        self.content_type = "application/json"

    def get_request_properties(self) -> dict[str, str]:
        """Headers of the request."""
        return self.headers

    def set_response_status(self, code: int = 200, phrase: str | None = None, idx: int = 0) -> None:  # noqa: ARG002
        """Status of the answer."""
        self.status = code

    def set_response_content_type(self, _idx: int, value: str) -> None:
        """Content type of the answer."""
        self.content_type = value


class Server:
    """WSGI application with /ping and /invocations."""

    def __init__(self, model_dir: Path) -> None:
        self._model_dir = str(model_dir)
        sys.path.insert(0, str(model_dir / "code"))
        self._transformer = Transformer()
        self._transformer.validate_and_initialize(model_dir=self._model_dir, context=Context(self._model_dir, {}))

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/ping":
            start_response("200 OK", [])
            return [b""]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        content_type = environ.get("CONTENT_TYPE", "application/json").partition(";")[0].strip()
        accept = environ.get("HTTP_ACCEPT", "application/json")
        context = Context(self._model_dir, {"Content-Type": content_type, "Accept": accept})
        answer = self._transformer.transform([{"body": body}], context)[0]
        content = answer if isinstance(answer, bytes) else str(answer).encode()
        start_response(f"{context.status} Status", [("Content-Type", context.content_type)])
        return [content]


def main(model_dir: Path, port_file: Path) -> None:
    """Load the model, listen, and write the port."""
    server = waitress.create_server(Server(model_dir), host="127.0.0.1", port=0, threads=THREADS)
    partial = port_file.with_suffix(".part")
    partial.write_text(str(server.effective_port))
    partial.rename(port_file)
    server.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
