"""Viewers who find a film they like on a list, by its length, and the gain over what is popular."""

from typing import Any

from tools.model_plots import BASELINE, MODEL, REFERENCE, compare

ORDERS = {"model": (MODEL, "model"), "reference": (REFERENCE, "item kNN"), "baseline": (BASELINE, "most popular")}


def draw(plots: dict[str, Any], metrics: dict[str, float], figure: Any) -> None:
    """Draw the hit rate by length beside NDCG@10."""
    curve, bars = figure.subplots(1, 2, width_ratios=[1.15, 1])
    lengths = plots["hit_rate"]["length"]
    for order, (colour, name) in ORDERS.items():
        rates = plots["hit_rate"][order]
        curve.plot(lengths, rates, color=colour, linewidth=1.8)
        curve.text(lengths[-1] + 1, rates[-1], name, color=colour, verticalalignment="center")
    curve.axvline(10, color=BASELINE, linewidth=0.8, linestyle=(0, (4, 3)))
    curve.set(title="Viewers who find a film they like", xlabel="films on the list", ylabel="share of viewers")
    curve.set(xlim=(0, lengths[-1] * 1.3), ylim=(0, 1), xticks=[1, 10, 20, 30, 40, 50])
    values = {name: metrics[f"{'' if order == 'model' else order + '_'}ndcg_at_10"] for order, (_, name) in ORDERS.items()}
    compare(bars, "NDCG of ten films out of all", values, [colour for colour, _ in ORDERS.values()])
