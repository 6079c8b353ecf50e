"""What a script wrote itself, without the lines of AWS's toolkits around it."""

import re
from collections.abc import Sequence

TOOLKIT = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (sagemaker-\S+|botocore\S*|root) +(DEBUG|INFO|WARNING|ERROR|CRITICAL) "
)
SERVER = re.compile(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[\w+\] |.*pkg_resources")
FAILURE = "Reporting training FAILURE"


def own_lines(lines: Sequence[str]) -> str:
    """Return the lines that are no toolkit's; after a failure the toolkit repeats it, which is left out as well."""
    found = []
    for line in lines:
        if FAILURE in line:
            break
        if not TOOLKIT.match(line) and not SERVER.match(line):
            found.append(line)
    return "\n".join(found)
