"""From data to a released version: training, the registry, predictions, logs."""
