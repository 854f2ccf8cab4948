// Numbers that look random and are the same everywhere: SplitMix64, and distributions of our own,
// as those of <random> differ between standard libraries. Not for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace stellar_arrow::synthetic {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  // From 0 to n - 1; n > 0. The bias is below n / 2^64.
  uint64_t Below(uint64_t n) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * n) >> 64);
  }
  // From `low` to `high`, both included.
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }
  // True in `percent` of 100 cases.
  bool Percent(unsigned percent) { return Below(100) < percent; }

  template <typename List>
  const auto& Pick(const List& list) {
    return list[static_cast<size_t>(Below(list.size()))];
  }

  void Fill(std::span<uint8_t> bytes) {
    uint64_t word = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (i % 8 == 0) word = Next();
      bytes[i] = static_cast<uint8_t>(word >> (i % 8 * 8));
    }
  }
  std::array<uint8_t, 32> Key() {
    std::array<uint8_t, 32> key;
    Fill(key);
    return key;
  }

 private:
  uint64_t state_;
};

}  // namespace stellar_arrow::synthetic
