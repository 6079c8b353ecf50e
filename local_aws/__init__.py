"""The embedded AWS: an existing emulator plus the SageMaker and Application Auto Scaling that it lacks, strictly as AWS."""
