"""Files to and from S3, within what the notebook's role may read and write."""

import re
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from mlp.datasets.manifest import SUMS
from mlp.in_notebook.platform import NotebookPlatform
from mlp.platform.aws import is_denied
from mlp.platform.errors import MlpError

_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)*")
LEFT_OUT = ("__pycache__", "node_modules")


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// URI.

    Raises
    ------
    MlpError
        If it is none.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise MlpError(f"got {uri!r}, which is no S3 URI; write s3://BUCKET/KEY, such as the one that mlp.data('MODEL') returns")
    return match[1], match[2]


def resolved(s3: Any, uri: str) -> str:
    """Return `uri` as what it names: an object, a folder (with a slash at its end), or the beginning of several keys.

    Roles may list what lies in their folders, not the folders' names: one without its slash is asked for again with it.

    Raises
    ------
    MlpError
        If there is nothing.
    """
    bucket, key = split_uri(uri)
    folder = f"{key}/"
    try:
        first = _first(s3, bucket, key)
        if first is not None and (first == key or key.endswith("/") or not key):
            return uri
        is_folder = bool(key) and _first(s3, bucket, folder) is not None
    except ClientError as error:
        if key.endswith("/") or not is_denied(error):
            raise
        first, is_folder = None, _first(s3, bucket, folder) is not None
    if is_folder:
        return f"{uri}/"
    if first is None:
        raise MlpError(f"There is nothing under {uri}")
    return uri


def _first(s3: Any, bucket: str, prefix: str) -> str | None:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents")
    return str(found[0]["Key"]) if found else None


def _listed(s3: Any, bucket: str, prefix: str) -> dict[str, int]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}


def files_in(place: Path) -> dict[str, Path]:
    """Return the file, or a folder's files by relative path; hidden ones and caches are left out."""
    if place.is_file():
        return {place.name: place}
    if not place.is_dir():
        raise MlpError(f"got {str(place)!r}: there is no such file or folder in {Path.cwd()}")
    found = {}
    for file in sorted(place.rglob("*")):
        relative = file.relative_to(place)
        hidden = any(part.startswith(".") or part in LEFT_OUT for part in relative.parts)
        if file.is_file() and not hidden:
            found[relative.as_posix()] = file
    if not found:
        raise MlpError(f"got {str(place)!r}: the folder holds no files")
    return found


def upload(platform: NotebookPlatform, place: Path, folder: str) -> str:
    """Copy a file, or a folder's files, to `folder` of this notebook's own place; return that folder's URI.

    What lies there already under the same name in the same size is not sent again: give content-addressed folders.
    """
    s3, uri = platform.client("s3"), platform.own_uri(folder, "")
    bucket, prefix = split_uri(uri)
    there = _listed(s3, bucket, prefix)
    for name, file in files_in(place).items():
        if there.get(prefix + name) != file.stat().st_size:
            s3.upload_file(str(file), bucket, prefix + name)
    return uri


def put(platform: NotebookPlatform, place: Path, name: str) -> str:
    """Copy a file or a folder to `data/<name>/` of this notebook's own place, over what is there; return its URI."""
    if not _NAME.fullmatch(name):
        raise MlpError(f"name: got {name!r}; give letters, digits, . _ - and / between them, such as 'houses' or 'houses/v2'")
    s3, uri = platform.client("s3"), platform.own_uri("data", name, "")
    bucket, prefix = split_uri(uri)
    files = files_in(place)
    for relative, file in files.items():
        s3.upload_file(str(file), bucket, prefix + relative)
    return uri if place.is_dir() else uri + place.name


def download(platform: NotebookPlatform, uri: str, folder: Path) -> list[Path]:
    """Copy the object, or all objects of the folder, that `uri` names into `folder`; return the files.

    The hashes beside a dataset's files are left out: they are no data.
    """
    s3 = platform.client("s3")
    bucket, key = split_uri(resolved(s3, uri))
    keys = _listed(s3, bucket, key)
    names = [key] if key in keys and not key.endswith("/") else [name for name in keys if not name.endswith(("/", f"/{SUMS}"))]
    base = key.rpartition("/")[0]
    files = []
    for name in sorted(names):
        relative = PurePosixPath(name.removeprefix(base).lstrip("/"))
        if ".." in relative.parts:
            raise MlpError(f"The key {name!r} leads out of {folder}; read it with boto3 instead")
        file = folder / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, name, str(file))
        files.append(file)
    return files
