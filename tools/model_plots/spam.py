"""Spam caught against false alarms, and the share of e-mails judged rightly."""

from typing import Any

from tools.model_plots import BASELINE, MODEL, compare


def draw(plots: dict[str, Any], metrics: dict[str, float], figure: Any) -> None:
    """Draw the ROC curve, with the threshold that serves, beside the accuracies."""
    curve, bars = figure.subplots(1, 2, width_ratios=[1.15, 1])
    false_alarms, caught = plots["roc"]["false_alarms"], plots["roc"]["caught"]
    curve.plot(false_alarms, caught, color=MODEL, linewidth=1.8)
    curve.fill_between(false_alarms, caught, color=MODEL, alpha=0.08, linewidth=0)
    curve.plot([0, 1], [0, 1], color=BASELINE, linewidth=1, linestyle=(0, (4, 3)))
    curve.text(0.62, 0.57, "by chance", color=BASELINE, rotation=0)
    curve.text(0.3, 0.8, f"area under the curve {metrics['roc_auc']:.3f}", color=MODEL)
    curve.set(
        title="Spam caught for each false alarm", xlabel="share of wanted e-mails called spam", ylabel="share of spam caught"
    )
    curve.set(xlim=(0, 1), ylim=(0, 1.01))
    compare(
        bars,
        "E-mails judged rightly",
        {"model": metrics["accuracy"], 'always "wanted"': metrics["baseline_accuracy"]},
        (MODEL, BASELINE),
        "{:.1%}",
    )
