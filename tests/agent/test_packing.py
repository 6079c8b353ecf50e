"""What is packed is the same program as what people read."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from ml_platform.notebook.lifecycle_script import MODULES, render
from ml_platform.notebook.python_names import shorten, squeezed
from ml_platform.notebook.python_source import joined, slim
from tests.agent.machine import IDLE, PLATFORM, unpacked
from tests.agent.situations import SITUATIONS, Situation

AGENT = Path(__file__).parents[2] / "notebook/idle_agent"
SOURCES = [(AGENT / f"{name}.py").read_text() for name in MODULES]
EXAMPLE = '''
"""Text."""
from __future__ import annotations
import os
from typing import Any

LIMIT: int = 3  # why
"""More text."""

class Place:
    """Text."""
    def __init__(self, folder: str, *, deep: bool = False) -> None:
        """Text."""
        self.folder, self.deep = folder, deep

    def words(self) -> dict[str, Any]:
        return {"folder": f"{self.folder!r} has {len(self.folder):>3} of {LIMIT} {{folder}}", "deep": [item for item in "folder"]}

def make(folder, *items, **options):
    def inner(item):
        return f"{item['folder']} in {folder}" if item not in (-1, *items) else -1
    try:
        return Place(folder, deep=not items).words() | {"inner": inner({"folder": "x # no comment"})}
    except OSError as problem:
        return str(problem)
'''


def test_a_slim_source_has_neither_comments_nor_docstrings_nor_types() -> None:
    text = slim(EXAMPLE)
    assert "Text" not in text and "why" not in text and "typing" not in text and "annotations" not in text
    assert "LIMIT = 3\n" in text and "def make(folder, *items, **options):\n" in text
    assert " def __init__(self, folder, *, deep = False):\n" in text


@pytest.mark.parametrize(
    "change", [slim, lambda text: squeezed(slim(text)), lambda text: squeezed(shorten(slim(text), {"make"}))]
)
def test_a_changed_source_does_the_same(change: Any) -> None:
    results = []
    for text in (EXAMPLE, change(EXAMPLE)):
        scope: dict[str, Any] = {}
        exec(compile(text, "example", "exec"), scope)
        results.append(scope["make"]("place", 1, 2, unused=3))
    assert results[0] == results[1]


def shapes(tree: ast.AST) -> str:
    """Return a program without its names, comments and types."""
    for node in ast.walk(tree):
        for field in ("id", "arg", "name"):
            if isinstance(getattr(node, field, None), str) and not isinstance(node, (ast.keyword, ast.alias)):
                setattr(node, field, "_")
    return ast.dump(tree)


def test_only_names_are_changed() -> None:
    agent = joined(SOURCES, "idle_agent")
    assert shapes(ast.parse(squeezed(shorten(agent)))) == shapes(ast.parse(agent))


def test_no_name_stands_for_two() -> None:
    """In each function of the agent, names and their replacements are one to one."""
    agent = joined(SOURCES, "idle_agent")
    for before, after in zip(functions(ast.parse(agent)), functions(ast.parse(shorten(agent))), strict=True):
        pairs = set(zip(names(before), names(after), strict=True))
        assert len({old for old, _ in pairs}) == len({new for _, new in pairs}) == len(pairs), before.name


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def names(tree: ast.AST) -> list[str]:
    found = [
        getattr(node, "id", None) or getattr(node, "arg", None) for node in ast.walk(tree) if not isinstance(node, ast.keyword)
    ]
    return [name for name in found if isinstance(name, str)]


def test_sources_have_only_strings_that_packing_understands() -> None:
    for source in SOURCES:
        assert '"""' not in slim(source) and "'''" not in slim(source)


def test_top_level_names_of_the_modules_differ() -> None:
    found = [
        name
        for source in SOURCES
        for node in ast.parse(source).body
        for name in ([node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else [])
    ]
    assert len(found) == len(set(found))


def test_the_agent_is_python_3_9() -> None:
    agent = unpacked(render(idle=IDLE, platform=PLATFORM, sdk_defaults=""))[2]
    for source in [*SOURCES, agent, *(file.read_text() for file in AGENT.rglob("*.py"))]:
        ast.parse(source, feature_version=(3, 9))


@pytest.fixture(scope="module")
def packed_decide() -> Any:
    """The function that decides, as it is on an instance."""
    agent = unpacked(render(idle=IDLE, platform=PLATFORM, sdk_defaults=""))[2]
    names = [node.name for node in functions(ast.parse(joined(SOURCES, "idle_agent")))]
    scope: dict[str, Any] = {"__name__": "packed"}
    exec(compile(agent, "agent.pyz", "exec"), scope)
    found = [node.name for node in functions(ast.parse(agent))]
    assert re.fullmatch("[A-Z]{1,2}", found[names.index("decide")])
    return scope[found[names.index("decide")]]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_the_packed_agent_decides_alike(situation: Situation, packed_decide: Any) -> None:
    line, _ = packed_decide(situation.seen, situation.memory, situation.config, situation.now)
    assert (line["verdict"], situation.reason in line["reason"]) == (situation.verdict, True), line["reason"]
