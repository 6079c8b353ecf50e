"""A container's view of the machine: its own folders, the rest read-only, no network where it is isolated."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from local_aws.containers import namespaces
from local_aws.containers.container import Container, Network
from local_aws.containers.environments import Environment
from local_aws.containers.namespaces import PROJECT, View, launcher
from tests.images.conftest import Run

ROOT = Path(__file__).parents[2]
needs_namespaces = pytest.mark.skipif(namespaces.missing() is not None, reason=f"no namespaces here: {namespaces.missing()}")


@needs_namespaces
def test_a_container_has_the_images_variables_and_nothing_of_this_process(run: Run, environment: Environment) -> None:
    os.environ["A_SECRET_OF_THE_CALLER"] = "x"
    outcome, said = run("env", variables={"TRAINING_JOB_NAME": "j"})
    assert outcome.exit_code == 0
    found = dict(line.split("=", 1) for line in said if "=" in line)
    ours = {"HOME", "PWD", "OMP_WAIT_POLICY", "LD_LIBRARY_PATH", "TRAINING_JOB_NAME", "SHLVL", "_"}
    assert set(found) - ours == set(environment.image.environment)
    assert {key: found[key] for key in environment.image.environment} == environment.image.environment


@needs_namespaces
def test_a_container_sees_neither_the_repository_nor_another_jobs_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/secret").write_text("x")
    _, said = run(f"ls {ROOT} {tmp_path}/other /tmp; ls /opt/ml; whoami")
    assert any(f"cannot access '{ROOT}'" in line for line in said)
    assert any(f"cannot access '{tmp_path}/other'" in line for line in said)
    assert not any("secret" in line for line in said)
    assert said[-1] == "root"


@needs_namespaces
@pytest.mark.parametrize("place", ["/usr/x", "/opt/image/x", "/opt/stand-ins/x", "/etc/ssl/x", "/sys/x"])
def test_the_machine_is_read_only(run: Run, place: str) -> None:
    outcome, said = run(f"touch {place} || (mount -o remount,rw $(dirname {place}); touch {place})")
    assert outcome.exit_code != 0, said


@needs_namespaces
@pytest.mark.parametrize("place", ["/opt/ml/model/x", "/tmp/x", "/root/x", "/opt/venv/x", "/etc/x", "/x"])
def test_its_own_folders_can_be_written_and_nothing_of_it_reaches_the_machine(run: Run, tmp_path: Path, place: str) -> None:
    outcome, said = run(f"mkdir -p $(dirname {place}) && echo mine > {place} && cat {place}")
    assert (outcome.exit_code, said) == (0, ["mine"])
    assert not Path(place).exists()
    if place.startswith("/opt/ml"):
        assert (tmp_path / "container/ml/model/x").read_text() == "mine\n"


@needs_namespaces
def test_an_isolated_container_reaches_nothing_and_itself(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ask = f"python3 -c \"import socket; socket.create_connection(('127.0.0.1', {port}), 2)\""
        assert run(ask)[0].exit_code == 0, "the canary: without isolation the server is reached"
        outcome, said = run(ask, isolated=True)
        assert outcome.exit_code != 0 and "refused" in said[-1], said
    inside = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()); print('itself')"
    )
    assert run(f'python3 -c "{inside}"', isolated=True)[1] == ["itself"]
    outcome, said = run("python3 -c \"import socket; socket.create_connection(('192.0.2.1', 80), 2)\"", isolated=True)
    assert "unreachable" in said[-1], said


@needs_namespaces
def test_a_stopped_container_is_gone_as_a_whole(environment: Environment, tmp_path: Path) -> None:
    container = Container(environment, tmp_path / "container")
    script = "trap '' TERM; (setsid sleep 12345 &) ; echo ready; while :; do sleep 0.1; done"
    said: list[str] = []
    stop = threading.Event()
    ended: list[object] = []
    waiting = threading.Thread(
        target=lambda: ended.append(container.run(["/bin/sh", "-c", script], said.append, seconds=60, stop=stop))
    )
    waiting.start()
    while said != ["ready"]:
        time.sleep(0.05)
    assert _sleepers()
    stop.set()
    waiting.join(30)
    assert ended and ended[0].stopped
    deadline = time.monotonic() + 5
    while _sleepers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _sleepers()


def _sleepers() -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cmdline"]) if (process.info["cmdline"] or [])[-1:] == ["12345"]]


@needs_namespaces
def test_a_killed_launcher_takes_its_container_along(environment: Environment, tmp_path: Path) -> None:
    said: list[str] = []
    process = Container(environment, tmp_path / "container").start(["/bin/sh", "-c", "echo ready; sleep 12346"], said.append)
    while said != ["ready"]:
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert children and not alive


@needs_namespaces
def test_a_container_that_is_told_to_stop_may_finish_what_it_does(run: Run) -> None:
    stop = threading.Event()
    threading.Timer(1, stop.set).start()
    outcome, said = run("trap 'sleep 0.3; echo saved; exit 0' TERM; echo ready; while :; do sleep 0.1; done", stop=stop)
    assert outcome.stopped and said[0] == "ready" and said[-1] == "saved"


@needs_namespaces
def test_containers_of_one_isolated_job_reach_each_other_by_name(environment: Environment, tmp_path: Path) -> None:
    network = Network()
    hosts = {"algo-1": "127.0.0.1", "algo-2": "127.0.0.2"}
    try:
        pair = [
            Container(environment, tmp_path / name, isolated=True, network=network.process, name=name, hosts=hosts)
            for name in hosts
        ]
        serve = "import socket; s = socket.create_server(('algo-1', 7777)); s.accept()[0].sendall(b'hello')"
        first = pair[0].start(["python3", "-c", serve], lambda _: None)
        ask = (
            "import socket, time\nfor _ in range(100):\n try:\n  print(socket.create_connection(('algo-1', 7777)).recv(9)); break\n"
            " except OSError:\n  time.sleep(0.1)"
        )
        said: list[str] = []
        outcome = pair[1].run(["python3", "-c", ask], said.append, seconds=30, stop=threading.Event())
        assert (outcome.exit_code, said) == (0, ["b'hello'"])
        first.wait(10)
    finally:
        network.close()


@needs_namespaces
@pytest.mark.skipif(os.getuid() != 0, reason="as an ordinary user all tests here show it")
def test_an_ordinary_user_gets_the_same_view(tmp_path: Path) -> None:
    python = "/usr/bin/python3"
    if not Path(python).exists():
        pytest.skip("no Python that every user may run")
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    (tmp_path / "root").mkdir(mode=0o777)
    package = tmp_path / "local_aws/containers"
    shutil.copytree(PROJECT / "local_aws/containers/launcher", package / "launcher")
    for name in ("local_aws", "local_aws/containers"):
        (tmp_path / name / "__init__.py").touch()
    view = View(root=tmp_path / "root", mounts=[], environment={"PATH": "/usr/bin:/bin"}, isolated=True)
    command = ["sh", "-c", "id -u; ls /root; touch /usr/x; mount -o remount,rw /usr; cat /proc/net/dev | wc -l"]
    number = View(**{**vars(view), "command": command}).handed_over()
    done = subprocess.run(
        [python, *(word.replace(str(PROJECT), str(tmp_path)) for word in launcher("run", number)[1:])],
        pass_fds=[number],
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(number)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "3"]
    assert "Read-only file system" in done.stderr and "permission denied" in done.stderr


def test_an_unknown_command_says_so(run: Run, environment: Environment, tmp_path: Path) -> None:
    said: list[str] = []
    container = Container(environment, tmp_path / "c")
    outcome = container.run(["/bin/sh", "-c", "no-such-command"], said.append, seconds=20, stop=threading.Event())
    assert outcome.exit_code == 127 and "no-such-command" in said[-1]


def test_without_namespaces_a_program_that_opens_opt_ml_is_told(environment: Environment, tmp_path: Path) -> None:
    code = """
