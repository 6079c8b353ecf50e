"""The data of a training job: what `data=` may be, checked, then uploaded where it is local."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp.in_notebook import storage
from mlp.in_notebook.platform import NotebookPlatform
from mlp.platform.errors import MlpError

CODE = "code"
"""Channel that carries the script."""
DEFAULT = "train"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_CHANNELS = 19
"""SageMaker takes 20, one of which carries the script."""

Place = str | Path
Data = Place | Mapping[str, Place] | None


@dataclass(frozen=True)
class Channel:
    """Data that the script finds in the folder that SM_CHANNEL_<NAME> names."""

    name: str
    place: Place
    """S3 URI as text, or a local path."""


def read(platform: NotebookPlatform, data: Data) -> list[Channel]:
    """Return the channels of `data`: an S3 URI, a local file or folder, or several by channel name.

    Raises
    ------
    MlpError
        If a name is none, or there is nothing at a place.
    """
    if data is None:
        return []
    places = dict(data) if isinstance(data, Mapping) else {DEFAULT: data}
    if not 1 <= len(places) <= MAX_CHANNELS:
        raise MlpError(f"data: got {len(places)} channels; give 1 to {MAX_CHANNELS}")
    return [_checked(platform, name, place) for name, place in places.items()]


def _checked(platform: NotebookPlatform, name: str, place: Place) -> Channel:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == CODE:
        raise MlpError(f"data: got channel {name!r}; give letters, digits, . _ -, at most 64, and not {CODE!r}, such as 'train'")
    if not isinstance(place, str | Path):
        raise MlpError(f"data: got {type(place).__name__} for channel {name!r}; give an S3 URI, or the path of a file or folder")
    try:
        if str(place).startswith("s3://"):
            return Channel(name, storage.resolved(platform.client("s3"), str(place)))
        storage.files_in(Path(place))
        return Channel(name, Path(place))
    except MlpError as error:
        raise MlpError(f"data[{name!r}]: {error}") from None


def uploaded(platform: NotebookPlatform, channel: Channel) -> str:
    """Return the channel's S3 URI, after copying local files to where their content alone decides."""
    place = channel.place
    if isinstance(place, str):
        return place
    return storage.upload(platform, place, f"data/{_digest(storage.files_in(place))}")


def _digest(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, file in sorted(files.items()):
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


def rendered(name: str, uri: str) -> dict[str, Any]:
    """Return an element of InputDataConfig."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "InputMode": "File", "DataSource": {"S3DataSource": source}}
