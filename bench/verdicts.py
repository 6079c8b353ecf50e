"""Wrong verdicts on the table of situations that the tests judge the agent by: ours, and the naive rule's."""

import importlib
import json
import sys
from typing import Any

from bench.measure import ROOT


def run() -> dict[str, Any]:
    """Return how many verdicts are wrong, in which direction, and which of them."""
    sys.path[:0] = [str(ROOT), str(ROOT / "notebook")]
    from tests.agent.situations import OBSERVED, SITUATIONS, naive  # noqa: PLC0415 - neither is on the path before

    decide = importlib.import_module("idle_agent.decide").decide
    ours = [decide(s.seen, s.memory, s.config, s.now)[0]["verdict"] for s in SITUATIONS]
    stops_work = [s.name for s in OBSERVED if naive(s) and not s.stops]
    never_stops = [s.name for s in OBSERVED if not naive(s) and s.stops]
    return {
        "ours": {"situations": len(SITUATIONS), "wrong": sum(v != s.verdict for v, s in zip(ours, SITUATIONS, strict=True))},
        "naive rule": {
            "situations": len(OBSERVED),
            "wrong": len(stops_work) + len(never_stops),
            "stops what is used": stops_work,
            "lets run what is idle": never_stops,
        },
        "note": "the naive rule, all kernels idle longer than N, is asked only where it could know, and only whether it stops",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
