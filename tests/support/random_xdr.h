// Random values of the protocol's types: valid XDR, sense aside.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "stellar_arrow/xdr/type_info.h"
#include "stellar_arrow/xdr/value.h"

namespace stellar_arrow::support {

// The same seed gives the same values. They are small: beyond some hundred bytes, or some levels,
// lists and optionals stay empty.
class RandomXdr {
 public:
  explicit RandomXdr(uint32_t seed) : random_(seed) {}

  std::vector<uint8_t> Value(const xdr::TypeInfo& type);
  // One that has the arm of `discriminant`.
  std::vector<uint8_t> UnionValue(const xdr::TypeInfo& type, int32_t discriminant);

 private:
  uint32_t Count(uint32_t limit, int level, uint32_t most);
  std::vector<uint8_t> Random(uint32_t size);
  void AppendUnion(const xdr::TypeInfo& type, int32_t discriminant, xdr::value::Writer& w,
                   int level);
  void Append(const xdr::TypeInfo& type, xdr::value::Writer& w, int level);

  std::mt19937 random_;
  std::vector<uint8_t>* out_ = nullptr;
};

}  // namespace stellar_arrow::support
