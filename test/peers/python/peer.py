"""Annoy and LangChain's Annoy store, asked by test/peers/python.ts.

A request is a line of JSON on standard input, {"call": a name of CALLS, "with": its arguments}; the answer is a line of
JSON on standard output, {"result": ...} or {"error": ...}. Vectors are files of little-endian float32 rows. Distances are
Python floats, which JSON carries without loss.
"""

import json
import sys
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore", category=DeprecationWarning)

import numpy as np
import notebook
from annoy import AnnoyIndex
from langchain_community.vectorstores import Annoy
from langchain_core.embeddings import Embeddings


def rows(path, f):
    return np.fromfile(path, dtype="<f4").reshape(-1, f)


class Table(Embeddings):
    """Embeds the texts that it was given the vectors of, and no others."""

    def __init__(self, vectors):
        self.vectors = vectors

    def embed_documents(self, texts):
        return [self.vectors[text] for text in texts]

    def embed_query(self, text):
        return self.vectors[text]


def build_file(f, metric, vectors, holes, trees, seed, jobs, out):
    index = AnnoyIndex(f, metric)
    index.set_seed(seed)
    for item, vector in enumerate(rows(vectors, f)):
        if item not in holes:
            index.add_item(item, vector)
    index.build(trees, n_jobs=jobs)
    index.save(out)


def ask_file(f, metric, path, queries, items, k, search_k):
    index = AnnoyIndex(f, metric)
    index.load(path)
    pairs = [(i, j) for i in items for j in items]
    return {
        "items": index.get_n_items(),
        "trees": index.get_n_trees(),
        "byVector": [index.get_nns_by_vector(q, k, search_k, True) for q in rows(queries, f)],
        "byItem": [index.get_nns_by_item(item, k, search_k, True) for item in items],
        "vectors": [index.get_item_vector(item) for item in items],
        "distances": [index.get_distance(i, j) for i, j in pairs],
    }


def save_folder(f, metric, vectors, texts, metadatas, trees, out):
    """Builds a store and saves it; returns the docstore's ids by item."""
    table = dict(zip(texts, rows(vectors, f).tolist()))
    store = Annoy.from_texts(texts, Table(table), metadatas=metadatas, metric=metric, trees=trees)
    store.save_local(out)
    return [store.index_to_docstore_id[item] for item in range(len(texts))]


def ask_folder(f, folder, vectors, texts, items, k, fetch_k, lambda_mult, every):
    """Loads a saved store and asks it every way that it has; `vectors` are those of `texts`, the queries."""
    table = dict(zip(texts, rows(vectors, f).tolist()))
    store = Annoy.load_local(folder, Table(table), allow_dangerous_deserialization=True)
    ids = {id(store.docstore.search(i)): i for i in store.index_to_docstore_id.values()}

    def plain(document):
        return {"id": ids[id(document)], "text": document.page_content, "metadata": document.metadata}

    def scored(pairs):
        return [[plain(document), score] for document, score in pairs]

    mmr = {"k": k, "fetch_k": fetch_k, "lambda_mult": lambda_mult}
    return {
        "metric": store.metric,
        "ids": [store.index_to_docstore_id[item] for item in range(store.index.get_n_items())],
        "exact": [scored(store.similarity_search_with_score(text, k, every)) for text in texts],
        "byText": [scored(store.similarity_search_with_score(text, k=k)) for text in texts],
        "byVector": [scored(store.similarity_search_with_score_by_vector(table[text], k=k)) for text in texts],
        "byIndex": [scored(store.similarity_search_with_score_by_index(item, k=k)) for item in items],
        "mmr": [[plain(d) for d in store.max_marginal_relevance_search(text, **mmr)] for text in texts],
        "mmrByVector": [
            [plain(d) for d in store.max_marginal_relevance_search_by_vector(table[text], **mmr)] for text in texts
        ],
    }


def play_notebook(f, vectors, texts, speech, folder):
    """`vectors` are those of `texts`: all that the notebook embeds."""
    return notebook.play(Table(dict(zip(texts, rows(vectors, f).tolist()))), speech, folder)


def split_speech(speech):
    return [document.page_content for document in notebook.split(speech)]


def versions(packages):
    return {"Python": sys.version.split()[0], **{name: version(name) for name in packages}}


CALLS = {f.__name__: f for f in (build_file, ask_file, save_folder, ask_folder, play_notebook, split_speech, versions)}

# LangChain's store prints; the answers have the output to themselves.
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    try:
        request = json.loads(line)
        answer = {"result": CALLS[request["call"]](**request["with"])}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), file=answers, flush=True)
