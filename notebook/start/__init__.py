"""Runs inside the lifecycle script, at every start of a notebook instance: gets the bundle, which does all else.

Standard library only, Python 3.9 and newer. The script carries it, and holds 12,288 bytes.
"""
