"""Models, endpoint configurations and endpoints: what serves."""
