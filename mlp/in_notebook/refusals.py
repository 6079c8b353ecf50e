"""What AWS refuses, in one sentence: what the notebook may do, and whom to ask for more."""

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from mlp.in_notebook.platform import NotebookPlatform
from mlp.platform.aws import explain, is_denied, message_of
from mlp.platform.errors import Failed, MlpError


@contextmanager
def in_words(platform: NotebookPlatform) -> Iterator[None]:
    """Turn the errors of AWS's SDK in the body into sentences.

    Raises
    ------
    MlpError
        Where the notebook's role does not allow it.
    Failed
        Where AWS refuses for any other reason, or cannot be reached.
    """
    try:
        yield
    except ClientError as error:
        raise _sentence(platform, error) from None
    except Boto3Error as error:
        # Managed transfers hide what AWS has said behind an error of their own.
        hidden = error.__context__
        raise (_sentence(platform, hidden) if isinstance(hidden, ClientError) else Failed(str(error))) from None
    except BotoCoreError as error:
        raise Failed(explain(error)) from None


def _sentence(platform: NotebookPlatform, error: ClientError) -> MlpError:
    if is_denied(error):
        return MlpError(denied(platform, error.operation_name, message_of(error)))
    return Failed(explain(error))


def denied(platform: NotebookPlatform, operation: str, said: str) -> str:
    """Return the sentence about an operation that the notebook's role does not allow."""
    data = f"the raw data of {' and '.join(platform.models)}" if platform.models else "no model's raw data"
    return (
        f"AWS refused {operation}: notebook {platform.notebook} may train and deploy with the platform's job role, key, network "
        f"and tags, read {data}, and use {platform.own_uri()}; for more, ask the people who run {platform.prefix} "
        f"(AWS said: {said})"
    )