import json, threading, sys
from pathlib import Path
from local_aws.containers import environments
from local_aws.containers.container import Container
from platform_contract import images
container = Container(environments.existing(images.offered()[sys.argv[1]]), Path(sys.argv[2]))
said = []
script = "import os; os.makedirs('/opt/ml/model', exist_ok=True); open('/opt/' + 'ml/model/m', 'w')"
outcome = container.run(["python3", "-c", script.replace("'/opt/ml/", "'/opt/' + 'ml/")], said.append, seconds=30, stop=threading.Event())
print(json.dumps([outcome.exit_code, said, (container.ml / "model/m").exists()]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, environment.image.name, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "LOCAL_AWS_NAMESPACES": "off", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    exit_code, said, written = json.loads(done.stdout)
    assert exit_code != 0 and not written
    assert f"so that /opt/ml of this job is {tmp_path}/ml" in said[-1]
    assert not Path("/opt/ml/model/m").exists()


@needs_namespaces
def test_a_container_does_not_outlive_who_started_it(environment: Environment, tmp_path: Path) -> None:
    """As when `mlp check` or a test is killed, whatever thread it has started the container from."""
    seconds = f"1000.{os.getpid()}"
    starter = f"""
import sys, threading, time
sys.path.insert(0, {str(PROJECT)!r})
from pathlib import Path
from local_aws.containers.container import Container
from local_aws.containers.environments import existing
from platform_contract import images
container = Container(existing(images.find("sklearn", "1.9-0")), Path({str(tmp_path / "c")!r}))
thread = threading.Thread(target=container.start, args=(["/bin/sh", "-c", "trap '' TERM; sleep {seconds}"], print))
thread.start()
thread.join()
print("started", flush=True)
time.sleep(1000)
"""
    process = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "started\n"

    def inside() -> list[psutil.Process]:
        return [found for found in psutil.process_iter(["cmdline"]) if seconds in (found.info["cmdline"] or [])[-1:]]

    while not inside():
        time.sleep(0.02)
    time.sleep(0.2)
    assert inside(), "it ends with the thread that started it"
    process.kill()
    process.wait(10)
    deadline = time.monotonic() + 10
    while inside() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not inside()
