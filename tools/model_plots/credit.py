"""Bad loans among the alerts at every threshold, and the average precision beside what it is compared with."""

from typing import Any

from tools.model_plots import BASELINE, INK, MODEL, QUIET, REFERENCE, compare

COMPARED = {
    "detector": ("average_precision", MODEL),
    "sum of concerns": ("scorecard_average_precision", REFERENCE),
    "isolation forest": ("reference_average_precision", REFERENCE),
    "best single rule": ("baseline_average_precision", BASELINE),
    "by chance": ("base_rate", BASELINE),
    "with labels": ("supervised_average_precision", QUIET),
}


def draw(plots: dict[str, Any], metrics: dict[str, float], figure: Any) -> None:
    """Draw precision over recall, with the threshold that serves, beside the average precisions."""
    curves, bars = figure.subplots(1, 2, width_ratios=[1.15, 1])
    for name, colour, width in (("baseline", BASELINE, 1.2), ("detector", MODEL, 1.8)):
        curves.plot(plots[name]["recall"], plots[name]["precision"], color=colour, linewidth=width, drawstyle="steps-post")
    curves.axhline(metrics["base_rate"], color=BASELINE, linewidth=1, linestyle=(0, (4, 3)))
    curves.plot(metrics["recall"], metrics["precision"], "o", color=INK, markersize=5)
    text = f"alerts: {metrics['recall']:.0%} of the bad loans\nand {metrics['false_alarms']:.0%} of the good ones"
    curves.annotate(
        text, (metrics["recall"], metrics["precision"]), (0.55, 0.42), arrowprops={"arrowstyle": "-", "color": QUIET}, color=INK
    )
    curves.text(0.01, metrics["base_rate"] - 0.03, "by chance", color=BASELINE)
    curves.text(0.01, plots["baseline"]["precision"][-2] + 0.012, "best single rule", color=BASELINE)
    curves.set(title="Bad loans among those alerted", xlabel="share of bad loans found", ylabel="share of alerts that are bad")
    curves.set(xlim=(0, 1), ylim=(0, 0.7))
    values = {name: metrics[metric] for name, (metric, _) in COMPARED.items()}
    compare(bars, "Average precision", values, [colour for _, colour in COMPARED.values()])
