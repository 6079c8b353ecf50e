"""Stops a notebook instance that nobody and nothing uses.

Each check observes (jupyter, processes, machine), decides (work, decide) and acts (act, aws). Standard library only,
Python 3.9 and newer. Packed into the lifecycle script by constructs/ml_platform/notebook/lifecycle_script.py, which drops
comments, docstrings and annotations.
"""
