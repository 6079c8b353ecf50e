"""A running instance's view of the machine, by namespaces: the paths, addresses and ports that it has on AWS.

Its network is its own. Inside, the metadata service answers at its one address, the embedded AWS at the address that it has
outside, and a proxy to the internet where the instance has direct access to it. Nothing inside can be reached from outside but
Jupyter, through its gateway.
"""

import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from local_aws.containers import namespaces, process
from local_aws.containers.inner_network import InnerNetwork
from local_aws.containers.namespaces import View
from local_aws.containers.process import LineSink
from local_aws.containers.traffic import Traffic, forward
from local_aws.containers.web_proxy import web_proxy
from local_aws.sagemaker.notebooks import processes
from local_aws.sagemaker.notebooks.disk import PYTHON, VOLUME, Disk

METADATA = "169.254.169.254"
"""Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html"""
PROXY_PORT = 3128
START_SECONDS = 30.0
USER = "ec2-user:x:0:0:EC2 Default User:/home/ec2-user:/bin/bash\n"
"""Only one user of the machine is here, so the instance's user and root are the same one under two names."""
GROUP = "ec2-user:x:0:\n"
NO_ROOT = "/etc/sudoers.d/no-root-access"
CHANGE_USER = Path(__file__).with_name("change_user.sh")


class Room:
    """The namespaces of one instance while it runs.

    Raises
    ------
    OSError
        If the machine lets it have none just now.
    """

    def __init__(self, disk: Disk, arn: str, region: str, *, root_access: bool) -> None:
        self._disk, self._root_access = disk, root_access
        self.hostname = hostname(arn, region)
        self.network, self.traffic = InnerNetwork(), Traffic()
        said: list[str] = []
        self._init = namespaces.launch(self._view(), self._marks, said.append)
        if not self.network.wait(START_SECONDS):
            self.close()
            raise OSError(f"no namespaces for the instance: {' '.join(said[-3:])}")

    def reach(self, endpoint_url: str, *, internet: bool) -> dict[str, str]:
        """Let the instance reach the embedded AWS, and the `internet`; return the variables that say how."""
        place = urlsplit(endpoint_url)
        host, port = str(place.hostname), int(place.port or 80)
        self.traffic.serve(self.network.listen("127.0.0.1", port), forward(host, port))
        if not internet:
            return {}
        self.traffic.serve(self.network.listen("127.0.0.1", PROXY_PORT), web_proxy)
        names, direct = ("http_proxy", "https_proxy"), f"localhost,127.0.0.1,{METADATA}"
        variables = dict.fromkeys(names, f"http://127.0.0.1:{PROXY_PORT}") | {"no_proxy": direct}
        return variables | {name.upper(): value for name, value in variables.items()}

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: str, sink: LineSink
    ) -> "subprocess.Popen[str]":
        """Start a command inside."""
        view = View(root=Path(), mounts=[], environment=environment, folder=folder, command=command)
        return namespaces.launch(view, self._marks, sink, self.network.init)

    @property
    def alive(self) -> bool:
        """Whether it is there; its processes cannot end it, but the machine can, when memory is short."""
        return self._init.poll() is None

    def close(self) -> None:
        """End everything inside, kindly at first."""
        process.end(self._init)
        self.network.close()
        self.traffic.close()

    @property
    def _marks(self) -> dict[str, str]:
        return processes.marks(self._disk.root)

    def _view(self) -> View:
        change_user = CHANGE_USER.read_text().replace("@NO_ROOT@", NO_ROOT)
        return View(
            root=self._disk.root,
            kept=True,
            mounts=[
                (str(self._disk.volume), f"/{VOLUME}", True),
                (sys.prefix, PYTHON, False),
                *namespaces.interpreter(Path(sys.base_prefix)),
            ],
            environment={},
            isolated=True,
            addresses=[METADATA],
            broker=self.network.handle,
            hostname=self.hostname,
            files={} if self._root_access else {NO_ROOT: ""},
            users=USER,
            groups=GROUP,
            programs={"sudo": change_user, "su": change_user},
        )


def hostname(arn: str, region: str) -> str:
    """Return the name that an instance gives itself, which only its VPC's own DNS knows."""
    numbers = hashlib.sha256(arn.encode()).digest()
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-172-16-{numbers[0]}-{numbers[1]}.{domain}"
