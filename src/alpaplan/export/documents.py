"""What a person says of models and nodes: looked up by name, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alpaplan.errors import Issue, Location
from alpaplan.files.document import Document
from alpaplan.specs.export import ExportedNode, ExportModelsSpec, ExportNodesSpec, LoadedModel

LOCAL_ADDRESS = "127.0.0.1"
"""Address of the only node of a plan, unless it has another."""


@dataclass(frozen=True)
class ModelDocument:
    """What the engines of models load; None if there is no such document."""

    document: Document[ExportModelsSpec] | None

    def find(self, model: str, profile: str) -> tuple[str, LoadedModel] | None:
        """Return what the engines of a model load, and the name under which it stands."""
        if self.document is None:
            return None
        models = self.document.spec.models
        name = model if model in models else profile
        return (name, models[name]) if name in models else None

    def missing(self, model: str, profile: str) -> str:
        """Return the line that says that a model is missing."""
        what = f"must have model {model!r} or its profile {profile!r}"
        if self.document is None:
            return f"--models: {what}, but no file is given"
        return self.document.error_line(Issue(("models",), f"{what}, found neither"))

    def wrong(self, name: str, key: str | None, message: str) -> str:
        """Return the line that says what is wrong with an entry of the document."""
        where: Location = ("models", name) if key is None else ("models", name, key)
        issue = Issue(where, message)
        return message if self.document is None else self.document.error_line(issue)


@dataclass(frozen=True)
class NodeDocument:
    """What nodes are called in real life; None if there is no such document."""

    document: Document[ExportNodesSpec] | None

    def node(self, name: str) -> ExportedNode:
        """Return what is said of a node; an empty entry if nothing is."""
        if self.document is None:
            return ExportedNode()
        return self.document.spec.nodes.get(name, ExportedNode())

    def address(self, name: str) -> str:
        """Return where a node is reached; that of the machine itself if it has no address."""
        return self.node(name).address or LOCAL_ADDRESS

    def hostname(self, name: str) -> str:
        """Return a node's name in Kubernetes."""
        return self.node(name).hostname or name

    def missing_addresses(self, nodes: Iterable[str]) -> Iterator[str]:
        """Yield a line for each node without an address."""
        for name in nodes:
            if self.node(name).address is None:
                yield self._missing(name, "address")

    def missing_uuids(self, devices: Iterable[tuple[str, int]]) -> Iterator[str]:
        """Yield a line for each device, given by its node and index, without a UUID."""
        for name, index in devices:
            if index not in self.node(name).devices:
                yield self._missing(name, f"UUID of device {index}")

    def _missing(self, name: str, what: str) -> str:
        message = f"must have the {what} of node {name!r}"
        if self.document is None:
            return f"--nodes: {message}, but no file is given"
        return self.document.error_line(Issue(("nodes", name), f"{message}, found none"))
