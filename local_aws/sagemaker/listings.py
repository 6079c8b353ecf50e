"""Every List operation of SageMaker that is a listing of records: what its filters and its order are about."""

from local_aws.sagemaker.listing import Listing

DOCUMENTED_PAGE = 10
"""Where AWS names a size of pages, this is it."""

LISTINGS = {
    "ListCodeRepositories": Listing(answer="CodeRepositorySummaryList", name="CodeRepositoryName", by="Name"),
    "ListEndpointConfigs": Listing(
        answer="EndpointConfigs", name="EndpointConfigName", order="Descending", from_included=True, page_size=DOCUMENTED_PAGE
    ),
    "ListEndpoints": Listing(
        answer="Endpoints",
        name="EndpointName",
        status="EndpointStatus",
        order="Descending",
        from_included=True,
        page_size=DOCUMENTED_PAGE,
    ),
    "ListModelPackageGroups": Listing(answer="ModelPackageGroupSummaryList", name="ModelPackageGroupName"),
    "ListModelPackages": Listing(
        answer="ModelPackageSummaryList",
        name="ModelPackageName",
        equal={"ModelApprovalStatus": "ModelApprovalStatus"},
        # Versions of one second follow each other as they were made.
        tie=lambda record: (
            record.get("ModelPackageGroupName", ""),
            int(record.get("ModelPackageVersion", 0)),
            record["ModelPackageName"],
        ),
    ),
    "ListModels": Listing(answer="Models", name="ModelName", order="Descending", from_included=True, page_size=DOCUMENTED_PAGE),
    "ListNotebookInstanceLifecycleConfigs": Listing(
        answer="NotebookInstanceLifecycleConfigs", name="NotebookInstanceLifecycleConfigName"
    ),
    "ListNotebookInstances": Listing(
        answer="NotebookInstances",
        name="NotebookInstanceName",
        status="NotebookInstanceStatus",
        by="Name",
        contains={
            "NotebookInstanceLifecycleConfigNameContains": "NotebookInstanceLifecycleConfigName",
            "DefaultCodeRepositoryContains": "DefaultCodeRepository",
        },
        equal={"AdditionalCodeRepositoryEquals": "AdditionalCodeRepositories"},
    ),
    "ListPipelineExecutions": Listing(answer="PipelineExecutionSummaries", name="PipelineExecutionArn", order="Descending"),
    "ListPipelines": Listing(answer="PipelineSummaries", name="PipelineName", order="Descending", prefix="PipelineNamePrefix"),
    "ListProcessingJobs": Listing(answer="ProcessingJobSummaries", name="ProcessingJobName", status="ProcessingJobStatus"),
    # There are neither warm pools nor training plans here, so that filters by them find nothing.
    "ListTrainingJobs": Listing(
        answer="TrainingJobSummaries",
        name="TrainingJobName",
        status="TrainingJobStatus",
        equal={"WarmPoolStatusEquals": "WarmPoolStatus", "TrainingPlanArnEquals": "TrainingPlanArn"},
    ),
}
"""By operation."""
