// How a data lake names its objects (SEP-54). Pure text; touches no storage.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stellar_arrow/base/range.h"

namespace stellar_arrow::source {

// No lake holds ledger 1, although its first object is named from 0.
inline constexpr uint32_t kFirstLakeLedger = 2;

// Names sort from the newest ledger to the oldest: they begin with the distance from the greatest
// uint32, in hex.
struct LakeLayout {
  uint32_t ledgers_per_file = 1;
  uint32_t files_per_partition = 1;  // 1: no partition folders
  std::string extension = "zst";     // what follows ".xdr."

  // The ledgers that the object with ledger `sequence` holds; the first object of a lake begins at
  // 2, whatever its name says.
  LedgerRange FileRange(uint32_t sequence) const;
  LedgerRange PartitionRange(uint32_t sequence) const;
  // "FE29B180--30822015.xdr.zst".
  std::string FileName(uint32_t sequence) const;
  // "FE2A45FF--30784000-30847999".
  std::string PartitionName(uint32_t sequence) const;
  // With the partition folder, if there are any.
  std::string Key(uint32_t sequence) const;
};

// What a name of a lake says.
struct LakeName {
  uint32_t first = 0;
  uint32_t last = 0;
  std::string extension;  // empty: a partition folder
};

// Absent unless `name` is the name of an object ("FFFFFC18--999.xdr.zst") or of a partition folder
// ("FFFFFFFF--0-63999"), and its hex part says the same as its decimal part.
std::optional<LakeName> ParseLakeName(std::string_view name);

// What a lake says of itself in `.config.json`.
struct LakeManifest {
  std::string network_passphrase;
  uint32_t ledgers_per_file = 1;
  uint32_t files_per_partition = 1;
};

inline constexpr std::string_view kManifestName = ".config.json";

// A manifest as Galexie writes it.
std::string FormatManifest(const LakeManifest& manifest);

// Errors: DATA_LOSS for what is no manifest, or one of a compression other than zstd.
arrow::Result<LakeManifest> ParseManifest(std::string_view json);

}  // namespace stellar_arrow::source
