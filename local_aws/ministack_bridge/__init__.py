"""All that touches ministack's inside; nothing else in the project imports it.

What these modules rely on is named by tests/local/test_bridge.py, so that an update of ministack that moves it fails there.
"""
