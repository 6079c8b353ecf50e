"""Python sources without what only people and type checkers read: comments, docstrings, annotations, blanks.

Done on positions in the text, never by printing a syntax tree, because every Python version prints that differently.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence

Cut = tuple[int, int, str]
"""Start, end, and what takes the place."""


def joined(sources: Sequence[str], package: str) -> str:
    """Return the modules of `package` as one, in the order given; their top-level names must differ."""
    imports: list[str] = []
    bodies = []
    for source in sources:
        lines = slim(source).splitlines()
        imports += [line for line in lines if re.match("(import|from) ", line)]
        bodies += [line for line in lines if not re.match("(import|from) ", line)]
    outside = sorted({line for line in imports if not line.startswith(f"from {package}.")})
    modules = ",".join(line.removeprefix("import ") for line in outside if line.startswith("import "))
    return "\n".join([f"import {modules}", *(line for line in outside if line.startswith("from ")), *bodies]) + "\n"


def slim(source: str) -> str:
    """Return the source with the same meaning; strings over several lines, other than docstrings, are not understood."""
    for start, end, instead in sorted(set(_cuts(source)), reverse=True):
        source = source[:start] + instead + source[end:]
    lines = [line.rstrip() for line in source.splitlines() if line.strip()]
    return "".join(f"{' ' * (_indent(line) // 4)}{line.lstrip()}\n" for line in lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _cuts(source: str) -> Iterator[Cut]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1], ""
    for node in ast.walk(ast.parse(source)):
        yield from _cuts_of(node, source, starts)


def _cuts_of(node: ast.AST, source: str, starts: Sequence[int]) -> Iterator[Cut]:
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    for_types = isinstance(node, ast.ImportFrom) and node.module in ("__future__", "typing")
    if isinstance(node, ast.stmt) and (text or for_types):
        yield _start(node, starts), _end(node, starts), ""
    elif isinstance(node, ast.AnnAssign):
        yield _end(node.target, starts), _end(node.annotation, starts), ""
    elif isinstance(node, ast.arg) and node.annotation:
        yield _start(node, starts) + len(node.arg), _end(node.annotation, starts), ""
    elif isinstance(node, ast.FunctionDef) and node.returns:
        arrow = source.rindex("->", 0, _start(node.returns, starts))
        yield len(source[:arrow].rstrip()), _end(node.returns, starts), ""


def _start(node: ast.expr | ast.stmt | ast.arg, starts: Sequence[int]) -> int:
    return starts[node.lineno - 1] + node.col_offset


def _end(node: ast.expr | ast.stmt | ast.arg, starts: Sequence[int]) -> int:
    assert node.end_lineno is not None and node.end_col_offset is not None
    return starts[node.end_lineno - 1] + node.end_col_offset
