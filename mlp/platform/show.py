"""What a person sees: steps with their time, tables, plain lines where there is no terminal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False)


class Teller(Protocol):
    """Says what a running step does just now."""

    def __call__(self, text: str) -> None: ...


@contextmanager
def step(title: str, seconds: dict[str, float], key: str) -> Iterator[Teller]:
    """Show `title` while the body runs, then its time; keep the time in `seconds` under `key`."""
    started = time.perf_counter()
    if not console.is_terminal:
        console.print(f"  {title} ...")
    with console.status(title) as status:

        def tell(text: str) -> None:
            if console.is_terminal:
                status.update(f"{title}  [dim]{escape(text)}[/dim]")
            else:
                console.print(f"    {text}")

        yield tell
    seconds[key] = round(time.perf_counter() - started, 2)
    console.print(f"[green]✓[/green] {title}  [dim]{seconds[key]:.1f} s[/dim]")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*map(escape, row))
    console.print(shown)


def pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Print names and values in two columns; long values are never broken, so that they can be copied."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.print(f"  [bold]{escape(name.ljust(width))}[/bold]  {escape(value)}", soft_wrap=True)


def error(text: str) -> None:
    """Print what went wrong."""
    errors.print(f"[red]✗[/red] {escape(text)}", soft_wrap=True)
