"""The stacks: one thin stack per concern."""
