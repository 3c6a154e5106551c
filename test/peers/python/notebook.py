"""The notebook of LangChain's Annoy integration, line by line.

    https://python.langchain.com/docs/integrations/vectorstores/annoy/

`play` returns what its cells print; test/peers/notebook/printed.ts has what the page shows.
"""

import os
import uuid

from annoy import AnnoyIndex
from langchain_community.docstore.in_memory import InMemoryDocstore
from langchain_community.vectorstores import Annoy
from langchain_core.documents import Document
from langchain_text_splitters import CharacterTextSplitter

TEXTS = ["pizza is great", "I love salad", "my car", "a dog"]
QUESTION = "What did the president say about Ketanji Brown Jackson"


def split(speech):
    """What TextLoader and the splitter make of the file."""
    with open(speech, encoding="utf-8") as file:
        document = Document(page_content=file.read(), metadata={"source": os.path.basename(speech)})
    return CharacterTextSplitter(chunk_size=1000, chunk_overlap=0).split_documents([document])


def play(embeddings, speech, folder):
    printed = {}

    def scores(name, pairs):
        printed[name] = [[document.page_content, score] for document, score in pairs]

    def texts(name, documents):
        printed[name] = [document.page_content for document in documents]

    # Create VectorStore from texts
    vector_store = Annoy.from_texts(TEXTS, embeddings)
    vector_store_v2 = Annoy.from_texts(TEXTS, embeddings, metric="dot", n_trees=100, n_jobs=1)
    texts("food documents", vector_store.similarity_search("food", k=3))
    scores("food", vector_store.similarity_search_with_score("food", k=3))
    scores("food by dot", vector_store_v2.similarity_search_with_score("food", k=3))

    # Create VectorStore from docs
    chunks = split(speech)
    texts("speech chunks", chunks)
    vector_store_from_docs = Annoy.from_documents(chunks, embeddings)
    scores("speech", vector_store_from_docs.similarity_search_with_score(QUESTION))

    # Create VectorStore via existing embeddings
    embs = embeddings.embed_documents(TEXTS)
    vector_store_from_embeddings = Annoy.from_embeddings(list(zip(TEXTS, embs)), embeddings)
    scores("food from embeddings", vector_store_from_embeddings.similarity_search_with_score("food", k=3))

    # Search via embeddings
    motorbike_emb = embeddings.embed_query("motorbike")
    texts("motorbike documents", vector_store.similarity_search_by_vector(motorbike_emb, k=3))
    scores("motorbike", vector_store.similarity_search_with_score_by_vector(motorbike_emb, k=3))

    # Search via docstore id
    some_docstore_id = 0
    document = vector_store.docstore._dict[vector_store.index_to_docstore_id[some_docstore_id]]
    texts("document of item 0", [document])
    scores("item 0", vector_store.similarity_search_with_score_by_index(some_docstore_id, k=3))

    # Save and load
    vector_store.save_local(folder)
    loaded = Annoy.load_local(folder, embeddings=embeddings, allow_dangerous_deserialization=True)
    scores("item 0, loaded", loaded.similarity_search_with_score_by_index(some_docstore_id, k=3))

    # Construct from scratch
    metadatas = [{"x": "food"}, {"x": "food"}, {"x": "stuff"}, {"x": "animal"}]
    index = AnnoyIndex(len(embs[0]), metric="angular")
    for i, emb in enumerate(embs):
        index.add_item(i, emb)
    index.build(10)
    documents = [Document(page_content=text, metadata=metadatas[i]) for i, text in enumerate(TEXTS)]
    index_to_docstore_id = {i: str(uuid.uuid4()) for i in range(len(documents))}
    docstore = InMemoryDocstore({index_to_docstore_id[i]: doc for i, doc in enumerate(documents)})
    db_manually = Annoy(embeddings.embed_query, index, "angular", docstore, index_to_docstore_id)
    found = db_manually.similarity_search_with_score("eating!", k=3)
    scores("eating!", found)
    printed["eating! metadata"] = [document.metadata["x"] for document, _ in found]
    return printed
