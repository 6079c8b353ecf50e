"""The resources of every stack, normalized, against what was committed; `make snapshots` writes them anew."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, SAMPLES

HERE = Path(__file__).parent
HASH = re.compile(r"(?<=[A-Za-z])[0-9A-F]{8}(?![0-9A-Za-z])|[0-9a-f]{64}")
DIGEST = re.compile(r'(?<=")(?=\d*[a-f])[0-9a-f]{12}(?=\\?")')
"""Of a notebook's lifecycle script; the account's number has as many digits, but no letters."""
ARCHIVE = re.compile(r"[0-9A-Za-z!#$%&()*+\-;<=>?@^_`{|}~]{200,}")
"""The program inside that script, as base85; it has tests of its own."""


def normalized(template: dict[str, Any]) -> dict[str, Any]:
    """Return what a person would review: no hashes of assets or logical ids, and no order that means nothing."""
    kept = {key: template[key] for key in ("Parameters", "Conditions", "Resources", "Outputs") if key in template}
    text = ARCHIVE.sub("ARCHIVE", DIGEST.sub("DIGEST", HASH.sub("HASH", json.dumps(kept, sort_keys=True))))
    result: dict[str, Any] = json.loads(text)
    return result


@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_templates_are_as_committed(synthesize, sample: str) -> None:
    found = {stack: normalized(template) for stack, template in synthesize(SAMPLES[sample]).items()}
    file = HERE / f"{sample}.json"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    committed = json.loads(file.read_text())
    assert sorted(found) == sorted(committed)
    for stack, template in found.items():
        assert template == committed[stack], f"{stack} has changed; if that is meant: make snapshots"


@pytest.mark.parametrize("config", ["config/local.yaml", "config/samples/comprehensive.yaml"])
def test_two_syntheses_are_equal_to_the_byte(tmp_path: Path, config: str) -> None:
    from aws_cdk import App

    from settings import load_settings
    from stacks.platform import build_platform

    def synth(folder: Path) -> dict[str, bytes]:
        app = App(outdir=str(folder), analytics_reporting=False)
        build_platform(app, load_settings(ROOT / config))
        app.synth()
        return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}

    first, second = synth(tmp_path / "one"), synth(tmp_path / "two")
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_every_stack_and_what_it_makes_has_the_tags_of_the_configuration(tmp_path: Path) -> None:
    from aws_cdk import App

    from settings import load_settings
    from stacks.platform import build_platform

    app = App(outdir=str(tmp_path), analytics_reporting=False)
    build_platform(app, load_settings(SAMPLES["comprehensive"]))
    app.synth()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    stacks = {name: entry for name, entry in manifest["artifacts"].items() if entry["type"] == "aws:cloudformation:stack"}
    assert len(stacks) > 4
    for name, entry in stacks.items():
        assert entry["properties"]["tags"]["cost-centre"] == "data-science", name
        assert '"cost-centre"' in (tmp_path / entry["properties"]["templateFile"]).read_text(), name
