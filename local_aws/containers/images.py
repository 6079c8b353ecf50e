"""Which container images this machine can stand in for."""

import re
from importlib.metadata import PackageNotFoundError, version

_URI = re.compile(r"^(?:[\w.-]+/)?(?P<repository>[\w/-]+)(?::(?P<tag>[\w.-]+))?$")
_PACKAGES = {"sagemaker-scikit-learn": "scikit-learn"}
"""Package that does an image's work, by repository."""


def image_problem(uri: str) -> str | None:
    """Return why `uri` cannot run here, in one sentence, or None where it can."""
    match = _URI.match(uri)
    repository = match["repository"] if match else ""
    package = _PACKAGES.get(repository)
    if package is None:
        offered = ", ".join(_PACKAGES)
        return f"The embedded AWS has no equivalent of image {uri}; it runs {offered}. On AWS the image runs as it is."
    try:
        installed = ".".join(version(package).split(".")[:2])
    except PackageNotFoundError:
        return f"Image {uri} needs the package {package} here; install it into the environment of the embedded AWS."
    tag = match["tag"] if match and match["tag"] else "latest"
    if not tag.startswith(f"{installed}-"):
        return f"The embedded AWS runs {repository} {installed}, not {tag}; choose an image version {installed}-*."
    return None
