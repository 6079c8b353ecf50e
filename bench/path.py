"""The whole way (HTTP API, function, endpoint) against a direct InvokeEndpoint, on the embedded AWS; for the record."""

import json
import os
import statistics
import tempfile
from typing import Any

from bench.measure import free_port, seconds

REQUESTS = 200


def run() -> dict[str, Any]:
    """Deploy, release, and ask both ways in turn; return medians in milliseconds and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLP_STATE_DIR"] = folder
        from mlp.demo import main as demo  # noqa: PLC0415 - they read the state folder's place
        from mlp.deployment import local  # noqa: PLC0415
        from mlp.platform.environment import PlatformEnvironment  # noqa: PLC0415
        from mlp.runs import prediction  # noqa: PLC0415

        try:
            demo.run(free_port())
            environment = PlatformEnvironment("local")
            sample = prediction.sample_of(environment, demo.MODEL)
            runtime = environment.client("sagemaker-runtime")
            body = json.dumps({"instances": [sample]}).encode()
            name = environment.model_name(demo.MODEL)
            times: dict[str, list[float]] = {"whole way": [], "InvokeEndpoint": []}
            for _ in range(REQUESTS):
                times["whole way"].append(seconds(lambda: prediction.predict(environment, demo.MODEL, [sample])))
                direct = seconds(lambda: runtime.invoke_endpoint(EndpointName=name, ContentType="application/json", Body=body))
                times["InvokeEndpoint"].append(direct)
        finally:
            local.stop()
            del os.environ["MLP_STATE_DIR"]
    medians = {name: statistics.median(values) * 1000 for name, values in times.items()}
    return {
        "milliseconds": {name: round(value, 1) for name, value in medians.items()},
        "ratio": round(medians["whole way"] / medians["InvokeEndpoint"], 2),
        "requests": REQUESTS,
        "note": "the whole way includes the lookup of the URL in two stacks' outputs",
    }
