"""The lifecycle script: its form, its size, and that it never fails a start."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ml_platform.notebook import lifecycle_script
from ml_platform.notebook.client_bundle import pack
from ml_platform.notebook.lifecycle_script import MAX_BYTES, render, size, zipped
from ml_platform.notebook.sdk_defaults import render_sdk_defaults
from platform_contract.metrics import CPU_PERCENT
from tests.agent.fake_aws import FakeAws
from tests.agent.machine import BUNDLE, IDLE, PLATFORM, Machine, carried, settings, wait_for

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebook"
HEADROOM = 2_500


def token(name: str) -> str:
    """Return what CDK puts in place of a value that only CloudFormation knows."""
    return f"${{Token[{name}.123]}}"


def typical() -> dict[str, Any]:
    """Return arguments as the construct passes them for a notebook in its own network, with keep-hours and extra packages."""
    role, bucket, key = token("Role"), token("Artifacts"), token("Key")
    subnets, groups = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"], [token("Group")]
    hours = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00", "timezone": "Europe/Berlin"}
    idle = {**IDLE, "keep_hours": hours, "log_group": "/mlp-dev/notebooks", "lifecycle": "0123456789ab"}
    image = f"{token('Mapping')}.dkr.ecr.eu-central-1.{token('AWS.URLSuffix')}/sagemaker-scikit-learn:1.4-2-cpu-py3"
    platform = {
        **{"environment": "dev", "prefix": "mlp-dev", "notebook": "demo", "instance": "mlp-dev-nb-demo-1a2b"},
        **{"region": "eu-central-1", "data_bucket": token("Data"), "artifacts_bucket": bucket, "key_arn": key},
        **{"job_role_arn": role, "log_group": "/mlp-dev/notebooks", "images": {"sklearn": image}},
        **{"subnets": subnets, "security_groups": groups, "models": {"spam": "mlp-dev-spam", "churn": "mlp-dev-churn"}},
        **{"packages": ["lightgbm==4.6.0"], "endpoint_hours": 8},
    }
    tags = {"ml-platform:notebook": "demo", "ml-platform:environment": "mlp-dev"}
    defaults = render_sdk_defaults(
        role_arn=role,
        bucket=bucket,
        prefix="notebooks/demo/jobs",
        key_arn=key,
        subnets=subnets,
        security_groups=groups,
        tags=tags,
    )
    bundle = {"uri": f"s3://cdk-hnb659fds-assets-{token('AWS.AccountId')}-eu-central-1/{'ab12' * 16}.zip", "sha256": "ab12" * 16}
    return {"idle": idle, "platform": platform, "sdk_defaults": defaults, "bundle": bundle}


def test_it_fits_with_room_to_spare() -> None:
    assert size(render(**typical())) <= MAX_BYTES - HEADROOM


def test_fifty_models_fit() -> None:
    arguments = typical()
    names = [f"some-model-{number:02d}" for number in range(50)]
    arguments["platform"]["models"] = {name: f"mlp-production-{name}" for name in names}
    assert size(render(**arguments)) <= MAX_BYTES


def test_what_does_not_fit_is_refused_with_advice() -> None:
    arguments = typical()
    arguments["platform"]["packages"] = [f"package-{os.urandom(9).hex()}==1.0" for _ in range(200)]
    with pytest.raises(
        ValueError, match=r"has \d+ bytes, SageMaker takes 12288; shorten what is longest: platform.packages \(\d+\)"
    ):
        render(**arguments)


def test_each_token_costs_its_room() -> None:
    script = render(**typical())
    tokens = re.findall(r"\$\{Token\[[^\]]*\]\}", script)
    assert size(script) == len(script) + sum(lifecycle_script.TOKEN_BYTES - len(found) for found in tokens)


def test_it_is_ascii_with_line_feeds() -> None:
    script = render(**typical())
    assert script.isascii() and "\r" not in script and script.endswith("\n") and script.startswith("#!/bin/bash\n")
    for file in (file for file in NOTEBOOK.rglob("*.*") if "samples" not in file.parts):
        if file.suffix in (".py", ".sh", ".js", ".json", ".toml"):
            assert file.read_text().isascii() and "\r" not in file.read_text(), file


def test_the_shell_has_no_complaints(tmp_path: Path) -> None:
    file = tmp_path / "on_start"
    file.write_text(render(**typical()))
    subprocess.run(["bash", "-n", str(file)], check=True)
    shellcheck = Path(sys.executable).with_name("shellcheck")
    subprocess.run([shellcheck, str(NOTEBOOK / "on_start.sh")], check=True)
    # The program is full of dollar signs.
    subprocess.run([shellcheck, "-e", "SC2016", str(file)], check=True)


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13", "3.14"])
def test_every_python_renders_the_same_bytes(version: str) -> None:
    python = shutil.which(f"python{version}")
    if not python or subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"there is no Python {version}")
    code = "import json, sys; sys.path.insert(0, sys.argv[1]); from lifecycle_script import render; "
    code = code.replace("from lifecycle_script", "from ml_platform.notebook.lifecycle_script")
    arguments = json.dumps(typical())
    # The package's __init__ imports the CDK, which that Python does not have.
    code = f"import sys, types; package = types.ModuleType('ml_platform'); package.__path__ = [sys.argv[1] + '/ml_platform']; sys.modules['ml_platform'] = package; {code} sys.stdout.write(render(**json.load(sys.stdin)))"
    done = subprocess.run(
        [python, "-B", "-c", code, str(ROOT / "constructs")], input=arguments, capture_output=True, text=True, check=True
    )
    assert done.stdout == render(**typical()) == render(**json.loads(arguments))


def test_what_it_carries_is_python_3_9_and_its_settings_can_be_read() -> None:
    script = render(**typical())
    for name, source in carried(script).items():
        ast.parse(source, name, feature_version=(3, 9))
    assert settings(script) == typical()


def test_its_shell_and_program_depend_on_no_setting() -> None:
    one, other = render(**typical()), render(**{**typical(), "idle": IDLE, "platform": PLATFORM})
    assert carried(one) == carried(other)
    assert one.partition("<<'SETTINGS'")[0] == other.partition("<<'SETTINGS'")[0]


@pytest.fixture
def machine(tmp_path: Path, fake_aws: FakeAws) -> Iterator[Machine]:
    machine = Machine(tmp_path / "machine", fake_aws.variables())
    machine.keep(BUNDLE)
    yield machine
    machine.end()


def bundle(folder: Path, files: Mapping[str, str]) -> bytes:
    """Return a bundle as the construct packs it, with these files of a client."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return pack({inner.name: inner for inner in folder.iterdir()})


