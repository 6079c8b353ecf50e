"""What is not here as it is in AWS's image: told once, where somebody can act on it."""

from local_aws.containers import namespaces
from local_aws.containers.environments import Environment


def differences(environment: Environment) -> list[str]:
    """Return a sentence for each thing that differs; none where jobs and model servers run as in AWS's image."""
    found = []
    if environment.differences:
        found.append(f"Not as in AWS's image {environment.image.name}: {'; '.join(environment.differences)}")
    missing = namespaces.missing()
    if missing:
        found.append(f"Containers are not kept apart, and reach the network although AWS isolates them: {missing}")
    return found
