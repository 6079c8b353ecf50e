"""Notebooks and their watchdog in the configuration: what is refused, and how a person is told."""

import json
from pathlib import Path

import pytest
import yaml

from platform_contract.instances import TRAINING_FAMILIES_WITH_LOCAL_NVME, has_local_nvme
from settings import SettingsError, load_settings

ROOT = Path(__file__).parents[2]
INSTANCE_TYPES = json.loads((ROOT / "platform_contract/instance_types.json").read_text())
VPC = {"subnet_id": "subnet-0a1b2c3d4e5f60718", "security_group_ids": ["sg-0a1b2c3d4e5f60718"]}
HOURS = {"days": ["mon", "fri"], "from": "08:00", "to": "18:00", "timezone": "Europe/Berlin"}


def load(tmp_path: Path, **content):
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"platform": {"environment": "test"}, "models": {"spam": {}}, **content}))
    return load_settings(file)


def problems(tmp_path: Path, **content) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, **content)
    return caught.value.problems


def notebook(tmp_path: Path, **values):
    return load(tmp_path, notebooks={"demo": {"internet_access": True, **values}}).notebooks["demo"]


def test_by_default_there_is_no_notebook(tmp_path: Path) -> None:
    assert load(tmp_path).notebooks == {}


def test_a_notebook_with_nothing_but_a_network_has_cost_safe_defaults(tmp_path: Path) -> None:
    found = notebook(tmp_path)
    assert (found.instance_type, found.volume_gb, found.idle_minutes, found.warn_minutes) == ("ml.t3.medium", 20, 60, 10)
    assert (found.max_uptime_hours, found.endpoint_hours, found.root_access) == (72, 8, False)
    assert found.keep_hours is None and found.nightly_stop is None and not found.models


def test_a_notebook_may_be_in_a_vpc_with_and_without_the_internet(tmp_path: Path) -> None:
    for internet in (False, True):
        found = notebook(tmp_path, **VPC, internet_access=internet)
        assert (found.subnet_id, found.internet_access) == (VPC["subnet_id"], internet)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"internet_access": False}, "set internet_access: true, or give subnet_id and security_group_ids of a VPC"),
        ({"security_group_ids": VPC["security_group_ids"]}, "security_group_ids need subnet_id"),
        ({"subnet_id": VPC["subnet_id"]}, "subnet_id needs security_group_ids, from one to five"),
        ({**VPC, "subnet_id": "vpc-123"}, "subnet_id: String should match pattern"),
        ({**VPC, "security_group_ids": ["sg-0a1b2c3d4e5f6071" + str(n) for n in range(6)]}, "at most 5 items"),
        ({"idle_minutes": 10}, "warn_minutes (10) must be fewer than idle_minutes (10)"),
        ({"idle_minutes": 30, "warn_minutes": 31}, "lower warn_minutes or raise idle_minutes"),
        ({"idle_minutes": 4, "warn_minutes": 1}, "greater than or equal to 5"),
        ({"idle_minutes": 1441}, "less than or equal to 1440"),
        ({"volume_gb": 4}, "greater than or equal to 5"),
        ({"volume_gb": 16385}, "less than or equal to 16384"),
        ({"max_uptime_hours": 0}, "greater than or equal to 1"),
        ({"endpoint_hours": 169}, "less than or equal to 168"),
        ({"keep_alive_hours": 169}, "less than or equal to 168"),
        ({"instance_type": "ml.t3.huge"}, "for notebook; closest: ml.t3"),
        ({"instance_type": "banana"}, "use one such as ml.t3.medium"),
        ({"instance_type": "ml.c6g.large"}, "SageMaker has no instance type of this name for notebook"),
        ({"keep_hours": {**HOURS, "to": "08:00"}}, '`to` ("08:00") must be later than `from` ("08:00") on the same day'),
        ({"keep_hours": {**HOURS, "from": "22:00", "to": "06:00"}}, "for hours over midnight"),
        ({"keep_hours": {**HOURS, "days": []}}, "at least 1 item"),
        ({"keep_hours": {**HOURS, "days": ["monday"]}}, "'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'"),
        ({"keep_hours": {**HOURS, "days": ["mon", "mon"]}}, "a day is named twice"),
        ({"keep_hours": {**HOURS, "from": "8:00"}}, "keep_hours.from: String should match pattern"),
        ({"keep_hours": {**HOURS, "to": "24:00"}}, "keep_hours.to: String should match pattern"),
        ({"keep_hours": {**HOURS, "timezone": "Europe/Berlim"}}, "not a time zone of the IANA database; closest: Europe/Berlin"),
        ({"keep_hours": {**HOURS, "timezone": "???"}}, "use one such as Europe/Berlin or UTC"),
        ({"nightly_stop": {"at": "22:00", "timezone": "CEST"}}, "nightly_stop.timezone: not a time zone"),
        ({"nightly_stop": {"at": "22:61", "timezone": "UTC"}}, "nightly_stop.at: String should match pattern"),
        ({"repositories": ["git@github.com:a/b.git"]}, "must be an https URL such as https://github.com/aws/sagemaker-core"),
        ({"repositories": ["http://github.com/a/b"]}, "must be an https URL"),
        ({"repositories": ["https://me:secret@github.com/a/b"]}, "without a user name or a password"),
        ({"repositories": [f"https://github.com/a/{n}" for n in range(5)]}, "at most 4 items"),
        ({"repositories": ["https://github.com/a/b"] * 2}, "repositories names something twice"),
        ({"packages": ["pandas; rm -rf /"]}, "without spaces or other characters of the shell"),
        ({"packages": ["$(curl evil)"]}, "must be a package such as pandas"),
        ({"packages": ["pandas>=2"]}, "pandas==2.3.3"),
        ({"packages": ["-r requirements.txt"]}, "must be a package"),
        ({"packages": ["pandas\nevil"]}, "must be a package"),
        ({"models": ["spam", "spam"]}, "models names something twice"),
        ({"models": [f"model{n}" for n in range(11)]}, "at most 10 items"),
        ({"models": ["spm"]}, "notebooks.demo.models: spm is not among the models of this environment; known: spam"),
        ({"internet": True}, "notebooks.demo.internet: unknown key. Did you mean `internet_access`?"),
        ({"keep_hours": {**HOURS, "form": "08:00"}}, "Did you mean `from`? Known keys here: days, from, timezone, to."),
    ],
)
def test_wrong_notebooks_are_refused(tmp_path: Path, values: dict, expected: str) -> None:
    found = problems(tmp_path, notebooks={"demo": {"internet_access": True, **values}})
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(("text", "quoted"), [("22:00", "22:00"), ("18:30", "18:30")])
def test_times_that_yaml_reads_as_numbers_are_told_so(tmp_path: Path, text: str, quoted: str) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(
        "platform: {environment: test}\n"
        f"notebooks: {{demo: {{internet_access: true, nightly_stop: {{at: {text}, timezone: UTC}}}}}}\n"
    )
    with pytest.raises(SettingsError, match=rf'a time must be in quotes, such as "{quoted}"'):
        load_settings(file)


