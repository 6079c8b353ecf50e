"""What a notebook instance installs from the client's bundle at each start."""
