"""Errors as AWS's services answer them."""


class ServiceError(Exception):
    """An API error: code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class AccessDenied(ServiceError):
    """The caller's policies do not allow the action."""

    def __init__(self, principal: str, action: str, resource: str, reason: str = "") -> None:
        because = reason or f"no identity-based policy allows the {action} action"
        super().__init__(
            "AccessDeniedException",
            f"User: {principal} is not authorized to perform: {action} on resource: {resource} because {because}",
        )


def invalid(message: str) -> ServiceError:
    """Return a ValidationException."""
    return ServiceError("ValidationException", message)


def not_found(message: str) -> ServiceError:
    """Return a ResourceNotFound."""
    return ServiceError("ResourceNotFound", message)


def in_use(message: str) -> ServiceError:
    """Return a ResourceInUse."""
    return ServiceError("ResourceInUse", message)


def not_offered(operation: str) -> ServiceError:
    """Return the answer to an operation that AWS has and this embedded AWS has not."""
    return ServiceError("NotImplemented", f"The embedded AWS does not offer {operation}; AWS does", 501)
