"""Prices said against prices paid, with the intervals, and the mean error beside what it is compared with."""

from typing import Any

from tools.model_plots import ALARM, BASELINE, MODEL, QUIET, REFERENCE, compare, dots

EVERY = 7
"""Of so many houses one shows its interval: more would hide each other."""


def draw(plots: dict[str, Any], metrics: dict[str, float], figure: Any) -> None:
    """Draw the last sales beside the mean errors."""
    prices, bars = figure.subplots(1, 2, width_ratios=[1.15, 1])
    paid, said, low, high = ([value / 1000 for value in plots["prices"][name]] for name in ("paid", "said", "low", "high"))
    top = 1.03 * max(*paid, *said)
    prices.plot([0, top], [0, top], color=QUIET, linewidth=0.8)
    inside = [lowest <= price <= highest for lowest, price, highest in zip(low, paid, high, strict=True)]
    for at in range(0, len(paid), EVERY):
        prices.plot([paid[at]] * 2, [low[at], high[at]], color=MODEL if inside[at] else ALARM, alpha=0.35, linewidth=1.1)
    for colour, held in ((MODEL, True), (ALARM, False)):
        dots(
            prices, [place for place, within in zip(zip(paid, said, strict=True), inside, strict=True) if within is held], colour
        )
    prices.text(0.05, 0.9, f"within the interval: {metrics['coverage']:.1%}", color=MODEL, transform=prices.transAxes)
    prices.text(0.05, 0.82, f"outside: {1 - metrics['coverage']:.1%}", color=ALARM, transform=prices.transAxes)
    prices.set(title="Sales after all that it learned from", xlabel="paid, thousand USD", ylabel="said, thousand USD")
    prices.set(xlim=(0, top), ylim=(0, top))
    errors = {
        "model": metrics["mae"],
        "ridge": metrics["reference_mae"],
        "median of the\nneighborhood": metrics["baseline_mae"],
    }
    compare(bars, "Mean error of a price, USD", errors, (MODEL, REFERENCE, BASELINE), "{:,.0f}")