def test_it_starts_the_agent_and_the_vitals(machine: Machine, fake_aws: FakeAws) -> None:
    started = time.monotonic()
    done = machine.start()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - started < 10
    wait_for(lambda: len(machine.lines()) >= 2 and CPU_PERCENT in str(fake_aws.calls))
    line = machine.lines()[-1]
    assert set(line) == {"time", "verdict", "reason", "idle_minutes", "stops_in_minutes", "lifecycle", "cpu_percent", "problems"}
    assert (line["verdict"], line["problems"]) == ("unknown", [])
    messages = [call.parameters["logEvents"][0]["message"] for call in fake_aws.calls if call.operation == "PutLogEvents"]
    assert json.loads(messages[-1])["lifecycle"] == line["lifecycle"]
    assert json.loads((machine.base / "platform.json").read_text()) == PLATFORM
    assert (machine.root / "etc/xdg/sagemaker/config.yaml").read_text() == "SchemaVersion: '1.0'\n"
    assert json.loads((machine.base / "idle.json").read_text())["home"] == str(machine.home)


TOOLS = [
    "base64",
    "cat",
    "chmod",
    "chown",
    "cp",
    "date",
    "env",
    "grep",
    "id",
    "ls",
    "mkdir",
    "mv",
    "nohup",
    "python3",
    "rm",
    "runuser",
    "sed",
    "setsid",
    "sleep",
    "systemctl",
    "tee",
    "touch",
]


