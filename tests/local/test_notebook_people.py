"""What people do in a notebook: open it in a browser, see the warning, keep it; run the samples, which train and deploy."""

import datetime
import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.local.browser import page
from tests.local.conftest import ROOT, wait_for
from tests.local.notebook_platform import Notebooks

SCREENSHOTS = ROOT / "docs/images"
PAGE_MS = 60_000


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: docs/images with UPDATE_SCREENSHOTS=1, else somewhere to look at after a failure."""
    if os.environ.get("UPDATE_SCREENSHOTS"):
        SCREENSHOTS.mkdir(exist_ok=True)
        return SCREENSHOTS
    return Path(tmp_path_factory.mktemp("shots"))


def test_a_person_sees_the_warning_and_keeps_the_notebook(notebooks: Notebooks, tmp_path: Path, shots: Path) -> None:
    notebooks.start("screen")
    extension = notebooks.home("screen") / ".local/share/jupyter/labextensions/ml-platform-idle/static/remoteEntry.js"
    wait_for(extension.exists)
    with page(tmp_path) as tab:
        tab.goto(notebooks.url("screen"))
        tab.locator(".jp-LauncherCard[data-category=Notebook]").first.click(timeout=PAGE_MS)
        expect(tab.get_by_text("Python 3 (ipykernel) | Idle").first).to_be_visible(timeout=PAGE_MS)
        cell = tab.locator(".jp-CodeCell .cm-content").first
        cell.click()
        expect(tab.locator(".jp-CodeCell .cm-focused").first).to_be_visible()
        tab.keyboard.type("import mlp; print(mlp.data('spam'), 6 * 7)")
        tab.keyboard.press("Shift+Enter")
        expect(tab.locator(".jp-OutputArea-output").first).to_contain_text(
            re.compile(r"/datasets/spam/raw/version=\d+/ 42"), timeout=PAGE_MS
        )
        tab.get_by_role("button", name="No", exact=True).click()  # JupyterLab's own question about news
        tab.screenshot(path=shots / "notebook.png")
        warning = tab.locator(".Toastify__toast", has_text="is idle and will be stopped at")
        expect(warning).to_be_visible(timeout=PAGE_MS)
        tab.wait_for_timeout(1500)  # it slides in
        tab.screenshot(path=shots / "notebook-warning.png")
        warning.get_by_role("button", name="Keep for 1 hour").click()
        kept = notebooks.folder("screen") / "keep-alive.txt"
        wait_for(lambda: kept.exists() and kept.read_text().strip())  # Jupyter creates it before it writes into it
        expect(warning).not_to_be_visible(timeout=PAGE_MS)
    until = datetime.datetime.fromisoformat(kept.read_text().strip())
    assert datetime.timedelta(minutes=58) < until - datetime.datetime.now(datetime.UTC) < datetime.timedelta(minutes=61)
    last = wait_for(lambda: next((line for line in notebooks.verdicts("screen")[-3:] if line["verdict"] == "kept"), None), 90)
    assert "keep-alive.txt keeps it until" in last["reason"]
    kept.unlink()


def test_the_samples_run_in_a_notebook_under_its_role(notebooks: Notebooks, trained: None) -> None:
    notebooks.start("samples")
    folder = notebooks.folder("samples") / "samples"
    wait_for(lambda: len(list(folder.glob("0*.ipynb"))) == 4)
    for sample in sorted(folder.glob("0*.ipynb")):
        shutil.copy(ROOT / "notebook/samples" / sample.name, sample)
    person = notebooks.person("samples")
    person.type(
        "cd samples && for f in 01 02 03 04; do python3 -m papermill -k python3 $f-*.ipynb $f-out.ipynb > $f.log 2>&1 || break; done; touch ended"
    )
    wait_for((folder / "ended").exists, seconds=180)
    for number in ("01", "02", "03", "04"):
        log, output = folder / f"{number}.log", folder / f"{number}-out.ipynb"
        assert output.exists(), log.read_text()[-3000:]
        status = {cell["metadata"]["papermill"]["status"] for cell in json.loads(output.read_text())["cells"]}
        assert status == {"completed"}, log.read_text()[-3000:]
    # The last sample cleans up; an endpoint goes as its model server does, which lets requests under way end first.
    sagemaker = notebooks.platform.client("sagemaker")
    wait_for(lambda: not sagemaker.list_endpoints(NameContains="-nb-")["Endpoints"], seconds=20)


AWS_SAMPLE = """\
import argparse, glob, os
import joblib, pandas as pd
import sagemaker_containers
from sklearn import tree

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--max_leaf_nodes", type=int, default=-1)
    parser.add_argument("-c", type=float)
    parser.add_argument("--shuffle", type=lambda text: text == "True")
    parser.add_argument("--train", type=str, default=os.environ["SM_CHANNEL_TRAIN"])
    args = parser.parse_args()
    assert (args.c, args.shuffle) == (1.0, False), args
    table = pd.concat(pd.read_csv(file) for file in glob.glob("/opt/ml/input/data/train/*.csv"))
    table[["dollar", "bang"]].to_parquet("/tmp/features.parquet")
    features = pd.read_parquet("/tmp/features.parquet").to_numpy()
    model = tree.DecisionTreeClassifier(max_leaf_nodes=args.max_leaf_nodes, random_state=7).fit(features, table["yesno"] == "y")
    os.makedirs("/opt/ml/model", exist_ok=True)
    joblib.dump(model, "/opt/ml/model/model.joblib")
