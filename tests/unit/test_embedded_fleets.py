"""When a fleet has settled after its size was changed."""

import threading
from pathlib import Path
from typing import Any

from local_aws.sagemaker.endpoints.replica import START_ATTEMPTS, Fleet


class Standing:
    """A replica that only stands."""

    alive = True


def fleet(standing: int, seconds: float) -> Any:
    serving: Any = type("Serving", (), {"startup_seconds": seconds})()
    made: Any = Fleet(serving, Path("/nonexistent"), standing)
    made._replicas = [Standing()] * standing
    return made


def test_a_fleet_has_settled_once_as_many_stand_as_are_wanted() -> None:
    made = fleet(1, 60)
    assert made.wait_settled()
    made.scale(2)
    threading.Timer(0.3, made._replicas.append, [Standing()]).start()
    assert made.wait_settled()


def test_nobody_waits_for_ever_for_what_does_not_come_up() -> None:
    made = fleet(1, 0.2 / START_ATTEMPTS)
    made.scale(2)
    assert not made.wait_settled()


def test_nobody_waits_for_a_fleet_that_is_stopped() -> None:
    made = fleet(1, 60)
    made.scale(2)
    made._stopped.set()
    assert not made.wait_settled()
