"""The films by name: how a request names one, and how an answer does."""

import re
import unicodedata
from collections.abc import Sequence

import pandas as pd

_ARTICLE = re.compile(r"^(?P<rest>.+), (?P<article>The|A|An|La|Le|Les|El|Los|Das|Der|Die|Il|L')$", re.IGNORECASE)
_YEAR = re.compile(r"^(?P<title>.+) \((?P<year>\d{4})\)$")
_NUMBER = re.compile(r"(^| )#(?P<id>[0-9]{1,9})$")


def _plain(title: str) -> str:
    """Return `title` as it is compared: no accents, no case, "Matrix, The" as "the matrix"."""
    moved = _ARTICLE.match(title.strip())
    text = f"{moved['article']} {moved['rest']}" if moved else title
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


class Films:
    """The catalogue: a film's index is its row in `table` (movieId, title, year, genres)."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.ids: list[int] = table["movieId"].tolist()
        self._by_id = {film: index for index, film in enumerate(self.ids)}
        self._by_title: dict[str, list[int]] = {}
        self.years: list[int | None] = [None if pd.isna(year) else int(year) for year in table["year"]]
        self.titles: list[str] = table["title"].tolist()
        for index, (title, year) in enumerate(zip(self.titles, self.years, strict=True)):
            self._by_title.setdefault(_plain(title), []).append(index)
            if year is not None:
                self._by_title.setdefault(f"{_plain(title)} ({year})", []).append(index)

    def __len__(self) -> int:
        return len(self.ids)

    def name(self, index: int) -> str:
        """Return title and year, which a request may use; where two films share both, with the film's number."""
        year = self.years[index]
        name = self.titles[index] if year is None else f"{self.titles[index]} ({year})"
        return name if isinstance(self.find(name), int) else f"{name} #{self.ids[index]}"

    def find(self, asked: str) -> int | str:
        """Return the index of the film that `asked` names, or why none is found.

        A film is named by title, by title and year ("Heat (1995)"), or by number ("#6", alone or at the end). Accents, case and
        the place of an article do not matter.
        """
        number = _NUMBER.search(asked.strip())
        if number:
            return self._by_id.get(int(number["id"]), f"{asked}: no film has this number")
        dated = _YEAR.match(asked.strip())
        key = f"{_plain(dated['title'])} ({dated['year']})" if dated else _plain(asked)
        found = self._by_title.get(key, [])
        if len(found) == 1:
            return found[0]
        if not found:
            return f"{asked}: no film of the catalogue has this title"
        numbers = ", ".join(f"#{self.ids[index]} ({self.years[index]})" for index in found[:5])
        return f"{asked}: {len(found)} films have this title; name one by number: {numbers}"


def sort_out(films: Films, asked: Sequence[str]) -> tuple[list[int | None], list[str]]:
    """Return for each of `asked` its film, or None, and the reasons of those that were not found."""
    found = [films.find(name) for name in asked]
    return [one if isinstance(one, int) else None for one in found], [one for one in found if isinstance(one, str)]
