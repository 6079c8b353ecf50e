"""One model server process, and the fleet of equal ones behind a variant."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3

from local_aws.containers.container import Container
from local_aws.containers.environments import Environment
from local_aws.containers.model_server import Answer, ModelServer, NotHealthy
from platform_contract.archives import unpack as unpack_archive

log = logging.getLogger(__name__)
START_ATTEMPTS = 2
CHECK_SECONDS = 0.3
SETTLE_SECONDS = 0.1
DRAIN_SECONDS = 60


__all__ = ["Fleet", "NotHealthy", "Replica", "Serving", "Unavailable", "unpack"]


class Unavailable(Exception):
    """No replica could take the request."""


@dataclass(frozen=True)
class Serving:
    """What the replicas of a variant run."""

    environment: Environment
    model_dir: Path
    """Folder of the unpacked artifact, which they share."""
    variables: Mapping[str, str]
    isolated: bool
    log: Callable[[str], None]
    close_log: Callable[[], None]
    startup_seconds: float


class Replica(ModelServer):
    """A model server of a fleet."""

    def __init__(self, serving: Serving, folder: Path) -> None:
        container = Container(
            serving.environment, folder, serving.variables, isolated=serving.isolated, name=f"model-{folder.name}"
        )
        super().__init__(container, serving.model_dir, serving.log)
        self.in_flight = 0


class Fleet:
    """Equal replicas; dead ones are replaced."""

    def __init__(self, serving: Serving, folder: Path, desired: int) -> None:
        self._serving, self._folder = serving, folder
        self._lock = threading.Lock()
        self._replicas: list[Replica] = []
        self._started = 0
        self._stopped = threading.Event()
        self._turn = 0
        self.desired = desired

    def start(self) -> None:
        """Start all replicas; raise NotHealthy if one does not come up."""
        starting = [self._new() for _ in range(self.desired)]
        try:
            for number, replica in enumerate(starting):
                starting[number] = self._healthy(replica)
        except NotHealthy:
            for replica in starting:
                replica.stop()
            raise
        with self._lock:
            self._replicas = starting
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def size(self) -> int:
        """Number of replicas that can answer."""
        with self._lock:
            return sum(replica.alive for replica in self._replicas)

    def scale(self, desired: int) -> None:
        """Change the number of replicas; the watching thread carries it out."""
        self.desired = desired

    def wait_settled(self) -> bool:
        """Wait until as many replicas answer as are wanted; return whether they do, which they may not if they do not come up."""
        deadline = time.monotonic() + START_ATTEMPTS * self._serving.startup_seconds
        while self.size != self.desired and time.monotonic() < deadline and not self._stopped.wait(SETTLE_SECONDS):
            pass
        return self.size == self.desired

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Ask a replica; one that has died under the request is passed over, because it cannot have answered."""
        for _ in range(self.desired + 1):
            replica = self._next()
            try:
                return replica.invoke(body, headers)
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProtocolError):
                continue
            finally:
                with self._lock:
                    replica.in_flight -= 1
        raise Unavailable

    def _next(self) -> Replica:
        with self._lock:
            alive = [replica for replica in self._replicas if replica.alive]
            if not alive:
                raise Unavailable
            self._turn += 1
            least = min(replica.in_flight for replica in alive)
            free = [replica for replica in alive if replica.in_flight == least]
            chosen = free[self._turn % len(free)]
            chosen.in_flight += 1
            return chosen

    def stop(self, drain_seconds: float = 0) -> None:
        """End all replicas, after the requests under way or `drain_seconds`."""
        self._stopped.set()
        _drain(self._replicas, drain_seconds)
        with self._lock:
            replicas, self._replicas = self._replicas, []
        for replica in replicas:
            replica.stop()
        self._serving.close_log()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _new(self) -> Replica:
        self._started += 1
        return Replica(self._serving, self._folder / f"replica-{self._started}")

    def _healthy(self, replica: Replica) -> Replica:
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                replica.wait_healthy(self._serving.startup_seconds, self._stopped.is_set)
            except NotHealthy:
                replica.stop()
                if attempt == START_ATTEMPTS or self._stopped.is_set():
                    raise
                replica = self._new()
            else:
                return replica
        raise NotHealthy

    def _watch(self) -> None:
        while not self._stopped.wait(CHECK_SECONDS):
            try:
                self._repair()
            except Exception:
                log.exception("a fleet could not be repaired; it is tried again")

    def _repair(self) -> None:
        """Replace what has died, and follow the desired number."""
        with self._lock:
            dead = [replica for replica in self._replicas if not replica.alive]
            self._replicas = [replica for replica in self._replicas if replica.alive]
            surplus = self._replicas[self.desired :]
            self._replicas = self._replicas[: self.desired]
            missing = self.desired - len(self._replicas)
        for replica in dead:
            replica.stop()
        for replica in surplus:
            _drain([replica], DRAIN_SECONDS)
            replica.stop()
        if dead:
            self._serving.log(f"{len(dead)} model server(s) ended unexpectedly and are started again")
        for _ in range(missing):
            self._add()

    def _add(self) -> None:
        try:
            replica = self._healthy(self._new())
        except NotHealthy:
            self._serving.log("a model server did not pass its health check; it will be started again")
            return
        with self._lock:
            if not self._stopped.is_set():
                self._replicas.append(replica)
                return
        replica.stop()


def _drain(replicas: list[Replica], seconds: float) -> None:
    """Wait until no request is under way, or `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(replica.in_flight for replica in replicas):
        time.sleep(0.05)


def unpack(artifact: Path, model_dir: Path) -> None:
    """Unpack a model.tar.gz."""
    model_dir.mkdir(parents=True)
    unpack_archive(artifact, model_dir)
