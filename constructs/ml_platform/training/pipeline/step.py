"""What all steps have in common."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aws_cdk import Duration, Token

from platform_contract.instances import has_local_nvme

STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
"""API: StepName."""
ENVIRONMENT_NAME = "[a-zA-Z_][a-zA-Z0-9_]*"
"""API: ProcessingEnvironmentKey, EnvironmentKey."""
MAX_VALUE = 256
"""Characters in one word of a container's command, and in one environment variable (API: ContainerArgument)."""


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One step; it runs when all steps have ended whose values it reads or that it depends on.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
    """

    kind: ClassVar[str]
    """Type in the definition language."""
    name: str
    """1 to 64 letters, digits, hyphens and underscores; unique in the pipeline, branches included."""
    depends_on: Sequence[str] = ()
    """Steps that must have ended although no value of theirs is read. Default: none."""

    def render(self) -> dict[str, Any]:
        """Render as an element of Steps."""
        step = {"Name": self.name, "Type": self.kind, "Arguments": self._arguments(), **self._attributes()}
        return {**step, "DependsOn": list(self.depends_on)} if self.depends_on else step

    def render_own(self) -> dict[str, Any]:
        """Render without the steps that it holds."""
        return self.render()

    def problems(self) -> Iterator[str]:
        """Yield what AWS would refuse in this step alone."""
        if not STEP_NAME.fullmatch(self.name):
            yield f"the name must be 1 to 64 letters, digits, - or _ (API: StepName), got {self.name!r}"

    def missing_property(self, path: str) -> str | None:  # noqa: ARG002
        """Return why another step cannot read `path` of this one; None where it can, or where only AWS knows."""
        return None

    @abstractmethod
    def _arguments(self) -> dict[str, Any]:
        """Return what the step's job or call is given."""

    def _attributes(self) -> dict[str, Any]:
        """Return what stands beside the arguments."""
        return {}


def cache_config(step_cache: Duration | None) -> dict[str, Any]:
    """Return the attribute with which SageMaker takes a result that is at most this old instead of running the step again.

    It compares what the step is given: code, inputs and environment, but no objects below an S3 prefix.
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-caching-enabling.html
    """
    return {} if step_cache is None else {"CacheConfig": {"Enabled": True, "ExpireAfter": step_cache.to_iso_string()}}


def volume_key(instance_type: str, key_arn: str) -> dict[str, str]:
    """Return the volume's key; SageMaker refuses one on types whose local disks encrypt by themselves."""
    return {} if has_local_nvme(instance_type) else {"VolumeKmsKeyId": key_arn}


def too_long(what: str, words: Sequence[Any]) -> Iterator[str]:
    """Yield a problem for every literal of `words` that is longer than SageMaker takes."""
    for word in words:
        if isinstance(word, str) and len(word) > MAX_VALUE and not Token.is_unresolved(word):
            yield f"{what} has {len(word)} characters, of which SageMaker takes {MAX_VALUE}; shorten {word[:40]!r}..."


def named(path: str, collection: str) -> str | None:
    """Return the name in `<collection>['<name>']` at the beginning of `path`; None where it does not begin so."""
    found = re.match(rf"{re.escape(collection)}\['([^']*)'\]", path)
    return found[1] if found else None


def breaks_pattern(what: str, names: Mapping[str, Any] | Sequence[str], pattern: str) -> Iterator[str]:
    """Yield a problem for every one of `names` that is not of `pattern`."""
    for name in names:
        if not re.fullmatch(pattern, name):
            yield f"{what} must be of the pattern {pattern}, got {name!r}"
