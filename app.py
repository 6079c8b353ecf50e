"""Bill of materials: configuration -> stacks -> compliance packs -> synth.

`cdk synth -c env=dev` reads config/dev.yaml, or dev.yaml in the folder MLP_CONFIG_DIR; `-c config=PATH` reads any other file.
`-c models=spam,houses` leaves out all other models.
"""

import gc
import os
import sys
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "constructs"))

from settings import SettingsError, load_settings  # noqa: E402
from stacks.platform import build_platform  # noqa: E402


def main() -> int:
    """Synthesize the platform; 2 if the configuration is not valid."""
    gc.disable()  # one run, then exit: collecting what the CDK has made only costs time
    app = App()
    try:
        build_platform(app, load_settings(_config_path(app), only=_chosen_models(app)))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
    return 0


def _config_path(app: App) -> Path:
    explicit = app.node.try_get_context("config")
    folder = Path(os.environ.get("MLP_CONFIG_DIR", ROOT / "config"))
    return Path(explicit) if explicit else folder / f"{app.node.try_get_context('env') or 'local'}.yaml"


def _chosen_models(app: App) -> list[str] | None:
    names = app.node.try_get_context("models")
    return None if names is None else [name.strip() for name in names.split(",")]


if __name__ == "__main__":
    sys.exit(main())
