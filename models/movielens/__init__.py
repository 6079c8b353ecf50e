"""The dataset MovieLens, for the models that are trained on it: its raw data, checked, and its films by name."""
