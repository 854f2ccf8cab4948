// Changes to XDR values that leave them valid: parts are found by their types, and replaced, left
// out, repeated or exchanged, so that mutants get past the check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "stellar_arrow/xdr/bytes.h"
#include "stellar_arrow/xdr/type_info.h"
#include "tests/support/random_xdr.h"

namespace stellar_arrow::fuzz {

// A part of a checked value; `type` is no alias.
struct PartAt {
  const xdr::TypeInfo* type = nullptr;
  size_t begin = 0;
  size_t size = 0;
};

// All parts of the checked value `wire` of `type`, itself first.
std::vector<PartAt> PartsOf(const xdr::TypeInfo& type, xdr::Bytes wire);

class PartMutator {
 public:
  explicit PartMutator(uint32_t seed) : random_(seed), values_(seed) {}

  // The checked value `wire` of `type` with one to four changes. Valid but for nesting.
  std::vector<uint8_t> Mutate(const xdr::TypeInfo& type, xdr::Bytes wire);

  // `wire` with a part of `other` in the place of one of the same type, if there is any.
  std::vector<uint8_t> Cross(const xdr::TypeInfo& type, xdr::Bytes wire,
                             const xdr::TypeInfo& other_type, xdr::Bytes other);

  // A value of `type`, random within.
  std::vector<uint8_t> Value(const xdr::TypeInfo& type) { return values_.Value(type); }

  uint32_t Below(size_t limit) { return static_cast<uint32_t>(random_() % limit); }

 private:
  const PartAt& Choose(const std::vector<PartAt>& parts);
  std::vector<uint8_t> Changed(const xdr::TypeInfo& type, xdr::Bytes part);
  std::vector<uint8_t> ChangedBytes(const xdr::TypeInfo& type, xdr::Bytes part);
  std::vector<uint8_t> ChangedList(const xdr::TypeInfo& type, xdr::Bytes part);
  uint64_t EdgeWord(uint64_t word);

  std::mt19937 random_;
  support::RandomXdr values_;
};

}  // namespace stellar_arrow::fuzz
