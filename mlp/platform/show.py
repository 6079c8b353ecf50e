"""What a person sees: steps with their time, tables, plain lines where there is no terminal."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False)


Report = Callable[[str], None]
"""Says what a running step does just now."""


@contextmanager
def step(title: str, seconds: dict[str, float], key: str) -> Iterator[Report]:
    """Show `title` while the body runs, then its time; keep the time in `seconds` under `key`."""
    with _timed(title, seconds, key), console.status(title) as status:

        def report(text: str) -> None:
            if console.is_terminal:
                status.update(f"{title}  [dim]{escape(text)}[/dim]")
            else:
                console.print(f"    {text}")

        yield report


@contextmanager
def transfer(title: str, seconds: dict[str, float], key: str) -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """As `step`; what it gives begins a bar, for something done to a number of bytes, and returns what moves it on."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with (
        _timed(title, seconds, key),
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars,
    ):

        def begin(what: str, total: int) -> Callable[[int], None]:
            return partial(bars.advance, bars.add_task(f"{title}: {what}", total=total))

        yield begin


@contextmanager
def _timed(title: str, seconds: dict[str, float], key: str) -> Iterator[None]:
    started = time.perf_counter()
    if not console.is_terminal:
        console.print(f"  {title} ...")
    yield
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
