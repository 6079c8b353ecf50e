"""The pinned CDK CLI for a person: python -m mlp.deployment.cdk_cli synth -c env=dev."""

import os
import sys

from mlp.deployment.cdk import CLI, cli_variables, node


def main() -> None:
    """Become the CLI."""
    if not CLI.is_file():
        sys.stderr.write("The CDK CLI is not installed. Install it with: make setup\n")
        sys.exit(2)
    words = [node(), str(CLI), "--no-notices", *sys.argv[1:]]
    os.execve(words[0], words, cli_variables(os.environ))  # noqa: S606


if __name__ == "__main__":
    main()
