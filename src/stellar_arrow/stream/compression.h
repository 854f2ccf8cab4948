// How the buffers of batches are compressed when they are sent: the original's three choices.
#pragma once

#include <arrow/ipc/options.h>
#include <arrow/result.h>

#include <array>
#include <string_view>

namespace stellar_arrow::stream {

enum class Compression { kNone, kLz4, kZstd };

inline constexpr std::array kCompressions = {Compression::kNone, Compression::kLz4,
                                             Compression::kZstd};

// "none", "lz4", "zstd".
std::string_view CompressionName(Compression compression);
// Errors: INVALID_ARGUMENT listing the names.
arrow::Result<Compression> ParseCompression(std::string_view name);

// The levels that there are; lz4 has 12, and takes higher ones for its highest.
inline constexpr int kLeastLevel = 1;
inline constexpr int kMostLevel = 22;

// How Arrow encodes batches so, each on the thread that calls it.
arrow::Result<arrow::ipc::IpcWriteOptions> IpcOptionsOf(Compression compression,
                                                        int level = kLeastLevel);

}  // namespace stellar_arrow::stream
