"""Where the segments lie, and what their customers did in the 39 weeks that the model never saw."""

from typing import Any

from tools.model_plots import ALARM, INK, QUIET, SHADES, dots


def draw(plots: dict[str, Any], metrics: dict[str, float], figure: Any) -> None:
    """Draw the plane of customers beside the purchases of each segment, expected and real."""
    plane, bars = figure.subplots(1, 2, width_ratios=[1, 1.25])
    _customers(plane, plots["customers"])
    _segments(bars, plots["segments"])
    explained, simple = metrics["explained_future"], metrics["baseline_explained_future"]
    bars.set_title("Purchases in the 39 weeks after")
    said = f"segments explain {explained:.0%}\nof the variance,\ngroups by frequency {simple:.0%}"
    bars.text(0.99, 0.2, said, transform=bars.transAxes, ha="right", color=QUIET)


def _customers(axes: Any, customers: dict[str, list[float]]) -> None:
    places = sorted(
        {
            (round(purchases, 2), round(dollars / 2) * 2, int(segment))
            for purchases, dollars, segment in zip(customers["expected"], customers["dollars"], customers["segment"], strict=True)
            if dollars >= 4  # half a dozen free orders, far below on this scale
        }
    )
    for segment in sorted({place[2] for place in places}):
        dots(axes, [place[:2] for place in places if place[2] == segment], SHADES[segment])
    axes.set(
        xscale="log",
        yscale="log",
        title="Each dot a customer",
        xlabel="purchases to expect in 39 weeks",
        ylabel="dollars spent so far",
    )
    axes.set_xticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
    axes.set_yticks([10, 100, 1000], ["$10", "$100", "$1,000"])
    axes.minorticks_off()


def _segments(axes: Any, segments: list[dict[str, Any]]) -> None:
    rows = range(len(segments))
    axes.barh(rows, [one["bought"] for one in segments], color=SHADES[: len(segments)], height=0.62)
    axes.plot([one["expected"] for one in segments], rows, "|", color=ALARM, markersize=16, markeredgewidth=1.8)
    axes.set_yticks(rows, [f"{one['name']}\n{one['customers']} customers" for one in segments])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    for row, one in zip(rows, segments, strict=True):
        end = max(one["bought"], one["expected"])
        axes.text(end + 0.15, row, f"{one['bought']:.2f} each, ${one['dollars']:.0f}", va="center")
    axes.text(0.99, 0.12, "|  expected by the model", color=ALARM, transform=axes.transAxes, ha="right")
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, 1.45 * max(one["bought"] for one in segments))
    axes.spines["left"].set_color(QUIET)
