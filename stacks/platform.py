"""Which stacks a configuration becomes."""

from aws_cdk import App

from ml_platform import PlatformNames
from settings import Settings
from stacks.automation import AutomationStack
from stacks.base import StackContext
from stacks.foundation import FoundationStack
from stacks.gateway import GatewayStack
from stacks.notebooks import NotebooksStack
from stacks.serving import ServingStack
from stacks.training import TrainingStack


def build_platform(app: App, settings: Settings) -> None:
    """Add all stacks of `settings` to `app`.

    Notebooks exists where there is a notebook, Automation where there is a model, Gateway where at least one is served.
    """
    platform = settings.platform
    names = PlatformNames(settings.prefix)
    context = StackContext(names=names, account=platform.account, region=platform.region, tags=platform.tags)
    foundation = FoundationStack(
        app,
        context,
        storage=settings.storage,
        alerts=settings.alerts,
        datasets=settings.datasets,
        queries=settings.queries,
    )
    storage, alerts = foundation.storage, foundation.alerts.topic
    _add_training(app, context, settings, foundation)
    if settings.notebooks:
        NotebooksStack(
            app,
            context,
            environment=platform.environment,
            notebooks=settings.notebooks,
            datasets={name: model.definition.dataset_name for name, model in settings.models.items()},
            watchdog=settings.watchdog,
            storage=storage,
            alerts=alerts,
            destroy=settings.storage.destroy_on_delete,
        )
    if not settings.served_models:
        return
    gateway = GatewayStack(app, context, gateway=settings.gateway, storage=storage)
    for model in settings.served_models.values():
        assert model.serving is not None
        ServingStack(
            app,
            context,
            definition=model.definition,
            serving=model.serving,
            storage=storage,
            alerts=alerts,
            api=gateway.api.http_api,
        )


def _add_training(app: App, context: StackContext, settings: Settings, foundation: FoundationStack) -> None:
    if not settings.models:
        return
    storage = foundation.storage
    automation = AutomationStack(
        app, context, served_models=settings.served_models, storage=storage, alerts=foundation.alerts.topic
    )
    destroy = settings.storage.destroy_on_delete
    for model in settings.models.values():
        TrainingStack(app, context, model=model, storage=storage, gate=automation.gate, destroy=destroy)
