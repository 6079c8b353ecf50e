"""The `mlp` command: one file per group of subcommands; each reads options, calls the client and shows the result."""
