"""Containers without Docker: the /opt/ml contract in a folder of its own, as a process group of its own."""
