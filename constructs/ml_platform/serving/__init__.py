"""Versions that answer: endpoint, release, scaling, promotion, HTTP API."""
