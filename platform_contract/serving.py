"""How a model server of AWS's framework containers is told to serve with the code that lies in the artifact itself."""

ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "serve.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
    "PIP_NO_BUILD_ISOLATION": "0",
}
"""The container's `serve` runs `pip install .`, which would download what it builds with; there is no network.

pip reads the last variable the other way round: 0 makes it build with what the image brings. images/ says so for each image.
"""
