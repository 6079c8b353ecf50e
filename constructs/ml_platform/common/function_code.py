"""The folder that one function is deployed from: its package, what functions share, and what it imports of the contract."""

import ast
import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import platform_contract

_PACKAGED = Path(__file__).parents[1] / "_functions"
_SOURCES = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[3] / "lambda"
CONTRACT = Path(platform_contract.__file__).parent


def staged(package: str, extra_files: Mapping[str, str]) -> Path:
    """Return a folder with what one function needs and nothing else, so that no other function's change redeploys it."""
    return _staged(package, tuple(sorted(extra_files.items())))


@cache
def _staged(package: str, extra_files: tuple[tuple[str, str], ...]) -> Path:
    """Stage the same content once; CDK then hashes it once too."""
    target = Path(tempfile.mkdtemp(prefix=f"function-{package}-"))
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    for name in (package, "shared"):
        shutil.copytree(_SOURCES / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for module in sorted(_of_the_contract([*target.rglob("*.py")])):
        copy = target / CONTRACT.name / module
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CONTRACT / module, copy)
    for name, content in extra_files:
        (target / name).write_text(content)
    return target


def _of_the_contract(files: list[Path]) -> set[Path]:
    """Return the contract's modules that `files` import, and those that these import, relative to the contract."""
    found: set[Path] = set()
    while files:
        new = {module for file in files for module in _imported(file)} - found
        found |= new
        files = [CONTRACT / module for module in new]
    return found


def _imported(file: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == CONTRACT.name:
            inner = Path(*str(node.module).split(".")[1:])
            for place in (inner, *(inner / alias.name for alias in node.names)):
                yield from _files(place)


def _files(place: Path) -> Iterator[Path]:
    """Yield the files that importing a module reads: its own, and those of the packages that it is in."""
    yield from (parent / "__init__.py" for parent in (*place.parents, place) if (CONTRACT / parent / "__init__.py").is_file())
    module = place.parent / f"{place.name}.py"
    if (CONTRACT / module).is_file():
        yield module
