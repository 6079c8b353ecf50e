"""The registry entry that collects a model's versions."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct


class ModelRegistry(Construct):
    """Model package group.

    Kept when the stack is deleted, unless `destroy` is given: SageMaker refuses to delete a group that has versions, and the
    versions are the record of what was served.
    """

    def __init__(self, scope: Construct, construct_id: str, *, group_name: str, destroy: bool = False) -> None:
        """Create the group `group_name`.

        Its description is constant: a change would replace the group, which its fixed name forbids.
        """
        super().__init__(scope, construct_id)
        self.group_name = group_name
        self.group = sagemaker.CfnModelPackageGroup(
            self,
            "ModelPackageGroup",
            model_package_group_name=group_name,
            model_package_group_description="Versions of one model, written by its training pipeline",
        )
        self.group.apply_removal_policy(RemovalPolicy.DESTROY if destroy else RemovalPolicy.RETAIN)
