"""The WSGI application that gunicorn serves in this image: the user's functions, and the image's where the user has none.

Without a function of the user's: requests in JSON and CSV become arrays of float32, in NPY arrays as they are; `model.predict`
answers; the answer goes out as the request's Accept asks. model_fn has no default. What the functions get and may return:
https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#serve-a-model
"""

import importlib
from typing import Any

import numpy as np
from sagemaker_containers.beta.framework import content_types, encoders, env, errors, transformer, worker

PARTS = ("input_fn", "predict_fn", "output_fn")
_application: Any = None


def main(environ: Any, start_response: Any) -> Any:
    """Answer a request; the first one loads the model."""
    global _application  # noqa: PLW0603 - gunicorn forks, and each worker loads the model for itself
    if _application is None:
        _application = _load()
    return _application(environ, start_response)


def _load() -> Any:
    serving = env.ServingEnv()
    module = importlib.import_module(serving.module_name)
    handler = _handler(module)
    handler.initialize()
    return worker.Worker(
        transform_fn=handler.transform,
        module_name=serving.module_name,
        execution_parameters_fn=getattr(module, "execution_parameters_fn", None),
    )


def _handler(module: Any) -> Any:
    own = {name: getattr(module, name) for name in (*PARTS, "transform_fn") if getattr(module, name, None)}
    model_fn = getattr(module, "model_fn", transformer.default_model_fn)
    if "transform_fn" in own:
        if len(own) > 1:
            raise errors.ClientError(f"transform_fn excludes {', '.join(PARTS)}; the script has both")
        return transformer.Transformer(model_fn=model_fn, **own)
    return transformer.Transformer(model_fn=model_fn, **{"input_fn": _input, "predict_fn": _predict, "output_fn": _output, **own})


def _input(content: Any, content_type: str) -> Any:
    array = encoders.decode(content, content_type)
    return array.astype(np.float32) if content_type in content_types.UTF8_TYPES else array


def _predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def _output(prediction: Any, accept: str) -> Any:
    return worker.Response(response=encoders.encode(prediction, accept), mimetype=accept)
