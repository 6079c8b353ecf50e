"""Notebook instances of the platform, from outside: listed, started, opened, kept awake."""
