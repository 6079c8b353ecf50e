"""python -m mlp: the same as the `mlp` command."""

from mlp.cli.main import main

if __name__ == "__main__":
    main()
