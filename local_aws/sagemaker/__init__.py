"""SageMaker that really runs: jobs and model servers are processes under the credentials of their execution role."""
