"""CreateCodeRepository and what belongs to it."""

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.notebooks.repositories import Repository
from local_aws.sagemaker.store import Record, Store, arn, now

KIND = "code-repository"


class CodeRepositories:
    """Git repositories that instances name."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations = {
            "CreateCodeRepository": self.create,
            "DescribeCodeRepository": self.describe,
            "ListCodeRepositories": self.list_repositories,
            "UpdateCodeRepository": self.update,
            "DeleteCodeRepository": self.delete,
        }

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreateCodeRepository."""
        name = parameters["CodeRepositoryName"]
        resource = arn(caller, KIND, name)
        self._store.authorize_creation(caller, "CreateCodeRepository", resource, parameters)
        with self._store.lock:
            if self._store.get(KIND, caller, name):
                raise invalid(f"Code Repository already exists: {resource}")
            record = {"CodeRepositoryName": name, "CodeRepositoryArn": resource, "GitConfig": dict(parameters["GitConfig"])}
            self._store.put(KIND, caller, name, record | {"CreationTime": now(), "LastModifiedTime": now()})
            self._store.set_tags(resource, parameters.get("Tags", []))
        return {"CodeRepositoryArn": resource}

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribeCodeRepository."""
        name = parameters["CodeRepositoryName"]
        self._store.authorize(caller, "DescribeCodeRepository", arn(caller, KIND, name))
        return self.record(caller, name)

    def list_repositories(self, caller: Caller, parameters: Record) -> Record:
        """ListCodeRepositories."""
        self._store.authorize(caller, "ListCodeRepositories", "*")
        return LISTINGS["ListCodeRepositories"].page(self._store.all(KIND, caller), parameters)

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdateCodeRepository: only the secret can change."""
        name = parameters["CodeRepositoryName"]
        self._store.authorize(caller, "UpdateCodeRepository", arn(caller, KIND, name))
        with self._store.lock:
            record = self.record(caller, name)
            record["GitConfig"] |= parameters.get("GitConfig", {})
            record["LastModifiedTime"] = now()
        return {"CodeRepositoryArn": record["CodeRepositoryArn"]}

    def delete(self, caller: Caller, parameters: Record) -> None:
        """DeleteCodeRepository."""
        name = parameters["CodeRepositoryName"]
        self._store.authorize(caller, "DeleteCodeRepository", arn(caller, KIND, name))
        self.record(caller, name)
        self._store.remove(KIND, caller, name)

    def record(self, caller: Caller, name: str) -> Record:
        """Return the record of a repository."""
        return self._store.find(KIND, caller, name)

    def repository(self, caller: Caller, name_or_url: str) -> Repository:
        """Return what to clone for a name of this account's, or a URL."""
        if name_or_url.startswith("https://"):
            return Repository(name_or_url.rstrip("/").rpartition("/")[2].removesuffix(".git"), name_or_url)
        config = self.record(caller, name_or_url)["GitConfig"]
        return Repository(name_or_url, config["RepositoryUrl"], config.get("Branch"), config.get("SecretArn"))
