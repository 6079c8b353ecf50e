"""The client of the platform, as the `mlp` command and as `import mlp`, on AWS and on the embedded AWS alike.

>>> import mlp
>>> run = mlp.train("spam")                                   # doctest: +SKIP
>>> mlp.approve("spam", run.version)                          # doctest: +SKIP
>>> mlp.predict("spam", [{"crl_tot": 1028, "dollar": 0.18}])  # doctest: +SKIP
"""

from mlp.api import approve, predict, reject, status, train
from mlp.errors import Failed, MlpError

__all__ = ["Failed", "MlpError", "approve", "predict", "reject", "status", "train"]
