// Mutants of the inputs of object_fuzz.cc: changes of typed parts while the content is a batch or a
// ledger, of bytes else, and of how the object is opened.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include "fuzz/parts.h"
#include "fuzz/typed_input.h"
#include "stellar_arrow/xdr/type_info.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace stellar_arrow::fuzz {
namespace {

constexpr uint32_t kHeadOneIn = 6;
constexpr uint32_t kBytesOneIn = 3;

std::string Head(PartMutator& mutator) {
  constexpr std::string_view kForms[] = {"batch", "batch", "ledger"};
  constexpr std::string_view kZips[] = {"bare", "zip", "raw"};
  constexpr std::string_view kCaps[] = {"1", "100", "4096", "1048576", "33554432"};
  constexpr std::string_view kNames[] = {"0 0",  "2 4", "2 2", "3 4", "4294967295 4294967295",
                                         "0 63", "1 1"};
  const auto any = [&](const auto& words) { return words[mutator.Below(std::size(words))]; };
  std::string head;
  for (const std::string_view word : {any(kForms), any(kZips), any(kCaps), any(kNames)}) {
    head.append(head.empty() ? "" : " ").append(word);
  }
  return head;
}

size_t Mutate(uint8_t* data, size_t size, size_t max_size, uint32_t seed) {
  PartMutator mutator(seed);
  TypedInput input = ReadInput({data, size});
  if (input.head.empty() || mutator.Below(kHeadOneIn) == 0) input.head = Head(mutator);
  bool typed = false;
  if (mutator.Below(kBytesOneIn) != 0) {
    for (const std::string_view name : {"LedgerCloseMetaBatch", "LedgerCloseMeta"}) {
      const xdr::TypeInfo& type = *xdr::FindType(name);
      if (xdr::Explain(type, input.wire)) continue;
      input.wire = mutator.Mutate(type, input.wire);
      typed = true;
      break;
    }
  }
  if (!typed) {
    const size_t before = input.wire.size();
    input.wire.resize(before + 64);
    input.wire.resize(LLVMFuzzerMutate(input.wire.data(), before, input.wire.size()));
  }
  const auto made = FormatInput(input.head, input.wire, max_size);
  if (!made) return size;
  std::memcpy(data, made->data(), made->size());
  return made->size();
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return stellar_arrow::fuzz::Mutate(data, size, max_size, seed);
}
