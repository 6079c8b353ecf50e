"""Runs all benches, or those named: python -m bench [NAME ...]."""

import importlib
import json
import sys

from bench.measure import RESULTS

ALL = (
    "synth",
    "models_synth",
    "token_caches",
    "models",
    "pipeline",
    "predict",
    "path",
    "agent",
    "verdicts",
    "sleep",
    "containers",
    "demo",
)


def main() -> None:
    """Run and keep the results in bench/results.json."""
    names = sys.argv[1:] or list(ALL)
    unknown = sorted(set(names) - set(ALL))
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; benches: {', '.join(ALL)}")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names:
        print(f"{name} ...", flush=True)
        results[name] = importlib.import_module(f"bench.{name}").run()
        print(json.dumps(results[name], indent=2), flush=True)
        RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
