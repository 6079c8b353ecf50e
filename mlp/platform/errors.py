"""Errors that a person reads: no traceback, an exit code that says whose turn it is."""


class MlpError(Exception):
    """The request cannot be carried out as it is; exit code 2."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook; IPython asks for this."""
        return [f"{type(self).__name__}: {self}"]


class Failed(MlpError):
    """What was asked for was tried and failed; exit code 1."""

    exit_code = 1
