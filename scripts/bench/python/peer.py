"""Voyager and FAISS for the bench, on one thread.

    peer.py build <library> <data.f32> <count> <dimensions> <queries> <lists> <index>
    peer.py serve <library> <data.f32> <count> <dimensions> <queries> <lists> <index>

`build` prints the seconds of CPU and clock. `serve` prints the milliseconds to the first answer and the bytes resident
before, then answers lines `ask <setting> <from> <count>` as native/annoy.cpp does. One query a call, as everyone.
"""

import sys
import time

import numpy as np

what, library, data, count, dimensions, queries, lists, index_file = sys.argv[1:]
count, dimensions, queries, lists = int(count), int(dimensions), int(queries), int(lists)
K = 10
M = 16


def rows(first, n):
    return np.fromfile(data, dtype="<f4", count=n * dimensions, offset=first * dimensions * 4).reshape(n, dimensions)


def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


class Voyager:
    def __init__(self):
        import voyager

        self.voyager = voyager

    def build(self, vectors):
        space = self.voyager.Space.Cosine
        index = self.voyager.Index(space, dimensions, M=M, ef_construction=128, max_elements=len(vectors))
        index.add_items(vectors, num_threads=1)
        index.save(index_file)

    def open(self):
        self.index = self.voyager.Index.load(index_file)

    def tune(self, setting):
        self.ef = setting

    def search(self, query):
        return self.index.query(query, K, num_threads=1, query_ef=self.ef)[0]


class Faiss:
    def __init__(self):
        import faiss

        faiss.omp_set_num_threads(1)
        self.faiss = faiss

    def build(self, vectors):
        faiss, product = self.faiss, self.faiss.METRIC_INNER_PRODUCT
        if library == "faiss-hnsw":
            index = faiss.IndexHNSWFlat(dimensions, M, product)
            index.hnsw.efConstruction = 100
        else:
            self.quantizer = faiss.IndexFlatIP(dimensions)
            index = faiss.IndexIVFFlat(self.quantizer, dimensions, lists, product)
            index.train(vectors)
        index.add(vectors)
        faiss.write_index(index, index_file)

    def open(self):
        self.index = self.faiss.read_index(index_file)

    def tune(self, setting):
        if library == "faiss-hnsw":
            self.index.hnsw.efSearch = setting
        else:
            self.index.nprobe = setting

    def search(self, query):
        return self.index.search(query[None], K)[1][0]


peer = Voyager() if library == "voyager" else Faiss()

if what == "build":
    vectors = rows(0, count)
    cpu, wall = time.process_time(), time.perf_counter()
    peer.build(vectors)
    print(time.process_time() - cpu, time.perf_counter() - wall)
    sys.exit()

asked = rows(count, queries)
before = resident()
start = time.perf_counter()
peer.open()
peer.tune(100 if library != "faiss-ivf" else 1)
peer.search(asked[0])
print((time.perf_counter() - start) * 1000, before, flush=True)
for line in sys.stdin:
    _, setting, first, n = line.split()
    peer.tune(int(setting))
    items = np.full((int(n), K), -1, dtype=np.int64)
    cpu, wall = time.process_time(), time.perf_counter()
    for i in range(int(n)):
        found = peer.search(asked[(int(first) + i) % queries])
        items[i, : len(found)] = found
    print(time.process_time() - cpu, time.perf_counter() - wall)
    print(*items.ravel(), flush=True)
