#include "stellar_arrow/stream/compression.h"

#include <arrow/util/compression.h>

#include <algorithm>
#include <string>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::stream {

std::string_view CompressionName(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kLz4:
      return "lz4";
    case Compression::kZstd:
      return "zstd";
  }
  return "";
}

arrow::Result<Compression> ParseCompression(std::string_view name) {
  const auto found = std::ranges::find(kCompressions, name, CompressionName);
  if (found != kCompressions.end()) return *found;
  return Error(ErrorCode::kInvalidArgument, "compression ", Quoted(name),
               " is not one of none, lz4, zstd");
}

arrow::Result<arrow::ipc::IpcWriteOptions> IpcOptionsOf(Compression compression, int level) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.use_threads = false;  // batches are encoded side by side, their buffers are not
  if (compression == Compression::kNone) return options;
  const auto type =
      compression == Compression::kLz4 ? arrow::Compression::LZ4_FRAME : arrow::Compression::ZSTD;
  ARROW_ASSIGN_OR_RAISE(const int most, arrow::util::Codec::MaximumCompressionLevel(type));
  ARROW_ASSIGN_OR_RAISE(options.codec,
                        arrow::util::Codec::Create(type, std::clamp(level, kLeastLevel, most)));
  return options;
}

}  // namespace stellar_arrow::stream
