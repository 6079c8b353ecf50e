"""Metrics that the platform publishes by itself, beside those of AWS's services."""

NOTEBOOKS = "MLPlatform/Notebooks"
"""Namespace of the idle agents' and the watchdog's metrics."""
