// The text of keys that come again and again, formatted once. Knows strkeys; knows no column.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "stellar_arrow/text/strkey.h"

namespace stellar_arrow::tables {

// Strkeys of 32 bytes by kind and key. What is returned stays valid until the next StartLedger().
// Allocates while it grows only. Not thread-safe.
class KeyText {
 public:
  // Keys seldom change from one ledger to the next, so they are kept until they are too many.
  void StartLedger();

  std::string_view Account(text::Key key) { return Get(text::StrkeyKind::kAccount, key); }
  std::string_view Contract(text::Key key) { return Get(text::StrkeyKind::kContract, key); }
  std::string_view Pool(text::Key key) { return Get(text::StrkeyKind::kLiquidityPool, key); }

 private:
  static constexpr size_t kLetters = 56;  // of the strkey of any 32 bytes
  struct Entry {
    std::array<uint8_t, 32> key;
    std::array<char, kLetters> text;
    text::StrkeyKind kind;
  };

  std::string_view Get(text::StrkeyKind kind, text::Key key);
  void Grow();

  std::deque<Entry> entries_;   // stay in place while others come; beyond size_ they are spare
  size_t size_ = 0;             // entries in use
  std::vector<Entry*> places_;  // open addressing; null = free
};

}  // namespace stellar_arrow::tables
