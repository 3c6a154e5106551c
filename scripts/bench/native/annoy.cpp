// C++ Annoy for the bench: process.ts has its lines.
//
//   annoy <trees> build|serve <data.f32> <count> <dimensions> <queries> <index>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <time.h>
#include <vector>

#include "annoylib.h"
#include "kissrandom.h"

typedef AnnoyIndex<int32_t, float, Angular, Kiss64Random> Index;

static const int K = 10;

static double cpuSeconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double wallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static std::vector<float> readRows(const char* path, size_t from, size_t count, size_t dimensions) {
  std::vector<float> rows(count * dimensions);
  std::ifstream in(path, std::ios::binary);
  in.seekg(from * dimensions * sizeof(float));
  in.read(reinterpret_cast<char*>(rows.data()), rows.size() * sizeof(float));
  if (!in) {
    fprintf(stderr, "%s ends early\n", path);
    exit(1);
  }
  return rows;
}

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  const char* data = argv[3];
  const char* file = argv[7];
  const size_t count = strtoull(argv[4], nullptr, 10);
  const size_t dimensions = strtoull(argv[5], nullptr, 10);
  const size_t number = strtoull(argv[6], nullptr, 10);
  Index index(dimensions);
  if (strcmp(argv[2], "build") == 0) {
    const double cpu = cpuSeconds(), wall = wallSeconds();
    {
      const std::vector<float> rows = readRows(data, 0, count, dimensions);
      for (size_t i = 0; i < count; i++) index.add_item(i, &rows[i * dimensions]);
    }
    index.build(atoi(argv[1]));
    index.save(file);
    printf("%.6f %.6f\n", cpuSeconds() - cpu, wallSeconds() - wall);
    return 0;
  }
  const std::vector<float> queries = readRows(data, count, number, dimensions);
  std::vector<int32_t> found;
  const double before = wallSeconds();
  if (!index.load(file)) return 1;
  index.get_nns_by_vector(&queries[0], K, 100, &found, nullptr);
  // Before it opened the index it held next to nothing but the queries.
  printf("%.6f %zu\n", (wallSeconds() - before) * 1000, queries.size() * sizeof(float));
  fflush(stdout);
  std::string line;
  while (std::getline(std::cin, line)) {
    int searchK;
    size_t from, asked;
    if (sscanf(line.c_str(), "%d %zu %zu", &searchK, &from, &asked) != 3) return 2;
    std::vector<int32_t> items(asked * K, -1);
    const double cpu = cpuSeconds(), wall = wallSeconds();
    for (size_t i = 0; i < asked; i++) {
      found.clear();
      index.get_nns_by_vector(&queries[((from + i) % number) * dimensions], K, searchK, &found, nullptr);
      for (size_t j = 0; j < found.size(); j++) items[i * K + j] = found[j];
    }
    printf("%.6f %.6f\n", cpuSeconds() - cpu, wallSeconds() - wall);
    for (size_t i = 0; i < items.size(); i++) printf(i ? " %d" : "%d", items[i]);
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
