"""The gate: what a model must keep to get into the registry, and whether it does.

One judgement for the pipeline's function and for `mlp check`.
"""

from platform_contract.gate.decision import decide
from platform_contract.gate.rule import GateRule
from platform_contract.gate.verdict import Check, Verdict

__all__ = ["Check", "GateRule", "Verdict", "decide"]
