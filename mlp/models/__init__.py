"""Models on this machine: made, and checked before they are pushed."""
