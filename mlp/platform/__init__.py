"""Which AWS, where things lie, what a person sees; the floor that the rest of the client stands on."""
