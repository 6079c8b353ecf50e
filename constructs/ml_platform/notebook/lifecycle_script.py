"""The lifecycle script of a notebook instance, as text; knows no CDK.

SageMaker takes 16,384 base64 characters. So everything that does not change between deployments is packed: the idle agent,
without what only people read, and the settings. CDK tokens, which CloudFormation fills in, and paths stay in the clear.
"""

from __future__ import annotations

import bz2
import hashlib
import json
import re
from base64 import b85encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from ml_platform.notebook.python_names import shorten, squeezed
from ml_platform.notebook.python_source import joined, slim
from ml_platform.notebook.sources import SOURCES

MAX_BYTES = 12_288
"""16,384 characters of base64. Source: API_NotebookInstanceLifecycleHook."""
TOKEN_BYTES = 140
"""Longest value that a token is expected to become: an ARN with a long name."""
MODULES = ("aws", "work", "decide", "act", "observe", "__main__")
"""Of the agent, in the order that packs best; nothing outside functions needs another module, but the last."""
CLEAR = re.compile(r'\$\{Token\[[^\]]*\]\}|(?<=")/(?:home/ec2-user|opt|etc|var|run)\b[^"]*')


def render(*, idle: Mapping[str, Any], platform: Mapping[str, Any], sdk_defaults: str) -> str:
    """Return the on-start script: the same bytes for the same arguments, on every machine and Python.

    Parameters
    ----------
    idle
        What the agent is told (idle.json). Without `lifecycle`, the script's own hash becomes that.
    platform
        What the client is told (platform.json); `client` is the s3:// address of its bundle.
    sdk_defaults
        Defaults of the SageMaker SDK, as YAML.

    Raises
    ------
    ValueError
        If the script is longer than SageMaker takes.
    """
    if "lifecycle" not in idle:
        script = render(idle={**idle, "lifecycle": ""}, platform=platform, sdk_defaults=sdk_defaults)
        idle = {**idle, "lifecycle": hashlib.sha256(script.encode()).hexdigest()[:12]}
    values: list[str] = []
    settings = [_packed(text, values) for text in (_json(idle), _json(platform), sdk_defaults)]
    head, rest = _template()
    unpack, agent = _programs()
    parts = "\0".join([unpack, rest, agent, *settings])
    # bzip2 has one implementation and one result for the same input, unlike zlib and xz, whose output differs by version.
    payload = b85encode(bz2.compress(parts.encode("ascii"))).decode()
    arguments = " ".join(f"'{value}'" for value in values)
    script = head.replace("@PAYLOAD@", payload).replace("@VALUES@", arguments)
    _check(script, idle, platform, sdk_defaults)
    return script


def size(script: str) -> int:
    """Return the bytes that the script may have once CloudFormation has filled it in."""
    return len(re.sub(r"\$\{Token\[[^\]]*\]\}", "x" * TOKEN_BYTES, script).encode())


def _packed(text: str, values: list[str]) -> str:
    """Return `text` with numbers in place of what must stay in the clear, which is added to `values`, each once."""

    def number(found: re.Match[str]) -> str:
        if found[0] not in values:
            values.append(found[0])
        return f"\1{values.index(found[0])}\1"

    return CLEAR.sub(number, text)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


@cache
def _programs() -> tuple[str, str]:
    """Return what unpacks, and the agent as one file."""
    folder = SOURCES / "idle_agent"
    agent = joined([(folder / f"{name}.py").read_text() for name in MODULES], "idle_agent")
    unpack = slim((folder / "unpack.py").read_text())
    return squeezed(shorten(unpack, {"unpack"})), squeezed(shorten(agent))


@cache
def _template() -> tuple[str, str]:
    """Return what stays in the clear of the script, and what is packed."""
    lines = (SOURCES / "on_start.sh").read_text().splitlines()
    border = next(number for number, line in enumerate(lines) if "@REST@" in line)
    head, rest = (
        [re.sub(" # .*", "", line.strip()) for line in part if line.strip() and not re.match(r"\s*#(?!!)", line)]
        for part in (lines[:border], lines[border:])
    )
    return "\n".join([*head, "exit 0", ""]), "\n".join([*rest, ""])


def _check(script: str, idle: Mapping[str, Any], platform: Mapping[str, Any], sdk_defaults: str) -> None:
    if size(script) <= MAX_BYTES:
        return
    lengths = {f"idle.{key}": len(_json({key: value})) for key, value in idle.items()}
    lengths |= {f"platform.{key}": len(_json({key: value})) for key, value in platform.items()}
    longest = sorted({**lengths, "sdk_defaults": len(sdk_defaults)}.items(), key=lambda entry: -entry[1])[:3]
    raise ValueError(
        f"the lifecycle script has {size(script)} bytes, SageMaker takes {MAX_BYTES}; "
        f"shorten what is longest: {', '.join(f'{name} ({length})' for name, length in longest)}"
    )
