"""How many rows a CSV file has, counted while it is hashed."""


class RowCounter:
    """Counts records: lines that are not blank, line breaks within quotation marks not counted (RFC 4180)."""

    def __init__(self) -> None:
        self._records = 0
        self._quoted = False
        self._begun = False
        """Whether the line that the last block ended in has content."""

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the file."""
        outside = block.replace(b"\r", b"")
        if self._quoted or b'"' in outside:
            pieces = outside.split(b'"')
            # Every other piece lies within quotation marks; a mark in place of it keeps its line from being blank.
            first = 1 if self._quoted else 0
            outside = b'"'.join(b"" if (index + first) % 2 else piece for index, piece in enumerate(pieces))
            self._begun = self._begun or self._quoted
            self._quoted ^= len(pieces) % 2 == 0
        if not outside:
            return
        self._records += self._ended(outside)
        self._begun = not outside.endswith(b"\n")

    def _ended(self, text: bytes) -> int:
        """Return how many lines that are not blank end in `text`."""
        blank_first = text.startswith(b"\n") and not self._begun
        if b"\n\n" not in text:
            return text.count(b"\n") - blank_first
        first, *others = text.split(b"\n")[:-1]
        return (self._begun or bool(first)) + sum(map(bool, others))

    @property
    def rows(self) -> int:
        """Records below the first, which is the header."""
        return max(0, self._records + self._begun - 1)
