"""One check of the idle agent, beside Jupyter with two kernels, against what AWS's public sample observes and would do.

The reference is a statement of the sample's visible work, in no line of its code: a Python with requests and boto3 that asks
for the sessions, reads when each kernel was used last, and has a client ready to stop the instance. Aims: under 0.2 s of CPU,
under 30 MiB.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from bench.measure import ROOT, alternating

ROUNDS = 15
REFERENCE = """
import datetime, json, sys
import boto3, requests
client = boto3.client("sagemaker", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
name = json.load(open(sys.argv[2]))["ResourceName"]
sessions = requests.get(sys.argv[1] + "api/sessions", headers={"Authorization": "token " + sys.argv[3]}, verify=False).json()
now = datetime.datetime.now(datetime.timezone.utc)
idle = True
for session in sessions:
    last = datetime.datetime.strptime(session["kernel"]["last_activity"], "%Y-%m-%dT%H:%M:%S.%f%z")
    idle = idle and session["kernel"]["execution_state"] == "idle" and (now - last).total_seconds() > 3600
assert len(sessions) == 2
if idle:
    client.stop_notebook_instance(NotebookInstanceName=name)
"""
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, start_new_session=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def run() -> dict[str, Any]:
    """Return medians of CPU seconds and peak MiB, of one process per check."""
    sys.path[:0] = [str(ROOT), str(ROOT / "constructs")]
    from tests.agent.fake_aws import running  # noqa: PLC0415 - the tests' machine and Jupyter are not on the path before
    from tests.agent.jupyter import TOKEN, Jupyter  # noqa: PLC0415
    from tests.agent.machine import Machine  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, running() as aws:
        machine = Machine(Path(folder) / "machine", aws.variables())
        try:
            machine.install()
            jupyter = Jupyter(machine)
            jupyter.start()
            for name in ("a.ipynb", "b.ipynb"):
                jupyter.run(jupyter.session(name), "1 + 1")
            agent = [str(machine.base / "bundle.pyz"), "check", "--config", str(machine.base / "idle.json")]
            metadata = str(machine.root / "opt/ml/metadata/resource-metadata.json")
            reference = ["-c", REFERENCE, jupyter.url, metadata, TOKEN]
            return _compared({"ours": agent, "reference": reference}, {**machine.environment, "LOCAL_AWS_CLOCK": "1"})
        finally:
            machine.end()


def _compared(works: dict[str, list[str]], environment: dict[str, str]) -> dict[str, Any]:
    memory: dict[str, list[float]] = {name: [] for name in works}

    def one(name: str, words: list[str]) -> float:
        command = [sys.executable, "-c", MEASURE, sys.executable, *words]
        text = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True).stdout
        seconds, megabytes = map(float, text.split())
        memory[name].append(megabytes)
        return seconds

    medians = alternating({name: partial(one, name, words) for name, words in works.items()}, ROUNDS)
    megabytes = {name: statistics.median(values) for name, values in memory.items()}
    return {
        "CPU seconds per check": {name: round(value, 3) for name, value in medians.items()},
        "CPU ratio": round(medians["ours"] / medians["reference"], 3),
        "peak MiB": {name: round(value, 1) for name, value in megabytes.items()},
        "memory ratio": round(megabytes["ours"] / megabytes["reference"], 3),
        "rounds": ROUNDS,
        "note": "ours also looks at kernels, terminals, processes, files and the GPU, logs and publishes two metrics",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
