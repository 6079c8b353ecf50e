"""Rebuild the committed reference data from AWS's own packages.

Usage: python tools/refresh_reference_data.py PATH_TO_IMAGE_URI_CONFIG

`PATH_TO_IMAGE_URI_CONFIG` is the folder `sagemaker/core/image_uri_config` of an unpacked `sagemaker-core` wheel
(`pip download --no-deps sagemaker-core`); instance types come from the installed botocore's service model.
"""

import json
import sys
from pathlib import Path

from botocore.loaders import Loader

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from platform_contract import images  # noqa: E402

REGISTRIES = ROOT / "platform_contract/images/registries.json"
INSTANCE_TYPES = ROOT / "platform_contract/instance_types.json"
ENUMS = {
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
    "hosting": "ProductionVariantInstanceType",
    "notebook": "InstanceType",
}


def registries(folder: Path) -> dict[str, dict[str, str]]:
    """Return the registry's account per region of each repository."""
    found = {}
    for framework in images.frameworks():
        newest = list(json.loads((folder / f"{framework}.json").read_text())["training"]["versions"].values())[-1]
        found[newest["repository"]] = dict(sorted(newest["registries"].items()))
    return found


def instance_types() -> dict[str, list[str]]:
    """Return the instance types that botocore's model of SageMaker lists per use."""
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    return {use: sorted(shapes[shape]["enum"]) for use, shape in ENUMS.items()}


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1], "sklearn.json").is_file():
        sys.exit(__doc__)
    _write(REGISTRIES, registries(Path(sys.argv[1])))
    _write(INSTANCE_TYPES, instance_types())
