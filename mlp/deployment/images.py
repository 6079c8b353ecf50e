"""The images of an environment's models on this machine: installed while other things go on, and what is not as on AWS told."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from local_aws.containers import environments
from local_aws.containers.environments import Environment, NotInstallable
from local_aws.containers.likeness import differences
from mlp.platform import show
from mlp.platform.errors import Failed
from platform_contract import images
from platform_contract.images import Image
from settings import Settings


def used_by(settings: Settings, models: Iterable[str] | None = None) -> list[Image]:
    """Return the images of `models`, or of all that an environment has."""
    chosen = settings.models if models is None else models
    frameworks = [settings.models[name].definition.framework for name in chosen]
    found = {image.name: image for image in (images.find(entry.name, entry.version) for entry in frameworks)}
    return list(found.values())


class Preparation:
    """Installs images in the background, one after the other."""

    def __init__(self, wanted: Iterable[Image]) -> None:
        self._wanted = list(wanted)
        self._missing = [image for image in self._wanted if environments.existing(image) is None]
        pool = ThreadPoolExecutor(1)
        self._work: list[Future[Environment]] = [pool.submit(environments.prepare, image) for image in self._missing]
        pool.shutdown(wait=False)

    def finish(self, seconds: dict[str, float]) -> None:
        """Wait for the end, and say what is not as on AWS.

        Raises
        ------
        Failed
            If an image could not be installed; nothing is left half done.
        """
        if self._missing:
            title = f"Install what AWS's image has: {', '.join(image.name for image in self._missing)}"
            with show.step(title, seconds, "images"):
                for work in self._work:
                    _result(work)
        for text in likeness(self._wanted):
            show.console.print(f"  {text}", markup=False, style="yellow")


def likeness(wanted: Iterable[Image]) -> list[str]:
    """Return a sentence for each thing that is not as in AWS's images, as far as they are installed."""
    found = [environments.existing(image) for image in wanted]
    return list(dict.fromkeys(text for environment in found if environment for text in differences(environment)))


def _result(work: Future[Environment]) -> None:
    try:
        work.result()
    except NotInstallable as problem:
        raise Failed(str(problem)) from None
