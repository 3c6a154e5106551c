"""LangChain's standard tests of vector stores and retrievers, over a Worker.

Run by test/peers/standard.test.ts, which serves the Worker (WORKER_URL) and builds and publishes what it is sent
(PUBLISHER_URL). An index is not changed in place; so what a test adds or deletes is rebuilt and published, as a user of
annoy-edge would, and every store has an index of its own.
"""

import itertools
import os
import uuid
from typing import Any, Generator, Optional

import pytest
import requests
from annoy_edge import AnnoyEdge, AnnoyEdgeError, AnnoyEdgeRetriever
from langchain_core.documents import Document
from langchain_tests.integration_tests import RetrieversIntegrationTests, VectorStoreIntegrationTests

WORKER = os.environ["WORKER_URL"]
numbers = itertools.count()


class Rebuilt(AnnoyEdge):
    """The store, with additions and deletions that rebuild its index."""

    def __init__(self, embedding: Any) -> None:
        self._name = f"standard-{next(numbers)}"
        super().__init__(WORKER, embedding, index=self._name)
        self._documents: dict[str, Document] = {}

    def _publish(self) -> None:
        documents = list(self._documents.values())
        vectors = self._embedding.embed_documents([document.page_content for document in documents])
        rows = [
            {"id": d.id, "pageContent": d.page_content, "metadata": d.metadata, "vector": vector}
            for d, vector in zip(documents, vectors)
        ]
        requests.post(f"{os.environ['PUBLISHER_URL']}/{self._name}", json=rows).raise_for_status()

    def _call(self, method: str, path: str, **request: Any) -> dict:
        try:
            return super()._call(method, path, **request)
        except AnnoyEdgeError as error:
            # Nothing was added yet, so there is no index.
            if error.code == "INDEX_NOT_FOUND" and not self._documents:
                if method == "POST":
                    return {"hits": []}
                error.code = "ID_NOT_FOUND"
            raise

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        ids = kwargs.get("ids") or [document.id or str(uuid.uuid4()) for document in documents]
        for id, document in zip(ids, documents):
            self._documents[id] = document.model_copy(update={"id": id})
        self._publish()
        return ids

    def delete(self, ids: Optional[list[str]] = None, **kwargs: Any) -> Optional[bool]:
        for id in ids or []:
            self._documents.pop(id, None)
        if self._documents:
            self._publish()
        return True


class TestVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture()
    def vectorstore(self) -> Generator[Rebuilt, None, None]:
        yield Rebuilt(self.get_embeddings())


class TestRetriever(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[AnnoyEdgeRetriever]:
        return AnnoyEdgeRetriever

    @property
    def retriever_constructor_params(self) -> dict:
        return {"store": AnnoyEdge(WORKER)}

    @property
    def retriever_query_example(self) -> str:
        return "food"
