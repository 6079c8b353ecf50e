"""Environment variables of the embedded AWS's process, set before ministack is imported."""


def server_environment(port: int, account: str, region: str) -> dict[str, str]:
    """Return what ministack reads: enforcement on, loopback only, functions as processes, nothing but HTTP."""
    return {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": region,
        "PERSIST_STATE": "0",
        "SFTP_ENABLED": "0",
    }
