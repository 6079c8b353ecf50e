"""What the framework image runs for `train`: AWS's training toolkit, with the script's error text kept.

Run by path, so that nothing of this project is on the script's import path.
"""

import os

from sagemaker_training import entry_point, environment, trainer


def main() -> None:
    """Run the user's script, as the images' own framework modules do."""
    env = environment.Environment()
    entry_point.run(env.module_dir, env.user_entry_point, env.to_cmd_args(), env.to_env_vars(), capture_error=True)


if __name__ == "__main__":
    os.environ["SAGEMAKER_TRAINING_MODULE"] = "training_entry:main"
    trainer.train()
