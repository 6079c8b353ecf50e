"""What instance types are."""

import re

LOCAL_NVME = re.compile(r"^ml\.(g4dn|g5|g6|g6e|p4d|p4de|p5|trn1|inf2)\.|^ml\.[a-z]\d+[a-z]*d[a-z]*\.")
"""Types whose local disks encrypt by themselves: SageMaker takes no key for their volumes."""
