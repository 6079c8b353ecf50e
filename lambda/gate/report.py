"""A verdict as the pipeline, the registry and people read it."""

import json
import unicodedata
from dataclasses import asdict

from platform_contract.gate import Verdict

LONGEST_OUTPUT = 1024
"""Characters in an output of a Lambda step (API: OutputParameter)."""
LONGEST_METADATA = 256
"""Characters in a value of a version's metadata (API: CustomerMetadataMap)."""
PUNCTUATION = "_.:/=+-@"
"""What such a value may have besides letters, digits and spaces."""


def document(verdict: Verdict) -> str:
    """Return gate.json."""
    content = {
        "passed": verdict.passed,
        "deployed_version": verdict.deployed_version,
        "checks": [asdict(check) for check in verdict.checks],
    }
    return json.dumps(content, indent=1, allow_nan=False)


def outputs(verdict: Verdict) -> dict[str, str]:
    """Return what the step's function answers."""
    return {
        "passed": "true" if verdict.passed else "false",
        "reasons": reasons(verdict),
        "summary": summary(verdict),
        "model_sha256": verdict.model_sha256,
    }


def reasons(verdict: Verdict) -> str:
    """Return why the model does not pass, in one line; what failed first comes first."""
    failing = dict.fromkeys(check.says for check in verdict.checks if not check.holds)
    return _cut(_one_line("; ".join(failing) or ("every rule holds" if verdict.passed else "there is no rule")), LONGEST_OUTPUT)


def summary(verdict: Verdict) -> str:
    """Return the verdict in the registry's alphabet."""
    word = "passed" if verdict.passed else "missed"
    compared = any(check.check == "max_regression" for check in verdict.checks)
    served = f"compared with deployed version {verdict.deployed_version}" if compared else "not compared"
    checks = " / ".join(dict.fromkeys(check.says for check in verdict.checks))
    text = _one_line(f"{word} / {served} / {checks}")
    return _cut("".join(letter if _registered(letter) else " " for letter in text).replace("  ", " ").rstrip(), LONGEST_METADATA)


def _registered(letter: str) -> bool:
    return letter in PUNCTUATION or unicodedata.category(letter)[0] in "LZN"


def _one_line(text: str) -> str:
    """Return `text` without line breaks, control characters and halves of characters, which no answer of AWS's may have."""
    printable = (" " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text)
    return " ".join("".join(printable).split())


def _cut(text: str, longest: int) -> str:
    """Return at most `longest` UTF-16 units of `text`, which is how AWS counts."""
    if _units(text) <= longest:
        return text
    while _units(text) > longest - 3:
        text = text[: -max(1, (_units(text) - longest + 3) // 2)]
    return f"{text}..."


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
