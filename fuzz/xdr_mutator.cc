// Mutants of the inputs of xdr_fuzz.cc: mostly changes of typed parts, so that they pass the check.
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/parts.h"
#include "fuzz/typed_input.h"
#include "stellar_arrow/xdr/type_info.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace stellar_arrow::fuzz {
namespace {

using xdr::Bytes;
using xdr::TypeInfo;

// What libFuzzer asks of a mutator: the input written to `data`, or its `size` kept.
size_t Store(const std::optional<std::vector<uint8_t>>& input, uint8_t* data, size_t size) {
  if (!input) return size;
  std::memcpy(data, input->data(), input->size());
  return input->size();
}

// One in so many is left to libFuzzer, or becomes another type.
constexpr uint32_t kBytesOneIn = 12;
constexpr uint32_t kOtherTypeOneIn = 24;

std::string OtherPath(std::string_view path, PartMutator& mutator) {
  constexpr std::string_view kSteps[] = {"[0]", "v1", ".ledgerHeader", ".tx", "[1]", ".", "type"};
  return std::string(path).append(kSteps[mutator.Below(std::size(kSteps))]);
}

size_t Mutate(uint8_t* data, size_t size, size_t max_size, uint32_t seed) {
  PartMutator mutator(seed);
  TypedInput input = ReadInput({data, size});
  const auto subject = SubjectOf(input.head);
  if (!subject || mutator.Below(kOtherTypeOneIn) == 0) {
    const TypeInfo& type = *xdr::AllTypes()[mutator.Below(xdr::AllTypes().size())];
    return Store(FormatInput(type.name, mutator.Value(type), max_size), data, size);
  }
  if (mutator.Below(kOtherTypeOneIn) == 0) input.head = OtherPath(input.head + " ", mutator);
  const TypeInfo& type = subject->type();
  if (mutator.Below(kBytesOneIn) == 0 || xdr::Explain(type, input.wire)) {
    const size_t before = input.wire.size();
    input.wire.resize(before + 64);
    input.wire.resize(LLVMFuzzerMutate(input.wire.data(), before, input.wire.size()));
  } else {
    input.wire = mutator.Mutate(type, input.wire);
  }
  return Store(FormatInput(input.head, input.wire, max_size), data, size);
}

size_t Cross(Bytes one, Bytes two, uint8_t* out, size_t max_size, uint32_t seed) {
  PartMutator mutator(seed);
  TypedInput input = ReadInput(one);
  const TypedInput other = ReadInput(two);
  const auto subject = SubjectOf(input.head);
  const auto other_subject = SubjectOf(other.head);
  if (!subject || !other_subject || xdr::Explain(subject->type(), input.wire) ||
      xdr::Explain(other_subject->type(), other.wire)) {
    return 0;
  }
  input.wire = mutator.Cross(subject->type(), input.wire, other_subject->type(), other.wire);
  return Store(FormatInput(input.head, input.wire, max_size), out, 0);
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return stellar_arrow::fuzz::Mutate(data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size, const uint8_t* two,
                                            size_t two_size, uint8_t* out, size_t max_size,
                                            unsigned seed) {
  return stellar_arrow::fuzz::Cross({one, one_size}, {two, two_size}, out, max_size, seed);
}
