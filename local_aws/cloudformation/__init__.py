"""CloudFormation resource types of SageMaker and Application Auto Scaling, on top of the services' own operations."""

from local_aws.cloudformation.base import ServiceType
from local_aws.cloudformation.endpoint import EndpointType
from local_aws.cloudformation.notebook import CodeRepositoryType, LifecycleConfigType, NotebookInstanceType
from local_aws.cloudformation.sagemaker import (
    EndpointConfigType,
    ModelPackageGroupType,
    ModelType,
    PipelineType,
)
from local_aws.cloudformation.scaling import ScalableTargetType, ScalingPolicyType

TYPES: dict[str, type[ServiceType]] = {
    "AWS::SageMaker::Model": ModelType,
    "AWS::SageMaker::EndpointConfig": EndpointConfigType,
    "AWS::SageMaker::Endpoint": EndpointType,
    "AWS::SageMaker::ModelPackageGroup": ModelPackageGroupType,
    "AWS::SageMaker::Pipeline": PipelineType,
    "AWS::SageMaker::NotebookInstance": NotebookInstanceType,
    "AWS::SageMaker::NotebookInstanceLifecycleConfig": LifecycleConfigType,
    "AWS::SageMaker::CodeRepository": CodeRepositoryType,
    "AWS::ApplicationAutoScaling::ScalableTarget": ScalableTargetType,
    "AWS::ApplicationAutoScaling::ScalingPolicy": ScalingPolicyType,
}
