"""What the script imports from beside it."""


def line(*values):
    return " ".join(map(str, values))
