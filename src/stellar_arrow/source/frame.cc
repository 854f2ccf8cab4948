#include "stellar_arrow/source/frame.h"

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {

arrow::Result<std::optional<size_t>> FrameAt(xdr::Bytes bytes, uint64_t position) {
  // The top bit says that the record is not continued in another one; core never splits any.
  constexpr uint32_t kLastFragment = 0x80000000;
  if (bytes.size() < kFrameMarkBytes) return std::nullopt;
  const uint32_t mark = uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 |
                        uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]};
  if ((mark & kLastFragment) == 0) {
    return Error(ErrorCode::kDataLoss, "no record mark at byte ", position,
                 ": its top bit is not set");
  }
  const size_t size = mark & ~kLastFragment;
  if (size > kMaxFrameBytes) {
    return Error(ErrorCode::kDataLoss, "the record mark at byte ", position, " says ", size,
                 " bytes; at most ", kMaxFrameBytes, " are allowed");
  }
  return size;
}

}  // namespace stellar_arrow::source