@pytest.mark.parametrize("missing", TOOLS)
def test_it_fails_open_whatever_tool_is_missing(machine: Machine, missing: str, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        place = shutil.which(tool, path="/usr/bin:/bin:/usr/sbin:/sbin")
        if tool != missing and place:
            (folder / tool).symlink_to(place)
    done = machine.start(path=str(folder))
    assert done.returncode == 0
    if missing != "python3":
        wait_for(machine.lines)


def test_a_module_of_somebody_else_is_not_in_the_way(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text(f"open('{tmp_path}/ran', 'w')")
    (tmp_path / "setup").mkdir()
    monkeypatch.chdir(tmp_path)
    machine.start()
    wait_for(machine.lines)
    assert not (tmp_path / "ran").exists()


def test_a_state_that_is_no_state_is_written_anew(machine: Machine) -> None:
    machine.install()
    (machine.base / "check.json").write_text("7")
    assert machine.check()["idle_minutes"] == 0
    assert json.loads((machine.base / "check.json").read_text())["boot"]


def test_without_any_python_the_instance_starts_all_the_same(machine: Machine) -> None:
    assert machine.start(path="/nowhere").returncode == 0
    assert not machine.processes()


def test_the_notebooks_own_python_will_do(machine: Machine) -> None:
    (machine.home / "anaconda3/bin").mkdir(parents=True)
    (machine.home / "anaconda3/bin/python3").symlink_to(sys.executable)
    machine.start(path="/nowhere")
    wait_for(machine.lines)


def test_a_second_run_leaves_one_of_each(machine: Machine) -> None:
    machine.start()
    machine.start()
    time.sleep(7)
    for what in ("check", "vitals"):
        wait_for(lambda what=what: len(machine.processes(f"bundle.pyz {what} --loop")) == 1)
    assert sorted(file.name for file in machine.base.glob("*.pyz*")) == ["bundle.pyz", "start.pyz"]


def test_an_agent_that_dies_is_started_again(machine: Machine) -> None:
    machine.start()
    (pid,) = wait_for(lambda: machine.processes("bundle.pyz check --loop"))
    os.kill(pid, 9)
    wait_for(lambda: set(machine.processes("bundle.pyz check --loop")) - {pid}, 15)


def test_a_start_begins_a_new_grace_period(machine: Machine) -> None:
    machine.start()
    wait_for(lambda: machine.lines()[-1:] and machine.lines()[-1]["idle_minutes"] > 2)
    machine.end()
    seen = len(machine.lines())
    machine.start()
    assert wait_for(lambda: machine.lines()[seen:])[0]["idle_minutes"] == 0


def test_its_copy_serves_while_the_network_is_silent(machine: Machine) -> None:
    import socket

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        machine.variables["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        started = time.monotonic()
        assert machine.start().returncode == 0
        assert time.monotonic() - started < 10
        (line,) = wait_for(lambda: machine.lines()[:1], 30)
        assert time.monotonic() - started < 30
    assert "TimeoutError" in str(line["problems"])


def test_where_there_is_systemd_it_starts_timers(machine: Machine, tmp_path: Path) -> None:
    folder, calls = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    (folder / "systemctl").write_text(f'#!/bin/bash\necho "$@" >>{calls}\n')
    (folder / "systemctl").chmod(0o755)
    (machine.root / "run/systemd/system").mkdir(parents=True)
    assert machine.start(path=f"{folder}:/usr/bin:/bin").returncode == 0
    wait_for(lambda: calls.exists() and "restart" in calls.read_text())
    assert calls.read_text().splitlines() == ["daemon-reload", "restart ml-platform-check.timer ml-platform-vitals.timer"]
    assert not machine.processes("--loop")
    unit = (machine.root / "etc/systemd/system/ml-platform-check.service").read_text()
    command = re.search("ExecStart=(.*)", unit)
    assert command
    words = command[1].split()

    def blind() -> bool:
        # What the script has left installing in the background may be work to the first checks.
        subprocess.run(words, env=machine.environment, check=True, start_new_session=True, stdout=subprocess.DEVNULL)
        return bool(json.loads((machine.base / "status.json").read_text())["verdict"] == "unknown")

    wait_for(blind)


def test_where_systemd_does_not_work_it_starts_loops(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/systemctl").write_text("#!/bin/bash\nexit 1\n")
    (tmp_path / "bin/systemctl").chmod(0o755)
    (machine.root / "run/systemd/system").mkdir(parents=True)
    machine.start(path=f"{tmp_path}/bin:/usr/bin:/bin")
    wait_for(machine.lines)


def test_the_bundle_is_installed(machine: Machine, fake_aws: FakeAws, tmp_path: Path) -> None:
    anaconda, samples = machine.home / "anaconda3", machine.home / "SageMaker/samples"
    for place in ("lib/python3.12/site-packages", "envs/python3/lib/python3.10/site-packages", "envs/python3/bin"):
        (anaconda / place).mkdir(parents=True)
    (anaconda / "envs/python3/bin/python").write_text(f'#!/bin/bash\necho "$@" >{machine.root}/pip\n')
    (anaconda / "envs/python3/bin/python").chmod(0o755)
    samples.mkdir()
    (samples / "mine.ipynb").write_text("changed")
    content = bundle(tmp_path / "c", {"mlp/__init__.py": "", "samples/mine.ipynb": "new", "samples/other.ipynb": "new"})
    fake_aws.objects["/assets/bundle.zip"] = content
    machine.start(platform={**PLATFORM, "packages": ["lightgbm==4.6.0"]}, bundle=content)
    wait_for(lambda: "packages of" in machine.log("install"))
    for place in ("lib/python3.12", "envs/python3/lib/python3.10"):
        assert (anaconda / place / "site-packages/ml-platform.pth").read_text() == f"{machine.base}/client\n"
    assert (machine.base / "client/mlp/__init__.py").exists()
    assert [(samples / name).read_text() for name in ("mine.ipynb", "other.ipynb")] == ["changed", "new"]
    assert (machine.root / "pip").read_text().split()[-1] == "lightgbm==4.6.0"
    extension = machine.home / ".local/share/jupyter/labextensions/ml-platform-idle"
    assert json.loads((extension / "package.json").read_text())["name"] == "ml-platform-idle"
    assert '"verdict"' in wait_for((extension / "static/status.json").read_text)
    assert "failed" not in machine.log("install")


def test_the_bundle_is_tried_for_again(machine: Machine, fake_aws: FakeAws) -> None:
    machine.copy.unlink()
    machine.start()
    wait_for(lambda: "404" in machine.log("install"))
    assert not machine.processes("bundle.pyz check")
    fake_aws.objects["/assets/bundle.zip"] = BUNDLE
    wait_for(machine.lines)
    wait_for(lambda: machine.copy.exists() and machine.copy.read_bytes() == BUNDLE)


def forge(machine: Machine) -> bytes:
    """Return a bundle that says when it is run."""
    return zipped({"__main__.py": f"open({str(machine.root / 'forged')!r}, 'w')".encode()})


def a_forged_copy(machine: Machine) -> None:
    machine.keep(forge(machine))


def a_copy_cut_short(machine: Machine) -> None:
    machine.keep(BUNDLE[:-1])


def a_link(machine: Machine) -> None:
    (machine.root / "forged.pyz").write_bytes(forge(machine))
    machine.copy.unlink()
    machine.copy.symlink_to(machine.root / "forged.pyz")


def a_pipe_that_nobody_writes(machine: Machine) -> None:
    machine.copy.unlink()
    os.mkfifo(machine.copy)


def a_folder(machine: Machine) -> None:
    machine.copy.unlink()
    machine.copy.mkdir()


@pytest.mark.parametrize("instead", [a_forged_copy, a_copy_cut_short, a_link, a_pipe_that_nobody_writes, a_folder])
def test_a_copy_that_is_not_the_bundle_is_never_run(
    machine: Machine, fake_aws: FakeAws, instead: Callable[[Machine], None]
) -> None:
    instead(machine)
    fake_aws.objects["/assets/bundle.zip"] = BUNDLE
    machine.start()
    wait_for(machine.lines)
    assert (machine.base / "bundle.pyz").read_bytes() == BUNDLE
    assert not (machine.root / "forged").exists()


def test_an_object_that_is_not_the_bundle_is_never_run(machine: Machine, fake_aws: FakeAws) -> None:
    machine.copy.unlink()
    fake_aws.objects["/assets/bundle.zip"] = forge(machine)
    machine.start()
    time.sleep(2)
    assert not (machine.base / "bundle.pyz").exists() and not (machine.root / "forged").exists()
    fake_aws.objects["/assets/bundle.zip"] = BUNDLE
    wait_for(machine.lines)


def test_a_new_bundle_takes_the_place_of_the_old(machine: Machine, fake_aws: FakeAws, tmp_path: Path) -> None:
    machine.start()
    wait_for(lambda: "warning in JupyterLab" in machine.log("install"))
    machine.end()
    fresh = bundle(tmp_path / "c", {"mlp/new.py": ""})
    fake_aws.objects["/assets/bundle.zip"] = fresh
    machine.start(bundle=fresh)
    wait_for(lambda: machine.copy.read_bytes() == fresh)
    assert (machine.base / "bundle.pyz").read_bytes() == fresh
    assert (machine.base / "client/mlp/new.py").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be led astray")
def test_root_does_nothing_where_a_person_has_put_a_link(fake_aws: FakeAws) -> None:
    folder = Path(tempfile.mkdtemp(prefix="links-"))  # pytest's own are closed to others
    machine = Machine(folder / "machine", fake_aws.variables())
    try:
        folder.chmod(0o755)
        said, roots = folder / "said", folder / "roots"
        for place in (said, roots):
            place.mkdir()
        said.chmod(0o777)
        (roots / "python").write_text(f"#!/bin/bash\nid -u >>{said}/who\n")
        (roots / "python").chmod(0o755)
        environment = machine.home / "anaconda3/envs/python3"
        (environment / "lib/python3.10").mkdir(parents=True)
        (environment / "bin").symlink_to(roots)
        (environment / "lib/python3.10/site-packages").symlink_to(roots)
        machine.keep(BUNDLE)
        for path in (machine.home, *machine.home.rglob("*")):
            os.lchown(path, 65534, 65534)
        machine.start(platform={**PLATFORM, "packages": ["lightgbm==4.6.0"]})
        wait_for(lambda: "packages of" in machine.log("install"))
        assert set((said / "who").read_text().split()) == {"65534"}
        assert not (roots / "ml-platform.pth").exists()
        assert "Permission denied" in machine.log("install")
    finally:
        machine.end()
        shutil.rmtree(folder, ignore_errors=True)
