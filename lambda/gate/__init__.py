"""Finds the version that serves, and judges a new model against its rules and that version."""
