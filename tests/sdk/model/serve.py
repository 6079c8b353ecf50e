"""Answers requests, by the conventions of the framework images."""

import json
from pathlib import Path

import joblib
import pandas as pd


def model_fn(model_dir):
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body, content_type):
    return pd.DataFrame(json.loads(body)["instances"], columns=["dollar", "bang"])


def predict_fn(table, model):
    return {"depth": int(model.get_depth()), "spam": [label == "y" for label in model.predict(table)]}


def output_fn(answer, accept):
    return json.dumps(answer), "application/json"
