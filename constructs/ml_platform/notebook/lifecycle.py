"""The lifecycle configuration of a notebook instance: the idle agent, what it is told, and what the client is told."""

import hashlib
import json
from typing import Any

from aws_cdk import Duration, Fn, Stack
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_platform.common.framework_image import FrameworkImage
from ml_platform.notebook.client_bundle import ClientBundle
from ml_platform.notebook.job_role import NotebookJobRole
from ml_platform.notebook.lifecycle_script import render
from ml_platform.notebook.network import NotebookNetwork
from ml_platform.notebook.options import IdleShutdown, NotebookWork
from ml_platform.notebook.owner import NotebookOwner
from ml_platform.notebook.sdk_defaults import render_sdk_defaults
from ml_platform.training.registered_model import PipelineStorage
from platform_contract.metrics import NOTEBOOKS

CHECK_PERIOD = Duration.minutes(1)
HOME = "/home/ec2-user"
METADATA = "/opt/ml/metadata/resource-metadata.json"
"""File in which SageMaker tells an instance its own name."""
DIGEST_LENGTH = 12


class NotebookLifecycle(Construct):
    """Script that runs at each start, as base64.

    A change reaches a running instance at its next start only; `digest` lets a client compare what is declared with what runs.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/notebook-lifecycle-config.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        owner: NotebookOwner,
        instance_name: str,
        network: NotebookNetwork,
        idle: IdleShutdown,
        work: NotebookWork,
        storage: PipelineStorage,
        job_role: NotebookJobRole,
        log_group_name: str,
        client: ClientBundle,
        image: FrameworkImage,
    ) -> None:
        """Create the configuration, which is called as the instance.

        Raises
        ------
        ValueError
            If the script is longer than SageMaker takes.
        """
        super().__init__(scope, construct_id)
        self._owner, self._instance_name, self._network = owner, instance_name, network
        self._work, self._storage, self._job_role = work, storage, job_role
        self._log_group_name = log_group_name
        self._client, self._image = client, image
        self.digest = _digest(Stack.of(self).resolve(self._script(idle, "")))
        self.config = sagemaker.CfnNotebookInstanceLifecycleConfig(
            self,
            "Config",
            notebook_instance_lifecycle_config_name=instance_name,
            on_start=[
                sagemaker.CfnNotebookInstanceLifecycleConfig.NotebookInstanceLifecycleHookProperty(
                    content=Fn.base64(self._script(idle, self.digest))
                )
            ],
        )

    def _script(self, idle: IdleShutdown, digest: str) -> str:
        return render(
            idle=self._idle(idle, digest),
            platform=self._platform(),
            sdk_defaults=self._sdk_defaults(),
            bundle={"uri": self._client.s3_uri, "sha256": self._client.sha256},
        )

    def _idle(self, options: IdleShutdown, digest: str) -> dict[str, Any]:
        keep = options.keep_hours
        return {
            "idle_minutes": int(options.idle.to_minutes()),
            "warn_minutes": int(options.warning.to_minutes()),
            "keep_hours": keep and {"days": list(keep.days), "from": keep.begin, "to": keep.end, "timezone": keep.timezone},
            "period_seconds": int(CHECK_PERIOD.to_seconds()),
            "log_group": self._log_group_name,
            "namespace": NOTEBOOKS,
            "lifecycle": digest,
            "home": HOME,
            "metadata": METADATA,
            "max_keep_alive_hours": int(options.max_keep_alive.to_hours()),
        }

    def _platform(self) -> dict[str, Any]:
        work, storage = self._work, self._storage
        return {
            "environment": self._owner.environment,
            "prefix": self._owner.prefix,
            "notebook": self._owner.notebook,
            "instance": self._instance_name,
            "region": Stack.of(self).region,
            "data_bucket": storage.data.bucket_name,
            "artifacts_bucket": storage.artifacts.bucket_name,
            "key_arn": storage.key.key_arn,
            "job_role_arn": self._job_role.arn,
            "log_group": self._log_group_name,
            "images": {self._image.framework: self._image.uri},
            "subnets": self._network.subnets,
            "security_groups": self._network.security_groups,
            "models": dict(work.models),
            **({"other_datasets": work.other_datasets} if work.other_datasets else {}),
            "packages": list(work.packages),
            "endpoint_hours": int(work.endpoint_lifetime.to_hours()),
        }

    def _sdk_defaults(self) -> str:
        return render_sdk_defaults(
            role_arn=self._job_role.arn,
            bucket=self._storage.artifacts.bucket_name,
            prefix=f"{self._owner.folder}jobs",
            key_arn=self._storage.key.key_arn,
            subnets=self._network.subnets,
            security_groups=self._network.security_groups,
            tags=self._owner.tags,
        )


def _digest(script: Any) -> str:
    """Hash of a script in which tokens are resolved to references, whose names are the same in every synthesis."""
    return hashlib.sha256(json.dumps(script, sort_keys=True).encode()).hexdigest()[:DIGEST_LENGTH]
