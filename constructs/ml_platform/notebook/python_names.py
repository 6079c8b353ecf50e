"""Shorter names for what is local to a Python program, so that it takes less room when packed."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from string import ascii_lowercase, ascii_uppercase

STRING = re.compile(r"""\b[rbf]{0,2}(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""")
"""A string of one line; sources have no others once their docstrings are gone."""
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
BRACES = re.compile(r"(?<!\{)\{(?!\{)[^{}]+\}")
"""An expression in an f-string. Its own strings are one word each, which NAME_IN_BRACES leaves alone."""
NAME_IN_BRACES = re.compile(r"""(?<![\w.'":!])[A-Za-z_]\w*(?!['"])""")


def shorten(source: str, keep: Collection[str] = ()) -> str:
    """Return a program with the same meaning and shorter names.

    Attributes, keyword arguments, imports, builtins and `keep` stay, and so does what shares a name with one of those.
    """
    tree = ast.parse(source)
    fixed = _fixed(tree) | set(keep)
    outside = _mapping(_bound(_top_level(tree)), fixed, ascii_uppercase)
    lines = source.splitlines(keepends=True)
    pieces, end = [], 0
    for function in _outermost_functions(tree):
        last = function.end_lineno or function.lineno
        pieces.append(_renamed("".join(lines[end : function.lineno - 1]), outside))
        inside = _mapping(_bound(_within(function)), fixed | set(outside) | set(outside.values()), ascii_lowercase)
        pieces.append(_renamed("".join(lines[function.lineno - 1 : last]), {**outside, **inside}))
        end = last
    return "".join([*pieces, _renamed("".join(lines[end:]), outside)])


def squeezed(source: str) -> str:
    """Return the source without the spaces that only people need; indentation stays."""
    return _outside_strings(source, lambda code: re.sub(r"(?<![\n ]) ?([-=+*/%<>(),:\[\]{}|&!]+) ?", r"\1", code), str)


def _fixed(tree: ast.Module) -> set[str]:
    """Return the names that mean something outside the program, or in places where a name is no variable."""
    fixed = {*dir(builtins), *keyword.kwlist}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            fixed.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            fixed.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            fixed |= {part for alias in node.names for part in (alias.asname or alias.name).split(".")}
    return fixed


def _outermost_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """Return functions and methods, in the order of the text, without those inside others."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    places = [tree.body, *(node.body for node in classes)]
    functions = [node for body in places for node in body if isinstance(node, ast.FunctionDef)]
    return sorted(functions, key=lambda function: function.lineno)


def _top_level(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what can bind a name of the module."""
    for statement in tree.body:
        yield statement
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from ast.walk(target)


def _within(function: ast.FunctionDef) -> Iterator[ast.AST]:
    return (node for node in ast.walk(function) if node is not function)


def _bound(nodes: Iterable[ast.AST]) -> list[str]:
    """Return the names that are bound, in the order of the text."""
    found: list[tuple[int, int, str]] = []
    for node in nodes:
        name: str | None = None
        if isinstance(node, ast.arg):
            name = node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)):
            name = node.name
        if name:
            found.append((node.lineno, node.col_offset, name))  # type: ignore[attr-defined]
    return list(dict.fromkeys(name for *_, name in sorted(found)))


def _mapping(names: list[str], fixed: set[str], letters: str) -> dict[str, str]:
    renamed = [name for name in names if name not in fixed]
    candidates = [*letters, *(first + second for first in letters for second in letters)]
    free = (word for word in candidates if word not in fixed)
    return dict(zip(renamed, free))  # noqa: B905 - there are more candidates than names


def _renamed(source: str, mapping: Mapping[str, str]) -> str:
    def in_braces(braces: re.Match[str]) -> str:
        return NAME_IN_BRACES.sub(lambda found: mapping.get(found[0], found[0]), braces[0])

    def code(text: str) -> str:
        return NAME.sub(lambda found: mapping.get(found[0], found[0]), text)

    return _outside_strings(source, code, lambda text: BRACES.sub(in_braces, text))


def _outside_strings(source: str, code: Callable[[str], str], f_string: Callable[[str], str]) -> str:
    """Return the source with `code` done to what is no string, and `f_string` to f-strings."""
    pieces, end = [], 0
    for string in STRING.finditer(source):
        prefix = string[0].split(string[0][-1])[0]
        pieces += [code(source[end : string.start()]), f_string(string[0]) if "f" in prefix else string[0]]
        end = string.end()
    return "".join([*pieces, code(source[end:])])
