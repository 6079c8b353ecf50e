"""What a run did, for the log and for people."""

from dataclasses import asdict, dataclass, field
from typing import Any

SUBJECT_LENGTH = 100
"""Longest subject of an SNS message."""


@dataclass
class Report:
    """Collected while a run goes on."""

    stopped: list[dict[str, Any]] = field(default_factory=list)
    notebooks: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[dict[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def as_line(self) -> dict[str, Any]:
        """Return what is logged."""
        return {key: value for key, value in asdict(self).items() if value or key in ("stopped", "notebooks")}

    def message(self) -> tuple[str, str]:
        """Return subject and text for people; empty where nothing was stopped or deleted."""
        names = [entry["notebook"] for entry in self.stopped] + [entry["endpoint"] for entry in self.deleted]
        if not names:
            return "", ""
        lines = [_stopped(entry) for entry in self.stopped]
        lines += [
            f"Deleted endpoint {entry['endpoint']} of notebook {entry['notebook']}: {entry['reason']}." for entry in self.deleted
        ]
        lines += [f"Note on {entry['notebook']}: {entry['note']}." for entry in self.notebooks if entry.get("note")]
        verb = "stopped" if self.stopped else "deleted"
        return f"Watchdog: {verb} {', '.join(names)}"[:SUBJECT_LENGTH], "\n\n".join(lines)


def _stopped(entry: dict[str, Any]) -> str:
    text = f"Stopped notebook {entry['notebook']} ({entry['instance']}): {entry['reason']}. It had run for {entry['hours']} hours"
    if "cost" not in entry:
        return f"{text}; {entry['instance_type']} has no price in watchdog.prices_per_hour. Its files are kept."
    currency = entry["currency"]
    return (
        f"{text} and cost {entry['cost']:.2f} {currency} in this time; every hour that it sleeps saves "
        f"{entry['saves_per_hour']:.2f} {currency}. Its files are kept."
    )
