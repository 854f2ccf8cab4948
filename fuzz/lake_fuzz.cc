// What a lake's names and its manifest say. The first byte says what the rest is: 'n' a name, 'm' a
// manifest, 'k' three numbers of 4 bytes: ledgers per file, files per partition, a ledger.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_layout.h"

namespace stellar_arrow::fuzz {
namespace {

using source::LakeLayout;
using source::LakeManifest;
using source::LakeName;

void RunName(std::string_view text) {
  const auto name = source::ParseLakeName(text);
  if (!name) return;
  Require(name->first <= name->last, "a name's ledgers rise", text);
  const uint64_t ledgers = uint64_t{name->last} - name->first + 1;
  // The layout that the name is of, if it is of any.
  if (name->first % ledgers != 0 || ledgers > UINT32_MAX) return;
  const auto count = static_cast<uint32_t>(ledgers);
  LakeLayout layout;
  if (name->extension.empty()) {
    layout.files_per_partition = count;
    Require(layout.PartitionName(name->first) == text, "a partition is named as it is read", text);
    Require(layout.PartitionName(name->last) == text, "so is its last ledger's", text);
  } else {
    layout = {count, 1, name->extension};
    Require(layout.Key(name->first) == text, "an object is named as it is read", text);
    Require(layout.Key(name->last) == text, "so is its last ledger's", text);
  }
}

void RunManifest(std::string_view text) {
  const auto manifest = source::ParseManifest(text);
  if (!manifest.ok()) {
    Require(CodeOf(manifest.status()) == ErrorCode::kDataLoss, "a bad manifest is data loss",
            manifest.status().ToString());
    return;
  }
  Require(manifest->ledgers_per_file != 0 && manifest->files_per_partition != 0, "counts are some");
  const auto again = source::ParseManifest(source::FormatManifest(*manifest));
  Require(again.ok() && again->network_passphrase == manifest->network_passphrase &&
              again->ledgers_per_file == manifest->ledgers_per_file &&
              again->files_per_partition == manifest->files_per_partition,
          "a manifest of ours says the same", text);
}

void RunKey(std::string_view numbers) {
  uint32_t given[3] = {};
  std::memcpy(given, numbers.data(), std::min(numbers.size(), sizeof given));
  const LakeLayout layout{std::max(given[0], 1u), std::max(given[1], 1u), "zst"};
  const uint32_t sequence = given[2];
  const std::string key = layout.Key(sequence);
  const size_t slash = key.find('/');
  Require((slash != std::string::npos) == (layout.files_per_partition != 1),
          "a folder stands where there are partitions", key);
  const auto range = layout.FileRange(sequence);
  Require(range.first <= sequence && sequence <= *range.last, "an object has its ledger", key);
  const auto file = source::ParseLakeName(slash == std::string::npos ? key : key.substr(slash + 1));
  Require(file && file->first == range.first && file->last == *range.last &&
              file->extension == layout.extension,
          "an object's name is read as it was made", key);
  if (slash == std::string::npos) return;
  const auto folder = source::ParseLakeName(key.substr(0, slash));
  const auto partition = layout.PartitionRange(sequence);
  Require(folder && folder->extension.empty() && folder->first == partition.first &&
              folder->last == *partition.last,
          "a partition's name is read as it was made", key);
  Require(folder->first <= file->first && file->last <= folder->last,
          "an object lies in its partition", key);
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stellar_arrow::fuzz;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'n':
      RunName(rest);
      break;
    case 'm':
      RunManifest(rest);
      break;
    case 'k':
      RunKey(rest);
      break;
  }
  return 0;
}
