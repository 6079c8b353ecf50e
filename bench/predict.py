"""The prediction function: import time and memory against boto3 with a client; its own time per request.

Aims: a third of the import time; under 2 ms per request, net of the endpoint's answer.
"""

import json
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from bench.measure import ROOT, alternating, python

ROUNDS = 15
REQUESTS = 500
ENVIRONMENT = {
    "MODEL_NAME": "spam",
    "ENDPOINT_NAME": "spam",
    "RUNTIME_HOST": "127.0.0.1",
    "MODEL_TIMEOUT_SECONDS": "8",
    "CONNECT_TIMEOUT_SECONDS": "2",
    "ATTEMPTS": "2",
    "MAX_INSTANCES": "100",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_REGION": "eu-central-1",
}
MEASURE = """
import time
started = time.perf_counter()
{statement}
elapsed = time.perf_counter() - started
import resource
print(elapsed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
STAGE = """
import os, shutil, yaml
from ml_platform.serving import input_validator
from ml_platform.common.function_code import staged
schema = yaml.safe_load(open("models/spam/model.yaml"))["input_schema"]
shutil.copytree(staged("predict", input_validator.files(schema)), os.environ["STAGE"], dirs_exist_ok=True)
"""
OURS = "import predict.handler"
REFERENCE = "import boto3; boto3.client('sagemaker-runtime', region_name='eu-central-1')"
PER_REQUEST = """
import http.server, json, os, statistics, threading, time, contextlib, io

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{{"predictions": [{{"class": "spam", "probability": 0.99}}], "model_version": "1"}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{{server.server_port}}"
import predict.handler as h
event = {{"body": json.dumps({{"instances": [{sample}]}}), "requestContext": {{"requestId": "r"}}}}
times = []
for _ in range({requests}):
    out = io.StringIO()
    started = time.perf_counter()
    with contextlib.redirect_stdout(out):
        response = h.handler(event, None)
    elapsed = (time.perf_counter() - started) * 1000
    assert response["statusCode"] == 200
    times.append(elapsed - json.loads(out.getvalue())["modelMilliseconds"])
print(statistics.median(times), sorted(times)[int(len(times) * 0.99)])
"""


WITHOUT = "import http.client, json, ssl, hashlib, hmac"
DEPENDENCIES = {"urllib3": "import urllib3", "fastjsonschema": "import fastjsonschema", "jsonschema": "import jsonschema"}
"""What the function does without."""


def run() -> dict[str, Any]:
    """Return medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a child's peak memory begins with that of whoever started it.
        python(STAGE, path=[ROOT, ROOT / "constructs"], env={"STAGE": folder})
        return _measured(Path(folder))


def _measured(stage: Path) -> dict[str, Any]:
    definition = yaml.safe_load((ROOT / "models/spam/model.yaml").read_text())
    memory: dict[str, list[float]] = {"ours": [], "boto3": []}

    def importing(name: str, statement: str) -> float:
        text = python(MEASURE.format(statement=statement), path=[str(stage)], cwd=stage, env=ENVIRONMENT)
        elapsed, megabytes = map(float, text.split())
        memory.setdefault(name, []).append(megabytes)
        return elapsed

    statements = {"ours": OURS, "boto3": REFERENCE}
    medians = alternating({name: partial(importing, name, statement) for name, statement in statements.items()}, ROUNDS)
    alone = {name: _beside(statement) for name, statement in DEPENDENCIES.items()}
    code = PER_REQUEST.format(sample=json.dumps(definition["sample"]), requests=REQUESTS)
    own = [float(v) for v in python(code, path=[str(stage)], cwd=stage, env=ENVIRONMENT).split()]
    megabytes = {name: statistics.median(values) for name, values in memory.items()}
    return {
        "import seconds": {name: round(value, 4) for name, value in medians.items()},
        "import ratio": round(medians["ours"] / medians["boto3"], 3),
        "memory MB": {name: round(value, 1) for name, value in megabytes.items()},
        "memory ratio": round(megabytes["ours"] / megabytes["boto3"], 3),
        "seconds that a dependency adds to what the function imports anyhow": alone,
        "own milliseconds per request": {"median": round(own[0], 3), "99th percentile": round(own[1], 3)},
        "rounds": ROUNDS,
        "requests": REQUESTS,
    }


def _beside(statement: str) -> float:
    code = f"import time, {WITHOUT.removeprefix('import ')}; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    return round(statistics.median(float(python(code, path=[], cwd=ROOT, env={})) for _ in range(ROUNDS)), 4)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
