"""Answers one request with the serving code of an unpacked artifact; run by path in a process of its own.

usage: check_serve.py MODEL_DIR REQUEST_JSON
"""

import importlib
import json
import sys
from pathlib import Path

model_dir, request = Path(sys.argv[1]), sys.argv[2]
if not (model_dir / "code/serve.py").is_file():
    sys.exit("the artifact has no code/serve.py")
sys.path.insert(0, str(model_dir / "code"))
serve = importlib.import_module("serve")

model = serve.model_fn(str(model_dir))
answer = serve.predict_fn(serve.input_fn(request.encode(), "application/json"), model)
body, content_type = serve.output_fn(answer, "application/json")
json.loads(body)
if content_type != "application/json":
    sys.exit(f"output_fn answered with content type {content_type!r}, not application/json")
print(body)  # noqa: T201
