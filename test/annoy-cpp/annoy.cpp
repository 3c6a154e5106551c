// Builds and asks Annoy indexes with Spotify's own library, for annoy-cpp.test.ts.
//
//   annoy build <metric> <f> <trees> <items.f32> <present.u8> <out.ann>
//   annoy ask   <metric> <f> <file.ann> <queries.f32> <k> <searchK>
//
// Vectors are row-major little-endian float32. `ask` prints a JSON object a query, floats with the nine digits that
// restore them, after one with the numbers of items and trees.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <type_traits>
#include <vector>

#include "annoylib.h"
#include "kissrandom.h"

#ifdef ANNOY_NAMESPACE
using namespace Annoy;
#endif

#ifdef ANNOY_POLICY
template <class T, class Metric>
using Index = AnnoyIndex<int32_t, T, Metric, Kiss64Random, AnnoyIndexSingleThreadedBuildPolicy>;
#else
template <class T, class Metric>
using Index = AnnoyIndex<int32_t, T, Metric, Kiss64Random>;
#endif

template <class T>
static std::vector<T> read(const char* path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  std::vector<T> out(static_cast<size_t>(in.tellg()) / sizeof(T));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size() * sizeof(T)));
  return out;
}

// A row as the library's Python module gives it to the index: bits in 64-bit words for hamming, else as it is.
static std::vector<uint64_t> row(const float* v, int f, uint64_t) {
  std::vector<uint64_t> words((f + 63) / 64, 0);
  for (int i = 0; i < f; i++)
    if (v[i] > 0.5f) words[i / 64] |= uint64_t(1) << (i % 64);
  return words;
}
static std::vector<float> row(const float* v, int f, float) { return std::vector<float>(v, v + f); }

template <class T, class Metric>
static int run(int f, char** argv) {
  Index<T, Metric> index(std::is_same<T, uint64_t>::value ? (f + 63) / 64 : f);
  if (!strcmp(argv[1], "build")) {
    const std::vector<float> items = read<float>(argv[5]);
    const std::vector<uint8_t> present = read<uint8_t>(argv[6]);
    for (size_t i = 0; i < present.size(); i++)
      if (present[i]) index.add_item(static_cast<int32_t>(i), row(&items[i * f], f, T()).data());
    return index.build(atoi(argv[4])) && index.save(argv[7]) ? 0 : 1;
  }
  if (!index.load(argv[4])) return 1;
  printf("{\"items\":%d,\"trees\":%d}\n", index.get_n_items(), index.get_n_trees());
  const std::vector<float> queries = read<float>(argv[5]);
  for (size_t q = 0; q < queries.size() / f; q++) {
    std::vector<int32_t> ids;
    std::vector<T> distances;
    index.get_nns_by_vector(row(&queries[q * f], f, T()).data(), static_cast<size_t>(atoi(argv[6])), atoi(argv[7]),
                            &ids, &distances);
    printf("{\"items\":[");
    for (size_t i = 0; i < ids.size(); i++) printf("%s%d", i ? "," : "", ids[i]);
    printf("],\"distances\":[");
    for (size_t i = 0; i < ids.size(); i++) printf("%s%.9g", i ? "," : "", static_cast<double>(distances[i]));
    printf("]}\n");
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  const std::string metric = argv[2];
  const int f = atoi(argv[3]);
  if (metric == "angular") return run<float, Angular>(f, argv);
  if (metric == "euclidean") return run<float, Euclidean>(f, argv);
  if (metric == "manhattan") return run<float, Manhattan>(f, argv);
  if (metric == "dot") return run<float, DotProduct>(f, argv);
  if (metric == "hamming") return run<uint64_t, Hamming>(f, argv);
  return 2;
}
