"""What the functions share; standard library only."""
