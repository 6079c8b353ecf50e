"""Runs a command in a container's view of the machine, by Linux namespaces: no Docker, and no root where the kernel allows that.

A process of its own, with the standard library alone (`namespaces.launcher`). The command sees a root folder of its own: the
machine's programs read-only, what the `View` mounts, and nothing else of the machine. It is a child of an init process; when that
ends, the kernel ends whatever is left inside.
"""
