"""From raw data to a registered version: pipeline, gate, registry."""
