"""Float32 vectors of a JSON array of texts by sentence-transformers: reference.py <model folder> <texts.json> <out.f32>."""

import json
import sys

from sentence_transformers import SentenceTransformer

folder, texts, out = sys.argv[1:]
model = SentenceTransformer(folder, device="cpu")
with open(texts, encoding="utf-8") as file:
    vectors = model.encode(json.load(file), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
vectors.astype("float32").tofile(out)
