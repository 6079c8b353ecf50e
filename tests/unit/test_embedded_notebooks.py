"""Parts of the embedded AWS's notebook instances that need no server."""

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local_aws.containers import process, python_home
from local_aws.errors import ServiceError, invalid
from local_aws.ministack_bridge.identity import Caller, Credentials
from local_aws.sagemaker.conditions import conditions
from local_aws.sagemaker.notebooks import hooks, processes, rules
from local_aws.sagemaker.notebooks.disk import ANACONDA, ROOTED, Disk, disk_of
from local_aws.sagemaker.notebooks.hooks import Hook, HookFailed
from local_aws.sagemaker.notebooks.metadata_service import CREDENTIALS, ROLE, Lease, MetadataService
from local_aws.sagemaker.notebooks.presigned import Tickets

ARN = "arn:aws:sagemaker:us-east-1:000000000000:notebook-instance/demo"
CALLER = Caller("", "000000000000", "us-east-1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cd /home/ec2-user/SageMaker", "cd /R/home/ec2-user/SageMaker"),
        ("ls /opt", "ls /R/opt"),
        ('cat "/etc/os-release">/var/log/x.log', 'cat "/R/etc/os-release">/R/var/log/x.log'),
        ("PATH=/opt/a:/run/b", "PATH=/R/opt/a:/R/run/b"),
        ("/optional /etcetera /home/ec2-user2 /var-old", "/optional /etcetera /home/ec2-user2 /var-old"),
        ("s3://bucket/opt/x https://host/etc/y", "s3://bucket/opt/x https://host/etc/y"),
        ("/usr/etc/z $ROOT/etc ${ROOT}/var ./run/x", "/usr/etc/z $ROOT/etc ${ROOT}/var ./run/x"),
        ("/usr/bin/env /tmp/x", "/usr/bin/env /tmp/x"),
    ],
)
def test_paths_of_the_instance_are_led_below_its_root_and_no_others(text: str, expected: str) -> None:
    assert process.below(text, Path("/R"), ROOTED) == expected


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Disk of an instance without namespaces."""
    made = Disk(tmp_path / "demo")
    made.shown = False
    made.renew("demo", ARN)
    yield made
    processes.end(made.root, grace_seconds=0)


def test_a_start_makes_everything_anew_but_the_volume(disk: Disk) -> None:
    (disk.volume / "work").mkdir()
    (disk.volume / "work/notes.txt").write_text("mine")
    (disk.home / "scratch.txt").write_text("gone")
    (disk.root / "opt/tool").symlink_to(disk.volume)
    disk.renew("demo", ARN)
    assert (disk.volume / "work/notes.txt").read_text() == "mine"
    assert not (disk.home / "scratch.txt").exists()
    assert not (disk.root / "opt/tool").exists()
    metadata = json.loads((disk.root / "opt/ml/metadata/resource-metadata.json").read_text())
    assert metadata == {"ResourceArn": ARN, "ResourceName": "demo"}
    assert "Amazon Linux 2023" in (disk.root / "etc/os-release").read_text()


def test_an_instance_of_another_region_has_a_disk_of_its_own(tmp_path: Path) -> None:
    here = disk_of(tmp_path, CALLER, CALLER, "Demo")
    elsewhere = disk_of(tmp_path, CALLER, Caller("", "000000000000", "eu-west-1"), "demo")
    assert here.root == tmp_path / "demo"
    assert elsewhere.root != here.root


def test_the_instances_python_sees_our_packages_and_installs_into_itself(disk: Disk) -> None:
    code = "import jupyterlab, pandas, sysconfig; print(sysconfig.get_path('purelib'))"
    binaries = disk.root / ANACONDA / "bin"
    installs_into = subprocess.run([binaries / "python", "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert Path(installs_into).is_relative_to(disk.root)
    pip = subprocess.run([binaries / "pip", "--version"], capture_output=True, text=True, check=True)
    assert pip.stdout.startswith("pip ")


def test_a_script_may_lie_in_a_folder_with_spaces(tmp_path: Path) -> None:
    python = python_home.create(tmp_path / "a folder")
    assert subprocess.run([python.parent / "pip3", "--version"], capture_output=True, check=True).stdout


def run_hook(disk: Disk, script: str, **options: float) -> list[str]:
    said: list[str] = []
    environment = {**processes.marks(disk.root), "PATH": hooks.PATH}

    def start(command: list[str]) -> "subprocess.Popen[str]":
        return process.start(command, environment, Path("/"), said.append)

    hooks.run(Hook("OnStart", script), disk, start, threading.Event(), **options)
    time.sleep(0.2)
    return said


def test_a_hook_sees_awss_path_and_the_instances_files(disk: Disk) -> None:
    said = run_hook(disk, "#!/bin/bash\necho $PATH\npwd\nls /home/ec2-user\n")
    assert said == ["/sbin:/bin:/usr/sbin:/usr/bin", "/", "SageMaker", "anaconda3"]


def test_a_hooks_first_line_says_what_runs_it(disk: Disk) -> None:
    assert run_hook(disk, f"#!{sys.executable}\nprint('python')\n") == ["python"]


def test_a_failing_hook_says_its_exit_code(disk: Disk) -> None:
    with pytest.raises(HookFailed, match="failed: its OnStart script ended with exit code 3"):
        run_hook(disk, "#!/bin/bash\nexit 3\n")


def test_a_hook_that_hangs_is_ended_at_its_limit(disk: Disk) -> None:
    assert hooks.LIMIT_SECONDS == 300
    started = time.monotonic()
    with pytest.raises(HookFailed, match=r"took longer than 0\.005 minutes"):
        run_hook(disk, "#!/bin/bash\nsleep 60\n", limit_seconds=0.3)
    assert time.monotonic() - started < 5
    assert processes.of(disk.root) == []


@pytest.mark.parametrize("how", ["nohup sleep 61 &", "setsid sleep 61 &", "(sleep 61 &)", "env -i sleep 61 & exec sleep 61"])
def test_no_process_of_an_instance_is_left_however_it_was_started(disk: Disk, how: str) -> None:
    environment = {**processes.marks(disk.root), "PATH": hooks.PATH}
    process.start(["/bin/bash", "-c", how], environment, disk.root, lambda _: None)
    time.sleep(0.3)
    started = [found.pid for found in processes.of(disk.root)]
    assert started
    processes.end(disk.root, grace_seconds=0.5)
    assert processes.of(disk.root) == []
    assert not [pid for pid in started if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def test_a_process_that_ignores_sigterm_is_killed(disk: Disk) -> None:
    environment = {**processes.marks(disk.root), "PATH": hooks.PATH}
    process.start(["/bin/bash", "-c", "trap '' TERM; while true; do sleep 0.1; done"], environment, disk.root, lambda _: None)
    time.sleep(0.3)
    processes.end(disk.root, grace_seconds=0.3)
    assert processes.of(disk.root) == []


def credentials(seconds: float) -> Credentials:
    return Credentials("ASIA", "secret", "token", CALLER, time.time() + seconds)


Asks = Callable[..., tuple[int, str]]


@pytest.fixture
def ask() -> Iterator[Callable[[MetadataService], Asks]]:
    services = []

    def asking(service: MetadataService) -> Asks:
        services.append(service)

        def call(path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
            given = {key.replace("_", "-"): value for key, value in headers.items()}
            request = urllib.request.Request(f"{service.url}{path}", method=method, headers=given)
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        return call

    yield asking
    for service in services:
        service.stop()


def token(call: Asks, seconds: str = "60") -> str:
    return call("/latest/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds=seconds)[1]


def test_version_2_of_the_metadata_service_asks_for_a_token(ask) -> None:
    call = ask(MetadataService(Lease(credentials), {"/latest/meta-data/placement/region": "us-east-1"}, version_1=False))
    assert call("/latest/meta-data/placement/region")[0] == 401
    assert call("/latest/meta-data/placement/region", X_aws_ec2_metadata_token="wrong")[0] == 401
    assert call("/latest/meta-data/placement/region", X_aws_ec2_metadata_token=token(call)) == (200, "us-east-1")
    assert call("/latest/nothing", X_aws_ec2_metadata_token=token(call))[0] == 404


def test_version_1_is_answered_where_the_instance_allows_it(ask) -> None:
    call = ask(MetadataService(Lease(credentials), {}, version_1=True))
    assert call(f"{CREDENTIALS}/") == (200, ROLE)
    assert call(f"{CREDENTIALS}/", X_aws_ec2_metadata_token="wrong")[0] == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"X_aws_ec2_metadata_token_ttl_seconds": "0"}, 400),
        ({"X_aws_ec2_metadata_token_ttl_seconds": "21601"}, 400),
        ({"X_aws_ec2_metadata_token_ttl_seconds": "soon"}, 400),
        ({"X_aws_ec2_metadata_token_ttl_seconds": "60", "X_Forwarded_For": "10.0.0.1"}, 403),
        ({"X_aws_ec2_metadata_token_ttl_seconds": "21600"}, 200),
    ],
)
def test_tokens_are_given_as_ec2_gives_them(ask, headers: dict, status: int) -> None:
    call = ask(MetadataService(Lease(credentials), {}, version_1=False))
    assert call("/latest/api/token", "PUT", **headers)[0] == status


def test_a_token_ends(ask) -> None:
    call = ask(MetadataService(Lease(credentials), {}, version_1=False))
    short = token(call, "1")
    assert call(CREDENTIALS, X_aws_ec2_metadata_token=short)[0] == 200
    time.sleep(1.1)
    assert call(CREDENTIALS, X_aws_ec2_metadata_token=short)[0] == 401


def test_credentials_are_renewed_before_they_end() -> None:
    given: list[Credentials] = []

    def assume(seconds: float) -> Credentials:
        # The first are nearly over when they come.
        given.append(credentials(seconds if given else 10))
        return given[-1]

    lease = Lease(assume)
    assert lease.credentials() is given[0]
    assert lease.credentials() is given[1]
    assert lease.credentials() is given[1]


def test_a_role_that_cannot_be_assumed_any_more_is_told_as_ec2_tells_it(ask) -> None:
    def refuse(_seconds: float) -> Credentials:
        raise invalid("Could not assume role")

    call = ask(MetadataService(Lease(refuse), {}, version_1=True))
    document = json.loads(call(f"{CREDENTIALS}/{ROLE}")[1])
    assert document["Code"] == "AssumeRoleUnauthorizedAccess" and "SecretAccessKey" not in document


def test_a_presigned_url_opens_its_instance_only_and_not_for_ever() -> None:
    tickets = Tickets("http://127.0.0.1:4566", lambda arn: "http://127.0.0.1:1/lab?token=x" if arn == ARN else None)
    url = tickets.issue("Demo", ARN)
    path, query = url.removeprefix("http://127.0.0.1:4566").split("?")
    assert tickets.answer(path, query)[:2][0] == 302
    assert tickets.answer("/_aws/notebook/other", query)[0] == 403
    assert tickets.answer(path, "authToken=guess")[0] == 403
    assert tickets.answer(path, "")[0] == 403
    stopped = Tickets("http://127.0.0.1:4566", lambda _: None)
    assert stopped.answer(path, stopped.issue("demo", ARN).split("?")[1])[0] == 403
    late = Tickets("http://127.0.0.1:4566", lambda _: "http://x", valid_seconds=0)
    assert late.answer(path, late.issue("demo", ARN).split("?")[1])[0] == 403


BASE = {"NotebookInstanceName": "demo", "InstanceType": "ml.t3.medium", "RoleArn": "arn:aws:iam::000000000000:role/r"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"PlatformIdentifier": "notebook-al2-v3"}, "neither be created nor started since 2026-07-01"),
        ({"PlatformIdentifier": "notebook-al1-v1"}, "Use PlatformIdentifier notebook-al2023-v1"),
        ({"InstanceType": "ml.p2.xlarge"}, "not supported by the platform"),
        ({"InstanceType": "ml.p3dn.24xlarge"}, "not supported by the platform"),
        ({"InstanceType": "ml.inf1.xlarge"}, "not supported by the platform"),
        ({"DirectInternetAccess": "Disabled"}, "only with a SubnetId"),
        ({"SecurityGroupIds": ["sg-1"]}, "require a SubnetId"),
        ({"AcceleratorTypes": ["ml.eia2.medium"]}, "no longer supported"),
    ],
)
def test_what_aws_refuses_of_a_new_instance_is_refused(more: dict, expected: str) -> None:
    with pytest.raises(ServiceError, match=expected):
        rules.created({**BASE, **more})


def test_what_is_left_out_gets_awss_defaults() -> None:
    settings = rules.created({**BASE, "LifecycleConfigName": "lc"})
    assert settings["PlatformIdentifier"] == "notebook-al2023-v1"
    assert settings["VolumeSizeInGB"] == 5
    assert settings["InstanceMetadataServiceConfiguration"] == {"MinimumInstanceMetadataServiceVersion": "1"}
    assert settings["NotebookInstanceLifecycleConfigName"] == "lc"


def test_a_volume_only_grows_and_what_is_disassociated_is_gone() -> None:
    record = rules.created({**BASE, "VolumeSizeInGB": 20, "LifecycleConfigName": "lc"})
    with pytest.raises(ServiceError, match="can only grow: it has 20 GB, got VolumeSizeInGB 10"):
        rules.changed(record, {"VolumeSizeInGB": 10})
    with pytest.raises(ServiceError, match="exclude each other"):
        rules.changed(record, {"LifecycleConfigName": "x", "DisassociateLifecycleConfig": True})
    assert rules.changed(record, {"DisassociateLifecycleConfig": True, "VolumeSizeInGB": 30}) == (
        {"VolumeSizeInGB": 30},
        {"NotebookInstanceLifecycleConfigName"},
    )


def test_a_request_tells_iam_what_it_asks_for_and_nothing_else() -> None:
    request = {**BASE, "DirectInternetAccess": "Disabled", "SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1", "sg-2"]}
    assert conditions("CreateNotebookInstance", request, lambda kind, name: f"{kind}/{name}") == {
        "sagemaker:InstanceTypes": ["ml.t3.medium"],
        "sagemaker:DirectInternetAccess": "Disabled",
        "sagemaker:VpcSubnets": ["subnet-1"],
        "sagemaker:VpcSecurityGroupIds": ["sg-1", "sg-2"],
    }
    training = {
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "VolumeKmsKeyId": "arn:key"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "EnableNetworkIsolation": False,
    }
    assert conditions("CreateTrainingJob", training, lambda kind, name: "") == {
        "sagemaker:InstanceTypes": ["ml.m5.xlarge"],
        "sagemaker:MaxRuntimeInSeconds": "60",
        "sagemaker:NetworkIsolation": "false",
        "sagemaker:VolumeKmsKeyArn": "arn:key",
        "sagemaker:VolumeKmsKey": "arn:key",
    }
    assert conditions("DescribeEndpoint", {"EndpointName": "e"}, lambda kind, name: "") == {}
