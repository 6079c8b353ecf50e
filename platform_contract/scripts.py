"""The files that make a folder a model."""

SCRIPTS = ("prepare.py", "train.py", "evaluate.py", "serve.py")
