"""Notebook instances that stop themselves, what people find in them, and the watchdog outside of them."""