"""
"""As AWS's samples for scikit-learn are written: folders spelt out, `model_fn` alone, the image's own packages."""


def test_a_script_as_awss_samples_have_it_trains_and_serves_unchanged(notebooks: Notebooks, trained: None) -> None:
    notebooks.start("samples")
    person = notebooks.person("samples")
    person.write("sample.py", AWS_SAMPLE)
    code = (
        "import mlp\n"
        "job = mlp.train(script='sample.py', data=mlp.data('spam'), hyperparameters={'max_leaf_nodes': 8, 'c': 1.0, 'shuffle': False})\n"
        "endpoint = mlp.deploy(job, serve='sample.py')\n"
        "from mlp.in_notebook.platform import required\n"
        "runtime = required('test').client('sagemaker-runtime')\n"
        "for kind, body in (('application/json', '[[0.5, 1.5], [0, 0]]'), ('text/csv', '0.5,1.5\\n0,0')):\n"
        "    answer = runtime.invoke_endpoint(EndpointName=endpoint.name, ContentType=kind, Accept='application/json', Body=body)\n"
        "    print('ANSWER', answer['Body'].read().decode())\n"
        "endpoint.delete()"
    )
    said = person.run(person.open_notebook("sample.ipynb"), code).finish(180)
    assert said.count("ANSWER [true, false]") == 2, said


def test_an_endpoint_that_has_expired_is_deleted_with_all_that_was_made_for_it(notebooks: Notebooks, trained: None) -> None:
    notebooks.start("samples")
    person = notebooks.person("samples")
    code = (
        "import mlp\njob = mlp.train('spam')\n"
        "endpoint = mlp.deploy(job, hours=0.1)\n"
        "print(endpoint.predict([{'crl_tot': 1028, 'dollar': 0.18, 'bang': 0.372, 'money': 0.43, 'n000': 0.43, 'make': 0.21}]))\n"
        "print('NAME', endpoint.name)"
    )
    said = person.run(person.open_notebook("expires.ipynb"), code).finish(180)
    assert "spam" in said and "NAME" in said, said
    name, sagemaker = said.rpartition("NAME ")[2].strip(), notebooks.platform.client("sagemaker")
    arn = sagemaker.describe_endpoint(EndpointName=name)["EndpointArn"]
    past = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "ml-platform:expires", "Value": past}])
    wait_for(lambda: not sagemaker.list_endpoints(NameContains=name)["Endpoints"], seconds=60)
    wait_for(lambda: not sagemaker.list_models(NameContains=name)["Models"], seconds=30)
    assert not sagemaker.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    reports = [entry for report in notebooks.watchdog_reports() for entry in report.get("deleted", [])]
    assert any(entry["endpoint"] == name and "expired" in entry["reason"] for entry in reports)


def test_a_notebook_without_use_for_hours_costs_nothing_and_says_so(notebooks: Notebooks) -> None:
    from mlp.notebooks.instances import pick
    from mlp.notebooks.state import this_month

    notebooks.stop("mill")
    environment = notebooks.platform.environment
    before = this_month(environment, pick(environment, "mill"), "HoursOff") or 0
    time.sleep(12)
    after = this_month(environment, pick(environment, "mill"), "HoursOff") or 0
    # 12 s are 12 minutes of platform time, in which the watchdog looks two times or three.
    assert 0.1 < after - before < 0.4