@pytest.mark.parametrize("family", ["p2.xlarge", "p3.2xlarge", "p3dn.24xlarge", "inf1.xlarge"])
def test_families_that_amazon_linux_2023_does_not_run_are_refused(tmp_path: Path, family: str) -> None:
    found = problems(tmp_path, notebooks={"demo": {"internet_access": True, "instance_type": f"ml.{family}"}})
    assert "does not run this family; use one such as ml.t3.medium" in found[0]


def test_types_with_local_disks_are_refused_and_are_those_that_the_constructs_know(tmp_path: Path) -> None:
    for kind in INSTANCE_TYPES["notebook"]:
        old = kind.startswith(("ml.p2.", "ml.p3.", "ml.p3dn.", "ml.inf1."))
        if has_local_nvme(kind) and not old:
            found = problems(tmp_path, notebooks={"demo": {"internet_access": True, "instance_type": kind}})
            assert "local NVMe disks, for which SageMaker takes no KMS key; use a type without them" in found[0], kind
        elif not old:
            assert notebook(tmp_path, instance_type=kind).instance_type == kind


def test_policies_know_every_training_family_with_local_disks() -> None:
    expected = {kind.split(".")[1] for kind in INSTANCE_TYPES["training"] if has_local_nvme(kind)}
    assert set(TRAINING_FAMILIES_WITH_LOCAL_NVME) == expected


@pytest.mark.parametrize("name", ["Demo", "a", "two--hyphens", "-demo", "demo-", "1demo", "a" * 21, "team_a"])
def test_names_that_cannot_be_part_of_an_instances_name_are_refused(tmp_path: Path, name: str) -> None:
    assert "notebooks" in problems(tmp_path, notebooks={name: {"internet_access": True}})[0]


def test_a_name_that_makes_the_instances_name_too_long_is_refused_with_what_fits(tmp_path: Path) -> None:
    file = tmp_path / f"{'e' * 14}.yaml"
    content = {"platform": {"name": "p" * 20, "environment": "e" * 14}, "notebooks": {"n" * 20: {"internet_access": True}}}
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(SettingsError, match=r"of which SageMaker takes 63; use at most 19 characters"):
        load_settings(file)


def test_two_names_that_differ_in_hyphens_only_are_refused(tmp_path: Path) -> None:
    both = {"team-a": {"internet_access": True}, "teama": {"internet_access": True}}
    assert "notebooks.teama and notebooks.team-a differ in hyphens only" in problems(tmp_path, notebooks=both)[0]


def test_all_unknown_models_of_all_notebooks_are_told_at_once(tmp_path: Path) -> None:
    two = {name: {"internet_access": True, "models": [model]} for name, model in (("one", "ham"), ("two", "eggs"))}
    text = problems(tmp_path, notebooks=two)[0]
    assert "notebooks.one.models: ham" in text and "notebooks.two.models: eggs" in text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"every_minutes": 0}, "greater than or equal to 1"),
        ({"every_minutes": 61}, "less than or equal to 60"),
        ({"heartbeat_minutes": 4}, "greater than or equal to 5"),
        ({"max_keep_alive_hours": 0}, "greater than or equal to 1"),
        ({"currency": "euro"}, "String should match pattern"),
        ({"prices_per_hour": {"ml.t3.medium": 0}}, "greater than 0"),
        ({"prices_per_hour": {"ml.t3.midi": 1}}, "closest: ml.t3"),
        ({"log_retention_days": 91}, "CloudWatch Logs keeps logs for"),
    ],
)
def test_a_wrong_watchdog_is_refused(tmp_path: Path, values: dict, expected: str) -> None:
    found = problems(tmp_path, watchdog=values)
    assert len(found) == 1
    assert expected in found[0]


def test_a_notebook_whose_settings_do_not_fit_into_its_script_is_told_as_a_wrong_setting(tmp_path: Path) -> None:
    from aws_cdk import App

    from stacks.platform import build_platform

    packages = [f"package-{'x' * 300}-{number}" for number in range(20)]
    settings = load(tmp_path, notebooks={"demo": {"internet_access": True, "packages": packages}})
    with pytest.raises(SettingsError, match=r"notebooks\.demo: the lifecycle script has .*platform\.packages"):
        build_platform(App(), settings)
