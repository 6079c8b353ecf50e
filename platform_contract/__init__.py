"""Facts that several parts of the platform must agree on, each of them once; standard library only."""
