"""How sure the model is of two films' order against how often it is right, and pairs in the right order."""

from typing import Any

from tools.model_plots import BASELINE, MODEL, REFERENCE, SHADES, compare


def draw(plots: dict[str, Any], metrics: dict[str, float], figure: Any) -> None:
    """Draw the calibration of pairs beside the pairwise accuracies."""
    curve, bars = figure.subplots(1, 2, width_ratios=[1.15, 1])
    said, true = plots["calibration"]["said"], plots["calibration"]["true"]
    low, high = 0.48, max(*said, *true) + 0.02
    curve.plot([low, high], [low, high], color=BASELINE, linewidth=1, linestyle=(0, (4, 3)))
    curve.plot(said, true, color=MODEL, linewidth=1.8, marker="o", markersize=4)
    curve.set(title="Two films: is the order right?", xlabel="probability that the model gives", ylabel="share that was right")
    curve.set(xlim=(low, high), ylim=(low, high))
    values = {
        "model": metrics["pairwise_accuracy"],
        "matrix\nfactorisation": metrics["reference_pairwise_accuracy"],
        "mean rating": metrics["baseline_pairwise_accuracy"],
        "by chance": metrics["random_pairwise_accuracy"],
    }
    compare(bars, "Pairs in the right order", values, (MODEL, REFERENCE, BASELINE, SHADES[0]), "{:.1%}")
