"""Answers one request with the serving code of an unpacked artifact; run by path in a process of its own.

usage: check_serve.py MODEL_DIR REQUEST_JSON
"""

import importlib.util
import json
import sys
from pathlib import Path

model_dir, request = Path(sys.argv[1]), sys.argv[2]
spec = importlib.util.spec_from_file_location("serve", model_dir / "code/serve.py")
if spec is None or spec.loader is None:
    sys.exit("the artifact has no code/serve.py")
serve = importlib.util.module_from_spec(spec)
spec.loader.exec_module(serve)

model = serve.model_fn(str(model_dir))
answer = serve.predict_fn(serve.input_fn(request.encode(), "application/json"), model)
body, content_type = serve.output_fn(answer, "application/json")
json.loads(body)
if content_type != "application/json":
    sys.exit(f"output_fn answered with content type {content_type!r}, not application/json")
print(body)  # noqa: T201
