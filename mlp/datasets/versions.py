"""Puts versions of a dataset, and finds them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlp.datasets import manifest
from mlp.datasets.files import LocalFile, collect, hashed
from mlp.datasets.manifest import COMPLETE, MAX_VERSION, UPLOADING, DatasetVersion, StoredObject
from mlp.datasets.progress import Advance, Progress, unseen
from mlp.datasets.store import Claim, DatasetStore, write_once
from mlp.datasets.upload import ensure
from mlp.platform.errors import MlpError
from mlp.platform.protocol import Platform

TIME = "%Y-%m-%dT%H:%M:%SZ"
MAX_NOTE = 500


@dataclass(frozen=True)
class Put:
    """What a put has led to."""

    version: DatasetVersion
    created: bool
    """False where the newest version holds the very same files already."""


def require_dataset(platform: Platform, dataset: str) -> None:
    """Raise MlpError unless the platform has `dataset`."""
    if dataset not in platform.datasets:
        known = ", ".join(platform.datasets) or "none"
        raise MlpError(
            f"There is no dataset {dataset!r}; datasets are those that models read (`dataset:` in model.yaml, else the model's "
            f"name) and those under `datasets:` of the configuration: {known}"
        )


def put(platform: Platform, dataset: str, places: Sequence[str | Path], note: str = "", progress: Progress = unseen) -> Put:
    """Make a new version of `dataset` from files and folders.

    The same files as those of the newest version make none. A put that was interrupted is finished, under its number, by
    putting the same files again; several puts at once get numbers of their own.

    Raises
    ------
    MlpError
        If the files cannot become a version, before anything is sent.
    """
    require_dataset(platform, dataset)
    if len(note) > MAX_NOTE:
        raise MlpError(f"note: got {len(note)} characters; give at most {MAX_NOTE}")
    paths = collect([Path(place) for place in places])
    total = sum(path.stat().st_size for path in paths.values())
    files = hashed(paths, progress("read", total))
    store = DatasetStore(platform, dataset)
    claim = _claim(platform, store, files, note)
    if claim.version.complete:
        return Put(claim.version, created=False)
    return Put(_send(store, claim, files, progress("sent", total)), created=True)


def _claim(platform: Platform, store: DatasetStore, files: Sequence[LocalFile], note: str) -> Claim:
    """Return the version that is to hold `files`: the newest, if it does; an unfinished one above it; else a new one."""
    text = manifest.sums((file.sha256, file.name) for file in files)
    by = str(platform.client("sts").get_caller_identity()["Arn"])
    while True:
        same, highest = _same(store, manifest.digest(text))
        if same is not None:
            return same if same.version.complete or not note else Claim(replace(same.version, note=note), same.etag)
        if highest == MAX_VERSION:
            raise MlpError(f"Dataset {store.dataset} has {MAX_VERSION} versions, which is all that it can have; begin another")
        number = highest + 1
        objects = tuple(_planned(manifest.folder(store.dataset, number), file) for file in files)
        created = time.strftime(TIME, time.gmtime())
        version = DatasetVersion(store.dataset, number, UPLOADING, created, by, note, manifest.digest(text), objects)
        claim = store.claim(version)
        if claim is not None:
            return claim


def _same(store: DatasetStore, digest: str) -> tuple[Claim | None, int]:
    """Return the version with `digest`, if it is the newest complete one or above that, and the highest number in use."""
    highest = 0
    for found in store.newest_first():
        highest = max(highest, found.version.version)
        if found.version.digest == digest:
            return found, highest
        if found.version.complete:
            break
    return None, highest


def _planned(folder: str, file: LocalFile) -> StoredObject:
    return StoredObject(file.name, folder + file.name, None, file.sha256, file.bytes, file.rows)


def _send(store: DatasetStore, claim: Claim, files: Sequence[LocalFile], advance: Advance) -> DatasetVersion:
    version, local = claim.version, {file.name: file for file in files}
    objects = tuple(
        replace(planned, version_id=ensure(store.s3, store.bucket, planned.key, local[planned.file], advance))
        for planned in version.objects
    )
    key = manifest.folder(version.dataset, version.version) + manifest.SUMS
    write_once(store.s3, Bucket=store.bucket, Key=key, Body=manifest.sums_of(version).encode(), ContentType="text/plain")
    return store.complete(replace(version, state=COMPLETE, objects=objects), claim.etag)


def versions(platform: Platform, dataset: str) -> list[DatasetVersion]:
    """Return all versions of `dataset`, complete or not, the newest first."""
    require_dataset(platform, dataset)
    return [found.version for found in DatasetStore(platform, dataset).newest_first()]


def pick(platform: Platform, reference: str) -> DatasetVersion:
    """Return the complete version that `spam@3` names; for `spam`, the newest.

    Raises
    ------
    MlpError
        If there is none, or it is incomplete, with what there is.
    """
    dataset, number = manifest.parse_reference(reference)
    require_dataset(platform, dataset)
    store = DatasetStore(platform, dataset)
    if number is None:
        newest = next((found.version for found in store.newest_first() if found.version.complete), None)
    else:
        found = store.read(number)
        newest = found.version if found and found.version.complete else None
    if newest is None:
        raise MlpError(_why_not(platform, dataset, number))
    return newest


def _why_not(platform: Platform, dataset: str, number: int | None) -> str:
    found = versions(platform, dataset)
    complete = ", ".join(str(version.version) for version in reversed(found) if version.complete)
    unfinished = {version.version: version for version in found if not version.complete}
    begun = unfinished.get(number) if number else next(iter(unfinished.values()), None)
    if begun is not None:
        state = (
            f"{begun.name} is incomplete: {begun.by} began to put it at {begun.created}, and has not ended. "
            "Put the same files again to finish it"
        )
    elif number is not None and found:
        state = f"Dataset {dataset} has no version {number}"
    else:
        return f"Dataset {dataset} has no version yet. {platform.how_to_add_data(dataset)}"
    return f"{state}; complete versions: {complete or 'none'}. {'' if complete else platform.how_to_add_data(dataset)}".rstrip()


def uri(platform: Platform, version: DatasetVersion) -> str:
    """Return where a version's objects lie: the pipeline's parameter InputData."""
    return f"s3://{platform.data_bucket}/{manifest.folder(version.dataset, version.version)}"


def of_model(platform: Platform, model: str, reference: str | None = None) -> DatasetVersion:
    """Return the version that a run of `model` reads: the one named by `reference`, else the newest of the model's dataset.

    Raises
    ------
    MlpError
        If the reference is to another dataset: the pipeline's roles may read the model's only.
    """
    dataset = platform.dataset_of(model)
    if reference is not None and manifest.parse_reference(reference)[0] != dataset:
        raise MlpError(f"dataset: got {reference!r}; {model} reads dataset {dataset}, and its roles may read no other")
    return pick(platform, reference or dataset)
