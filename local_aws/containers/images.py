"""The image of a job or a model, as this machine can run it."""

from local_aws.containers import environments
from local_aws.containers.environments import Environment, NotInstallable
from platform_contract import images


class NoImage(Exception):
    """An image that cannot run here; the text says why, in one sentence."""


def environment_of(uri: str) -> Environment:
    """Return the environment that stands for the image `uri`, made now where this is the first time.

    Raises
    ------
    NoImage
        If the platform does not offer the image, or its packages cannot be had.
    """
    try:
        return environments.prepare(images.of_uri(uri))
    except ValueError as problem:
        raise NoImage(f"The embedded AWS cannot run this image: {problem}. On AWS the image runs as it is.") from None
    except NotInstallable as problem:
        raise NoImage(str(problem)) from None
