"""Answers `POST /models/<name>/predict`."""
