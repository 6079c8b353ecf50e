"""The command line of prepare.py, train.py and evaluate.py: where SageMaker puts inputs and wants outputs."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from modelkit.raw import BadData


@dataclass(frozen=True)
class PreparePaths:
    """Folders of prepare.py."""

    input: Path
    train: Path
    test: Path


@dataclass(frozen=True)
class EvaluatePaths:
    """Folders of evaluate.py."""

    model: Path
    test: Path
    output: Path


def prepare(main: Callable[[PreparePaths], None]) -> None:
    """Run prepare.py's `main`; raw data that it refuses ends the job with a sentence."""
    try:
        main(PreparePaths(**_folders("input", "train", "test")))
    except BadData as problem:
        sys.exit(f"prepare: {problem}")


def evaluate(main: Callable[[EvaluatePaths], None]) -> None:
    """Run evaluate.py's `main`."""
    main(EvaluatePaths(**_folders("model", "test", "output")))


def train(main: Callable[..., None], **hyperparameters: Any) -> None:
    """Run train.py's `main(train, model_dir, **hyperparameters)`.

    `hyperparameters` are names with defaults, which also say the type; SageMaker gives them as `--like-this`.
    """
    parser = argparse.ArgumentParser()
    for name, default in hyperparameters.items():
        # The toolkit writes names of one letter with one dash.
        flags = [f"--{name.replace('_', '-')}", *([f"-{name}"] if len(name) == 1 else [])]
        parser.add_argument(*flags, type=_reader(name, default), default=default)
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    main(**vars(parser.parse_args()))


def _reader(name: str, default: Any) -> Callable[[str], Any]:
    """Return what reads a hyperparameter whose default is `default` from its text."""
    if isinstance(default, bool):
        return _boolean
    if isinstance(default, int | float | str):
        return type(default)
    raise TypeError(f"hyperparameter {name}: its default {default!r} does not say its type; give a text, a number or True/False")


def _boolean(text: str) -> bool:
    """Return what the toolkit writes of a boolean; `bool` itself would take every text for True."""
    if text in ("True", "true"):
        return True
    if text in ("False", "false"):
        return False
    raise argparse.ArgumentTypeError(f"got {text!r}, allowed are True and False")


def _folders(*names: str) -> dict[str, Path]:
    parser = argparse.ArgumentParser()
    for name in names:
        parser.add_argument(f"--{name}", type=Path, required=True)
    return vars(parser.parse_args())


def write_table(folder: Path, table: pd.DataFrame, name: str = "") -> None:
    """Write `table` as `<name>.csv` into `folder`; the name is the folder's own where none is given."""
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / f"{name or folder.name}.csv", index=False)


def read_table(folder: Path, name: str = "*") -> pd.DataFrame:
    """Return what `write_table` wrote; numbers come back bit for bit."""
    exactly = {} if int(pd.__version__.partition(".")[0]) >= 3 else {"float_precision": "round_trip"}
    files = sorted(folder.glob(f"{name}.csv"))
    return pd.concat([pd.read_csv(file, **exactly) for file in files], ignore_index=True)
