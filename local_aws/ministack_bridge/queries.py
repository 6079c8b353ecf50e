"""Athena: a query is run by DuckDB where that is installed; where it is not, it fails and says so."""

from typing import Any

from ministack.services import athena

REASON = (
    "NOT_SUPPORTED: the embedded AWS runs no SQL by itself. Install DuckDB where it is started (pip install duckdb) and start it "
    "anew; or query on AWS"
)


def never_invent_answers() -> None:
    """Fail queries that nothing can run: ministack would answer them with made-up rows."""
    athena._mock_query_results = _refuse


def _refuse(_query: str) -> Any:
    raise NotImplementedError(REASON)
