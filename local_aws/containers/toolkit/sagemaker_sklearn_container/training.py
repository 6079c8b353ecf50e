"""What the training toolkit runs in this image: the user's script, as a process, without capturing its errors."""

from sagemaker_training import entry_point, environment, runner


def main() -> None:
    """Run the script that the hyperparameters name."""
    job = environment.Environment()
    entry_point.run(
        job.module_dir, job.user_entry_point, job.to_cmd_args(), job.to_env_vars(), runner_type=runner.ProcessRunnerType
    )
