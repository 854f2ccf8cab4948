// Record marks: how stellar-core and history archives put XDR values one after the other in a file.
#pragma once

#include <arrow/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "stellar_arrow/xdr/bytes.h"

namespace stellar_arrow::source {

inline constexpr size_t kFrameMarkBytes = 4;
// A record is one LedgerCloseMeta; far above any real one.
inline constexpr size_t kMaxFrameBytes = size_t{256} << 20;

// The size of the record that follows the mark at the start of `bytes`; absent if the mark is not
// whole. `position` is for messages. Errors: DATA_LOSS for what is no mark, or of too big a record.
arrow::Result<std::optional<size_t>> FrameAt(xdr::Bytes bytes, uint64_t position);

}  // namespace stellar_arrow::source
