"""What must hold so that the first command works on a machine that nobody here has seen."""

import ast
import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYTHONS = {"Debian 12": "3.11.2", "Ubuntu 24.04": "3.12.3", "Debian 13": "3.13.5", "the oldest that is promised": "3.11.0"}
SHELLS = {"sh", "bash", "/bin/sh", "/bin/bash"}
OURS = ("app.py", "mlp", "local_aws", "platform_contract", "stacks", "constructs", "lambda", "notebook", "tools", "bench")


def promised() -> SpecifierSet:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return SpecifierSet(project["requires-python"])


def pins(lock: str) -> dict[str, Requirement]:
    lines = re.findall(r"^([\w.\-\[\]]+==[^\\\n]+?)\s*\\?$", (ROOT / lock).read_text(), re.MULTILINE)
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(pin.name): pin for pin in found}


def admits(required: str | None, pin: Requirement, python: str) -> bool:
    """Return whether a pin can be installed on a Python, or is not meant for it."""
    if pin.marker and not pin.marker.evaluate({"python_full_version": python, "python_version": python.rpartition(".")[0]}):
        return True
    return not required or python in SpecifierSet(required)


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_every_pin_admits_every_python_that_is_promised(python: str) -> None:
    assert python in promised()
    known = pins("requirements-dev.txt")
    refusing, seen = [], 0
    for distribution in distributions():
        pin = known.get(canonicalize_name(distribution.name))
        if pin and distribution.version in pin.specifier:
            seen += 1
            required = distribution.metadata["Requires-Python"]
            if not admits(required, pin, python):
                refusing.append(f"{pin} wants {required}")
    assert not refusing
    assert seen > 100, "the locked packages are installed here, and were looked at"


def test_a_pin_that_refuses_one_would_be_seen() -> None:
    assert not admits(">=3.11.5", Requirement("x==1"), "3.11.2")
    assert admits(">=3.12", Requirement("x==1; python_full_version >= '3.12'"), "3.11.2")
    assert not admits(">=3.12", Requirement("x==1; python_full_version < '3.12'"), "3.11.2")


def unquoted(tree: ast.AST) -> list[int]:
    """Return the lines where a shell gets a text that something was put into without quotes of its own."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "shell" and getattr(node.value, "value", None) is not False:
            found.append(node.value.lineno)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.system", "os.popen", "subprocess.getoutput"):
            found.append(node.lineno)
        if isinstance(node, ast.List | ast.Tuple):
            words = [getattr(element, "value", None) for element in node.elts]
            for place, word in enumerate(words[:-2]):
                if word in SHELLS and words[place + 1] == "-c" and not _safe(node.elts[place + 2]):
                    found.append(node.lineno)
    return found


def _safe(text: ast.expr) -> bool:
    if isinstance(text, ast.JoinedStr):
        return all(_safe(part.value) for part in text.values if isinstance(part, ast.FormattedValue))
    if isinstance(text, ast.Call):
        return ast.unparse(text.func) in ("shlex.quote", "shlex.join")
    # A constant, or a name of one.
    return isinstance(text, ast.Constant) or (isinstance(text, ast.Name) and text.id.isupper())


INSIDE = {"constructs/ml_platform/training/training_steps.py"}
"""A command in a container: its parts are folders of ours there, and names that the configuration has checked."""


def test_no_path_is_put_into_a_shell_text_unquoted() -> None:
    files = [ROOT / "app.py", *(file for name in OURS for file in (ROOT / name).rglob("*.py"))]
    found = {str(file.relative_to(ROOT)): lines for file in files if (lines := unquoted(ast.parse(file.read_text())))}
    assert found.keys() == INSIDE, found


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("run(['bash', '-c', f'ls {path}'])", [1]),
        ("run(['bash', '-c', 'ls ' + path])", [1]),
        ("run(['bash', '-c', path])", [1]),
        ("run(f'ls {path}', shell=True)", [1]),
        ("os.system(x)", [1]),
        ("run(['bash', '-c', f'ls {shlex.quote(path)}'])", []),
        ("run(['bash', '-c', 'ls'])", []),
        ("run(['python', '-c', f'{path}'])", []),
    ],
)
def test_an_unquoted_path_would_be_seen(text: str, lines: list[int]) -> None:
    assert unquoted(ast.parse(text)) == lines


def test_the_makefile_names_no_absolute_path() -> None:
    words = re.findall(r"\$\((?:CURDIR|PWD|abspath[^)]*|realpath[^)]*)\)", (ROOT / "Makefile").read_text())
    assert not words, "a folder may have spaces; paths below it are relative"
