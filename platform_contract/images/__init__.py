"""The framework images that the platform offers: one TOML file and one lock for each version, and nothing else to change.

A version is offered only while tests run the platform's models in it (tests/images). Where images come from:
https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
_URI = re.compile(r"^(?:[\w.-]+/)?(?P<repository>[\w/-]+)(?::(?P<tag>[\w.-]+))?$")


@dataclass(frozen=True)
class Patch:
    """A change that the image's build makes to an installed file, given relative to site-packages."""

    file: str
    replace: str
    by: str


@dataclass(frozen=True)
class Image:
    """One version of a framework image, as AWS publishes it."""

    framework: str
    """Family, such as `sklearn`."""
    version: str
    """Version of the image, such as `1.9-0`."""
    repository: str
    tag: str
    python: str
    """Python in the image, such as `3.12`."""
    pins: tuple[str, ...]
    """Every package in it, such as `numpy==2.5.1`."""
    environment: Mapping[str, str]
    """What the image itself sets."""
    train: tuple[str, ...]
    """Command of a training job that names none."""
    serve: tuple[str, ...]
    """Command of a model server."""
    socket: str
    """Unix socket at which the model server takes the requests that the image's proxy hands on."""
    serving_environment: Mapping[str, str]
    """What a model must be given to start in this image without a network."""
    patches: tuple[Patch, ...]

    @property
    def name(self) -> str:
        """Name of the image in sentences and folders, such as `sklearn-1.9-0`."""
        return f"{self.framework}-{self.version}"

    @property
    def versions(self) -> dict[str, str]:
        """Version by package."""
        return dict(pin.split("==") for pin in self.pins)

    @property
    def accounts(self) -> Mapping[str, str]:
        """Account of the registry by region."""
        return _registries()[self.repository]


@cache
def offered() -> dict[str, Image]:
    """Return every image that is offered, by name."""
    return {file.stem: _read(file) for file in sorted(FOLDER.glob("*.toml"))}


def frameworks() -> list[str]:
    """Return the families that are offered."""
    return sorted({image.framework for image in offered().values()})


def versions(framework: str) -> list[str]:
    """Return the versions of a family that are offered, the newest last."""
    found = [image.version for image in offered().values() if image.framework == framework]
    return sorted(found, key=lambda version: [int(part) for part in re.findall(r"\d+", version)])


def find(framework: str, version: str) -> Image:
    """Return one image.

    Raises
    ------
    ValueError
        With what is offered, if it is not.
    """
    if framework not in frameworks():
        raise ValueError(f"unknown framework {framework!r}; allowed: {', '.join(frameworks())}")
    image = offered().get(f"{framework}-{version}")
    if image is None:
        raise ValueError(f"unknown {framework} image version {version!r}; allowed: {', '.join(versions(framework))}")
    return image


def of_uri(uri: str) -> Image:
    """Return the image that a URI such as `<registry>/sagemaker-scikit-learn:1.9-0-cpu-py3` names, whatever the registry.

    Raises
    ------
    ValueError
        In one sentence, if it is not offered.
    """
    match = _URI.match(uri)
    repository, tag = (match["repository"], match["tag"] or "latest") if match else ("", "")
    found = [image for image in offered().values() if image.repository == repository]
    for image in found:
        if image.tag == tag:
            return image
    if found:
        raise ValueError(f"{repository} is offered as {', '.join(image.tag for image in found)}, not as {tag}")
    known = ", ".join(sorted({image.repository for image in offered().values()}))
    raise ValueError(f"there is no equivalent of image {uri}; there is one of {known}")


def _read(file: Path) -> Image:
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    lines = (FOLDER / content["packages"]).read_text(encoding="utf-8").splitlines()
    return Image(
        framework=content["framework"],
        version=content["version"],
        repository=content["repository"],
        tag=content["tag"],
        python=content["python"],
        pins=tuple(line for line in lines if line and not line.startswith("#")),
        environment=content["environment"],
        train=tuple(content["commands"]["train"]),
        serve=tuple(content["commands"]["serve"]),
        socket=content["serving"]["socket"],
        serving_environment=content["serving"]["environment"],
        patches=tuple(Patch(**patch) for patch in content["patches"]),
    )


@cache
def _registries() -> dict[str, dict[str, str]]:
    registries: dict[str, dict[str, str]] = json.loads((FOLDER / "registries.json").read_text(encoding="utf-8"))
    return registries
