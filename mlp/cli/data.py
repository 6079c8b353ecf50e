"""The `mlp data` commands."""

from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal as size

from mlp import datasets
from mlp.datasets.check import changes, get
from mlp.datasets.diff import FileChange, diff
from mlp.datasets.manifest import DatasetVersion
from mlp.platform import show
from mlp.platform.environment import PlatformEnvironment
from mlp.platform.errors import Failed

app = typer.Typer(help="Put raw data as numbered versions that never change, and see them.", no_args_is_help=True)

Env = Annotated[str, typer.Option("--env", envvar="MLP_ENV", help="Environment: a file under config/.")]
Dataset = Annotated[str, typer.Argument(help="Dataset: what `dataset:` in a model's model.yaml says, else the model's name.")]
Reference = Annotated[str, typer.Argument(help="NAME@VERSION, such as spam@3; NAME is its newest version.")]


@app.command()
def put(
    dataset: Dataset,
    places: Annotated[list[Path], typer.Argument(help="Files, or folders whose files keep their relative names.")],
    env: Env = "local",
    note: Annotated[str, typer.Option(help="What is new about it; kept with the version.")] = "",
) -> None:
    """Put files as a new version; files that the newest version holds already make none."""
    environment = PlatformEnvironment(env)
    with show.transfer(f"Put {dataset}", {}, "put") as progress:
        done = datasets.put(environment, dataset, list(places), note, progress)
    version = done.version
    if not done.created:
        show.console.print(f"{version.name} holds the very same files, so that no new version was made")
        return
    show.console.print(f"{version.name}: {_amount(version)} at {datasets.uri(environment, version)}")


@app.command("list")
def list_all(
    dataset: Annotated[str | None, typer.Argument(help="Dataset. Default: the newest version of each.")] = None,
    env: Env = "local",
) -> None:
    """Show all versions of a dataset, or where every dataset stands."""
    environment = PlatformEnvironment(env)
    if dataset is not None:
        rows = [
            [
                str(v.version),
                v.state,
                v.created,
                _rows(v.rows),
                size(v.size),
                str(len(v.objects)),
                v.by.rpartition(":")[2],
                v.note,
            ]
            for v in datasets.versions(environment, dataset)
        ]
        show.table(["version", "state", "put", "rows", "size", "files", "by", "note"], rows)
        return
    newest = [(name, _newest(environment, name)) for name in environment.datasets]
    rows = [
        [name, str(v.version), v.created, _rows(v.rows), size(v.size), v.note] if v else [name, "none", "-", "-", "-", ""]
        for name, v in newest
    ]
    show.table(["dataset", "newest version", "put", "rows", "size", "note"], rows)


def _newest(environment: PlatformEnvironment, dataset: str) -> DatasetVersion | None:
    return next((version for version in datasets.versions(environment, dataset) if version.complete), None)


@app.command("show")
def show_one(
    reference: Reference,
    env: Env = "local",
    verify: Annotated[bool, typer.Option("--verify", help="Compare every object with what was put.")] = False,
) -> None:
    """Show a version: who put it, when, and its files; exit code 1 if --verify finds a change."""
    environment = PlatformEnvironment(env)
    version = datasets.pick(environment, reference)
    show.pairs(
        [
            ("dataset", version.name),
            ("put", f"{version.created} by {version.by}"),
            ("note", version.note or "-"),
            ("holds", _amount(version)),
            ("lies at", datasets.uri(environment, version)),
            ("digest", version.digest),
        ]
    )
    show.console.print()
    rows = [[stored.file, _rows(stored.rows), size(stored.bytes), stored.sha256] for stored in version.objects]
    show.table(["file", "rows", "size", "sha256"], rows)
    if verify:
        _verify(environment, version)


def _verify(environment: PlatformEnvironment, version: DatasetVersion) -> None:
    with show.transfer(f"Compare {version.name} with what was put", {}, "verify") as progress:
        found = changes(environment, version, progress)
    if found:
        raise Failed(f"{version.name} is no longer what was put:\n" + "\n".join(f"  {change}" for change in found))
    show.console.print("every object is what was put")


@app.command("diff")
def show_diff(before: Reference, after: Reference, env: Env = "local") -> None:
    """Show which files differ between two versions, and how many rows and which columns of CSV files."""
    environment = PlatformEnvironment(env)
    found = diff(environment, datasets.pick(environment, before), datasets.pick(environment, after))
    if not found:
        show.console.print(f"{before} and {after} hold the same files")
        return
    rows = [[change.file, change.kind, *_sizes(change), *_table(change)] for change in found]
    show.table(["file", "", "rows", "size", "columns", "rows compared"], rows)


def _sizes(change: FileChange) -> tuple[str, str]:
    before, after = change.before, change.after
    both = [stored for stored in (before, after) if stored is not None]
    return " -> ".join(_rows(stored.rows) for stored in both), " -> ".join(size(stored.bytes) for stored in both)


def _table(change: FileChange) -> tuple[str, str]:
    table = change.csv
    if table is None:
        return "-", "-"
    columns = [f"+{name}" for name in table.columns_added] + [f"-{name}" for name in table.columns_removed]
    return " ".join(columns) or "same", f"+{table.rows_added:,} -{table.rows_removed:,}"


@app.command("get")
def get_files(reference: Reference, folder: Annotated[Path, typer.Argument(help="Folder.")], env: Env = "local") -> None:
    """Copy a version's files into a folder, each checked by its hash."""
    environment = PlatformEnvironment(env)
    version = datasets.pick(environment, reference)
    with show.transfer(f"Get {version.name}", {}, "get") as progress:
        files = get(environment, version, folder, progress)
    show.console.print(f"{len(files)} file{'s' if len(files) > 1 else ''} of {version.name} in {folder}")


def _rows(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _amount(version: DatasetVersion) -> str:
    count = len(version.objects)
    rows = f", {version.rows:,} rows" if version.rows is not None else ""
    return f"{count} file{'s' if count > 1 else ''}{rows}, {size(version.size)}"
