// The ledgers that benchmarks run on: of tests/data, repeated in one chain so that a stream is long
// enough to be in its stride; each is one zstd object, as in a lake.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/memory_source.h"

namespace stellar_arrow::bench {

inline constexpr uint32_t kFirst = 1000;

struct Corpus {
  std::string passphrase;
  std::vector<std::vector<uint8_t>> raw;  // LedgerCloseMetas, linked
  std::vector<source::Object> objects;    // the same, zipped
  int64_t raw_bytes = 0;                  // about 75 MB

  uint32_t last() const { return kFirst + static_cast<uint32_t>(raw.size()) - 1; }
  // All of it, without a file system's noise.
  std::unique_ptr<support::MemorySource> Source() const;
};

// Seven ledgers of the public network (protocol 13), of 214 KB and 316 operations on average.
const Corpus& Pubnet();
// Those of a load generator (protocol 24), of 1.2 MB: 100 Soroban transactions each.
const Corpus& LoadTest();

}  // namespace stellar_arrow::bench
