"""Puts the embedded AWS together: the services, their CloudFormation types, and what runs beside them."""

import threading
from pathlib import Path

from local_aws import clock
from local_aws.cloudformation import TYPES
from local_aws.ministack_bridge import identity, observability, queries, request_facts, server, stacks
from local_aws.ministack_bridge.identity import Caller
from local_aws.ministack_bridge.server import Response
from local_aws.sagemaker.endpoints.capture import Capture
from local_aws.sagemaker.endpoints.metrics import EndpointMetrics
from local_aws.sagemaker.endpoints.runtime import Runtime
from local_aws.sagemaker.notebooks.presigned import PREFIX
from local_aws.services import Services

ALARM_SECONDS = 0.5


class EmbeddedAws:
    """One embedded AWS in this process; `state` is the folder of what outlives it."""

    def __init__(self, endpoint_url: str, account: str, region: str, state: Path) -> None:
        self._account, self._region = account, region
        self._stopped = threading.Event()
        self._services = Services(endpoint_url, state, Caller("", account, region))
        self._metrics = EndpointMetrics()
        self._runtime = Runtime(self._services.store, self._services.endpoints, self._metrics, Capture())
        self._install()

    def _install(self) -> None:
        identity.harden()
        request_facts.complete()
        server.require_signature_on_iam_routes()
        server.add_service("sagemaker", "SageMaker.", r"sagemaker\.", self._handle_sagemaker)
        server.add_service(
            "application-autoscaling", "AnyScaleFrontendService.", r"application-autoscaling\.", self._services.scaling.handle
        )
        server.add_page(PREFIX, self._services.notebooks.tickets.answer)
        stacks.install()
        queries.never_invent_answers()
        for name, resource in TYPES.items():
            service = self._services.scaling if "ApplicationAutoScaling" in name else self._services.sagemaker
            stacks.add_type(name, resource(service))
        observability.evaluate_alarms_by_dimension(clock.FACTOR)
        observability.schedule_by_clock(clock.FACTOR)
        observability.filter_by_stream_prefix()
        threading.Thread(target=self._evaluate_alarms, daemon=True).start()

    async def _handle_sagemaker(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Response:
        """SageMaker's control plane and its runtime sign for the same service name; the path tells them apart."""
        handler = self._services.sagemaker.handle if path in ("", "/") else self._runtime.handle
        return await handler(method, path, headers, body, query)

    def _evaluate_alarms(self) -> None:
        while not self._stopped.wait(ALARM_SECONDS):
            with identity.scope(self._account, self._region):
                observability.evaluate_all_alarms()

    def stop(self) -> None:
        """End every job, model server, notebook instance and function process."""
        self._stopped.set()
        self._metrics.stop()
        for jobs in self._services.jobs.values():
            jobs.stop_all()
        self._services.endpoints.stop_all()
        self._services.notebooks.stop_all()
        server.stop_functions()
