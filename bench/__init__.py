"""The figures of docs/performance.md, one script each: its claim, its reference in the same run, medians and ratios."""
