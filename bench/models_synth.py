"""Synth of platforms of 1, 10 and 50 models, each trained and served, against an empty app. Aim: under 60 ms per added model.

Every model has a folder, a code bundle and an input schema of its own, as real ones have. CDK's template check is off; `synth`
measures what it costs.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bench.measure import ROOT, alternating, python, seconds
from bench.synth import EMPTY
from mlp.deployment.cdk import node

COUNTS = (1, 10, 50)
ROUNDS = 3
MODEL = "spam"
SYNTH = """
import json
from pathlib import Path
from aws_cdk import App
from stacks.platform import build_platform
from settings import load_settings
app = App(analytics_reporting=False, context=json.loads(Path("cdk.json").read_text())["context"])
build_platform(app, load_settings(Path({config!r}), Path({models!r})))
app.synth()
"""


def run() -> dict[str, Any]:
    """Return seconds per count, milliseconds per added model, the deviation from a straight line, and bytes of a definition."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        codes = {"empty app": EMPTY, **{_title(count): _platform(folder / str(count), count) for count in COUNTS}}
        works = {title: (lambda code=code: _timed(code, folder / "out")) for title, code in codes.items()}
        found = alternating(works, ROUNDS)
        size = _definition_bytes(codes[_title(1)], folder / "definition")
    few, some, many = (found[_title(count)] for count in COUNTS)
    per_model = (many - few) / (COUNTS[2] - COUNTS[0])
    line = few + per_model * (COUNTS[1] - COUNTS[0])
    return {
        "seconds": {title: round(value, 2) for title, value in found.items()},
        "ms per added model": round(per_model * 1000),
        f"{COUNTS[1]} models, over the line from {COUNTS[0]} to {COUNTS[2]}": f"{(some - line) / line:+.0%}",
        "bytes of a pipeline definition": size,
        "rounds": ROUNDS,
    }


def _title(count: int) -> str:
    return f"{count} models" if count > 1 else "1 model"


def _platform(folder: Path, count: int) -> str:
    """Write a platform of `count` models to `folder`; return the code that synthesizes it."""
    local = yaml.safe_load((ROOT / "config/local.yaml").read_text())
    names = [f"m{number}" for number in range(count)]
    config = {section: local[section] for section in ("platform", "storage", "alerts")}
    models = folder / "models"
    for name in names:
        _copy_model(models / name, name)
    for shared in (ROOT / "models").glob("*/__init__.py"):
        shutil.copytree(shared.parent, models / shared.parent.name)
    (folder / "local.yaml").write_text(yaml.safe_dump({**config, "models": dict.fromkeys(names, local["models"][MODEL])}))
    return SYNTH.format(config=str(folder / "local.yaml"), models=str(models))


def _copy_model(folder: Path, name: str) -> None:
    shutil.copytree(ROOT / "models" / MODEL, folder, ignore=shutil.ignore_patterns("__pycache__"))
    definition = yaml.safe_load((folder / "model.yaml").read_text())
    definition["name"] = name
    field = next(iter(definition["input_schema"]["properties"].values()))
    field["description"] = f"{field['description']} of {name}"
    (folder / "model.yaml").write_text(yaml.safe_dump(definition))


def _synthesize(code: str, out: Path) -> None:
    env = {**os.environ, "JSII_NODE": node(), "CDK_VALIDATION": "false", "CDK_OUTDIR": str(out)}
    python(code, path=[str(ROOT), str(ROOT / "constructs")], env=env)


def _timed(code: str, out: Path) -> float:
    took = seconds(lambda: _synthesize(code, out))
    shutil.rmtree(out)
    return took


def _definition_bytes(code: str, out: Path) -> int:
    """Return the size of a pipeline's definition; what CloudFormation fills in counts as the intrinsic function that it is."""
    _synthesize(code, out)
    template = json.loads(next(out.glob("*Training*.template.json")).read_text())
    found: list[Mapping[str, Any]] = [r for r in template["Resources"].values() if r["Type"] == "AWS::SageMaker::Pipeline"]
    body = found[0]["Properties"]["PipelineDefinition"]["PipelineDefinitionBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    return sum(len(part if isinstance(part, str) else json.dumps(part)) for part in parts)
