"""Notebook instances that stop themselves, what people find in them, and the backstop outside of them."""
