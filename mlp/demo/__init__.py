"""`make demo`: set up, train, release and ask, with each step's time."""
