"""How a model is served in one environment: fleet, scaling, releases, rollback, capture."""

from math import ceil
from typing import Annotated, Literal

from pydantic import Field, model_validator

from platform_contract.instances import is_burstable
from settings.base import LogRetention, Section
from settings.instances import HostingInstanceType

LONGEST_BAKING_MINUTES = 440
"""SageMaker ends a deployment after 8 hours; provisioning needs some of them."""


class ScalingSection(Section):
    """Target tracking on invocations per instance."""

    invocations_per_minute: Annotated[int, Field(ge=1)] = 600
    """Requests per minute that one instance shall carry: safety factor x measured requests per second x 60."""
    scale_out_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """Seconds after a scale-out before the next."""
    scale_in_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """Seconds after any scaling before capacity is taken away."""


class ReleaseSection(Section):
    """How traffic moves to a new version, and what takes it back."""

    strategy: Literal["canary", "linear", "all_at_once"] = "all_at_once"
    """canary: `step_percent` first, the rest after baking. linear: `step_percent` at a time. all_at_once: all, then baking."""
    step_percent: Annotated[int, Field(ge=10, le=50)] = 50
    """Share of the new fleet in one step; SageMaker takes 10 to 50."""
    baking_minutes: Annotated[float, Field(ge=0, le=60)] = 5
    """Minutes for which the rollback alarms are watched after each step."""
    max_5xx_per_minute: Annotated[int, Field(ge=0)] = 5
    """More server errors than this within a minute roll the release back."""
    max_latency_ms: Annotated[int, Field(ge=1, le=60000)] = 2000
    """A 99th percentile of model latency above this many milliseconds rolls the release back."""

    @model_validator(mode="after")
    def _ends_in_time(self) -> "ReleaseSection":
        steps = ceil(100 / self.step_percent) if self.strategy == "linear" else 2
        if steps * self.baking_minutes > LONGEST_BAKING_MINUTES:
            raise ValueError(
                f"{steps} steps of {self.baking_minutes:g} minutes are more than the {LONGEST_BAKING_MINUTES} minutes that a "
                "release may bake in all; lower baking_minutes or raise step_percent"
            )
        return self


class CaptureSection(Section):
    """Copies of requests and answers in the artifacts bucket, for monitoring and retraining."""

    percent: Annotated[int, Field(ge=0, le=100)] = 0
    """Share of requests captured; 0 switches capture off."""


class ServingSection(Section):
    """A real-time endpoint. Nothing is billed until a version is approved; from then on each instance is, by the hour."""

    instance_type: HostingInstanceType = "ml.m5.large"
    """SageMaker instance type of the endpoint."""
    min_instances: Annotated[int, Field(le=100)] = 1
    """Fewest instances; at least 1."""
    max_instances: Annotated[int, Field(le=100)] = 1
    """Most instances; above `min_instances` the endpoint scales with its load."""
    scaling: ScalingSection = Field(default_factory=ScalingSection)
    """When instances are added and taken away."""
    release: ReleaseSection = Field(default_factory=ReleaseSection)
    """How a new version takes over."""
    capture: CaptureSection = Field(default_factory=CaptureSection)
    """What is kept of requests and answers."""
    model_timeout_seconds: Annotated[int, Field(ge=1, le=25)] = 8
    """Longest time the model may take for one answer."""
    max_instances_per_request: Annotated[int, Field(ge=1, le=10000)] = 100
    """Most items in one request's `instances`."""
    log_retention_days: LogRetention = 90
    """Days for which the endpoint's and the function's logs are kept; a value that CloudWatch Logs offers."""

    @model_validator(mode="after")
    def _fleet_is_possible(self) -> "ServingSection":
        if self.min_instances < 1:
            raise ValueError(
                f"min_instances must be at least 1 for a real-time endpoint, not {self.min_instances}: SageMaker scales only "
                "asynchronous endpoints and inference components to zero; set min_instances: 1"
            )
        if self.max_instances < self.min_instances:
            raise ValueError(
                f"max_instances ({self.max_instances}) must be at least min_instances ({self.min_instances}); "
                f"set max_instances: {self.min_instances} or more"
            )
        if self.max_instances > self.min_instances and is_burstable(self.instance_type):
            raise ValueError(
                f"{self.instance_type} is burstable and cannot be autoscaled sensibly: its capacity depends on CPU credits; "
                "use a fixed-performance type such as ml.m5.large, or set max_instances equal to min_instances"
            )
        return self

    @model_validator(mode="after")
    def _release_fits_the_fleet(self) -> "ServingSection":
        if self.release.strategy != "all_at_once" and self.min_instances < 2:
            raise ValueError(
                f"release.strategy {self.release.strategy} needs min_instances of at least 2, not {self.min_instances}: a step "
                "is at most half of the fleet; set min_instances: 2 or release.strategy: all_at_once"
            )
        return self
