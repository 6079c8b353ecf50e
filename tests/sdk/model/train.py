"""A data scientist's own training script, as SDK 3 runs it: arguments from hyperparameters, folders from the environment."""

import argparse
import os
import shutil
from pathlib import Path

import joblib
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--max-depth", type=int, required=True)
depth = parser.parse_args().max_depth
table = pd.concat([pd.read_csv(file) for file in sorted(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv"))])
model = DecisionTreeClassifier(max_depth=depth, random_state=7).fit(table[["dollar", "bang"]], table["yesno"])

folder = Path(os.environ["SM_MODEL_DIR"])
joblib.dump(model, folder / "model.joblib")
(folder / "code").mkdir()
shutil.copy("serve.py", folder / "code/serve.py")
