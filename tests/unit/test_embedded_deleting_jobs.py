"""Jobs that have ended can be deleted, those that run cannot, and nothing is remembered of either that nobody can ask for."""

import threading
import time
from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller, Credentials
from local_aws.sagemaker import store as stores
from local_aws.sagemaker.jobs import jobs as jobs_module
from local_aws.sagemaker.jobs.processing import ProcessingJobs

CALLER = Caller("person", "111122223333", "eu-central-1")
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
REQUEST = {"ProcessingResources": {"ClusterConfig": CLUSTER}, "AppSpecification": {"ImageUri": "image"}, "RoleArn": "role"}


class HeldJobs(ProcessingJobs):
    """Jobs that run until they are told to end."""

    def __init__(self) -> None:
        super().__init__(stores.Store(), "http://127.0.0.1:9")
        self.go_on = threading.Event()

    def _run_in_folder(self, *_: Any) -> tuple[str, str]:
        assert self.go_on.wait(20)
        return "Completed", ""

    def _announce(self, caller: Any, record: Any) -> None:
        pass


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> HeldJobs:
    monkeypatch.setattr(stores, "authorize", lambda *_: None)
    monkeypatch.setattr(jobs_module, "pass_role", lambda *_: None)
    monkeypatch.setattr(jobs_module, "assume", lambda *_: Credentials("k", "s", "t", CALLER, time.time() + 3600))
    return HeldJobs()


def named(name: str) -> dict[str, str]:
    return {"ProcessingJobName": name}


def test_a_job_that_runs_is_in_use_and_one_that_has_ended_goes_with_its_tags(jobs: HeldJobs) -> None:
    answer = jobs.create(CALLER, {**REQUEST, **named("one"), "Tags": [{"Key": "a", "Value": "b"}]})
    with pytest.raises(ServiceError, match="is InProgress; a job can be deleted once it is Completed") as caught:
        jobs.delete(CALLER, named("one"))
    assert caught.value.code == "ResourceInUse"
    jobs.go_on.set()
    jobs.wait(CALLER, "one")
    jobs.delete(CALLER, named("one"))
    assert answer["ProcessingJobArn"] not in jobs._store.tags
    with pytest.raises(ServiceError, match="Could not find requested job"):
        jobs.describe(CALLER, named("one"))
    with pytest.raises(ServiceError, match="Could not find requested job"):
        jobs.delete(CALLER, named("one"))
    jobs.create(CALLER, {**REQUEST, **named("one")})


def test_of_jobs_that_have_ended_only_records_are_kept(jobs: HeldJobs) -> None:
    jobs.go_on.set()
    for number in range(20):
        jobs.create(CALLER, {**REQUEST, **named(f"job-{number}")})
        jobs.wait(CALLER, f"job-{number}")
    assert jobs._running == {}


def test_a_job_is_stopped_only_while_it_runs(jobs: HeldJobs) -> None:
    jobs.create(CALLER, {**REQUEST, **named("one")})
    jobs.stop(CALLER, named("one"))
    with pytest.raises(ServiceError, match="is Stopping"):
        jobs.delete(CALLER, named("one"))
    jobs.go_on.set()
    jobs.wait(CALLER, "one")
    with pytest.raises(ServiceError, match="job is in status Completed"):
        jobs.stop(CALLER, named("one"))
