"""Stops a notebook instance that nobody and nothing uses.

Each check observes (observe), decides (work, decide) and acts (act, aws). Standard library only, Python 3.9 and newer. It comes
with the bundle that an instance fetches at its start (notebook/start).
"""
