"""The files that make a folder a model."""

SCRIPTS = ("prepare.py", "train.py", "evaluate.py", "serve.py")
MODELKIT = "modelkit"
"""Package beside the models' folders that all of them import."""
