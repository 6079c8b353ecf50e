"""A processing script as AWS's own samples have it: folders written out, no argument but one."""

import argparse
import sys
from pathlib import Path

import helper
import pandas as pd

parser = argparse.ArgumentParser()
parser.add_argument("--column", required=True)
column = parser.parse_args().column
table = pd.concat([pd.read_csv(file) for file in sorted(Path("/opt/ml/processing/input/data").iterdir())])
summary = Path("/opt/ml/processing/output/summary")
summary.mkdir(parents=True, exist_ok=True)
table[[column]].describe().to_parquet("/opt/ml/processing/output/summary/summary.parquet")
(summary / "summary.txt").write_text(helper.line(table[column].count(), Path.cwd(), sys.version_info[:2]))
