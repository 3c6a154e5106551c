"""A vector store and a retriever of LangChain for Python over the HTTP API of annoy-edge: one file to copy.

Read-only, as langchain-community's Annoy is. Scores of `..._with_score` are Annoy's distances: smaller is nearer, except
for metric dot. Needs langchain-core and requests.
"""

from __future__ import annotations

from typing import Any, Iterable, Optional
from urllib.parse import quote

import requests
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore


class AnnoyEdgeError(Exception):
    """A problem that the Worker reports; `code` is stable."""

    def __init__(self, problem: dict) -> None:
        super().__init__(problem.get("detail") or problem.get("title"))
        self.code = problem.get("code")


class AnnoyEdge(VectorStore):
    """The store behind a URL. The Worker embeds texts, unless `embedding` is given."""

    def __init__(
        self,
        url: str,
        embedding: Optional[Embeddings] = None,
        *,
        index: Optional[str] = None,
        api_key: Optional[str] = None,
        mode: str = "vector",
    ) -> None:
        self._base = url.rstrip("/") + ("/v1/" if index is None else f"/v1/indexes/{quote(index, safe='')}/")
        self._embedding = embedding
        self._mode = mode
        self._http = requests.Session()
        if api_key:
            self._http.headers["authorization"] = f"Bearer {api_key}"

    @property
    def embeddings(self) -> Optional[Embeddings]:
        return self._embedding

    def _call(self, method: str, path: str, **request: Any) -> dict:
        response = self._http.request(method, self._base + path, timeout=60, **request)
        if not response.ok:
            raise AnnoyEdgeError(response.json())
        return response.json()

    def _search(self, k: int, search_k: int = -1, filter: Any = None, **asked: Any) -> list[dict]:
        if "query" in asked and self._embedding and self._mode == "vector":
            asked["vector"] = self._embedding.embed_query(asked.pop("query"))
        elif "query" in asked:
            asked["mode"] = self._mode
        if filter is not None:
            asked["filter"] = filter
        return self._call("POST", "search", json={"k": k, "searchK": search_k, **asked})["hits"]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [_document(hit) for hit in self._search(k, query=query, **kwargs)]

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
        return [_pair(hit) for hit in self._search(k, query=query, **kwargs)]

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        return [_document(hit) for hit in self._search(k, vector=list(embedding), **kwargs)]

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        return [_pair(hit) for hit in self._search(k, vector=list(embedding), **kwargs)]

    def similarity_search_by_index(self, docstore_index: int, k: int = 4, **kwargs: Any) -> list[Document]:
        return [_document(hit) for hit in self._search(k, item=docstore_index, **kwargs)]

    def similarity_search_with_score_by_index(
        self, docstore_index: int, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        return [_pair(hit) for hit in self._search(k, item=docstore_index, **kwargs)]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        mmr = {"fetchK": fetch_k, "lambda": lambda_mult}
        return [_document(hit) for hit in self._search(k, query=query, mmr=mmr, **kwargs)]

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        mmr = {"fetchK": fetch_k, "lambda": lambda_mult}
        return [_document(hit) for hit in self._search(k, vector=list(embedding), mmr=mmr, **kwargs)]

    def _similarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        return [(_document(hit), hit["score"]) for hit in self._search(k, query=query, **kwargs)]

    def get_by_ids(self, ids: Iterable[str], /) -> list[Document]:
        documents = []
        for id in ids:
            try:
                found = self._call("GET", f"documents/{quote(id, safe='')}")
            except AnnoyEdgeError as error:
                if error.code != "ID_NOT_FOUND":
                    raise
            else:
                documents.append(_document({"id": id, "document": found}))
        return documents

    def add_texts(self, texts: Iterable[str], metadatas: Optional[list[dict]] = None, **kwargs: Any) -> list[str]:
        raise NotImplementedError("An index is not changed in place: rebuild it and publish the new version.")

    def delete(self, ids: Optional[list[str]] = None, **kwargs: Any) -> Optional[bool]:
        raise NotImplementedError("An index is not changed in place: rebuild it and publish the new version.")

    @classmethod
    def from_texts(cls, *args: Any, **kwargs: Any) -> AnnoyEdge:
        raise NotImplementedError("An index is built with `annoy-edge build` and published with `annoy-edge publish`.")


class AnnoyEdgeRetriever(BaseRetriever):
    """Retrieves by the store's own search; `k` may also be given to `invoke`."""

    store: AnnoyEdge
    k: int = 4

    model_config = {"arbitrary_types_allowed": True}

    def _get_relevant_documents(self, query: str, *, run_manager: Any, k: Optional[int] = None) -> list[Document]:
        return self.store.similarity_search(query, k=k or self.k)


def _document(hit: dict) -> Document:
    document = hit["document"]
    return Document(id=hit["id"], page_content=document["pageContent"], metadata=document["metadata"])


def _pair(hit: dict) -> tuple[Document, float]:
    # None in modes that compare no vectors.
    distance = hit["distance"]
    return _document(hit), float("nan") if distance is None else float(distance)
