#include "stellar_arrow/source/unzip.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <string>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

constexpr uint8_t kMagic[4] = {0x28, 0xb5, 0x2f, 0xfd};
constexpr int64_t kAlwaysAllowed = int64_t{64} << 20;
constexpr int64_t kMaxRatio = 200;
// A first guess of what an object unzips to; real ones reach 5 to 9 times their size.
constexpr int64_t kUsualRatio = 10;

}  // namespace

bool IsZstd(xdr::Bytes bytes) {
  return bytes.size() >= sizeof kMagic && std::equal(kMagic, kMagic + 4, bytes.begin());
}

bool IsCutShort(xdr::Bytes bytes) {
  if (bytes.size() < sizeof kMagic) return std::equal(bytes.begin(), bytes.end(), kMagic);
  const size_t frame = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
  return IsZstd(bytes) && ZSTD_getErrorCode(frame) == ZSTD_error_srcSize_wrong;
}

int64_t MaxUnzippedBytes(int64_t stored, int64_t max_bytes) {
  return std::min(max_bytes, std::max(kAlwaysAllowed, kMaxRatio * stored));
}

struct Unzipper::State {
  State(int64_t max, arrow::MemoryPool* from)
      : max_bytes(max), pool(from), zstd(ZSTD_createDCtx()) {}
  ~State() { ZSTD_freeDCtx(zstd); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  arrow::Status Reserve(int64_t bytes) {
    if (buffer != nullptr && bytes <= buffer->size()) return arrow::Status::OK();
    buffer.reset();  // nothing in it is needed
    return arrow::AllocateBuffer(bytes, pool).Value(&buffer);
  }

  int64_t max_bytes;
  arrow::MemoryPool* pool;
  ZSTD_DCtx* zstd;
  std::unique_ptr<arrow::Buffer> buffer;
};

Unzipper::Unzipper(int64_t max_bytes, arrow::MemoryPool* pool)
    : state_(std::make_unique<State>(max_bytes, pool)) {}
Unzipper::~Unzipper() = default;
Unzipper::Unzipper(Unzipper&&) noexcept = default;
Unzipper& Unzipper::operator=(Unzipper&&) noexcept = default;

// Decodes straight into the buffer that is handed out. A frame's size is not known beforehand (and
// what it claims is no more than a hint), so a buffer that turns out too small is doubled and the
// frame decoded anew; after a few objects that does not happen any more.
arrow::Result<xdr::Bytes> Unzipper::Unzip(xdr::Bytes stored) {
  if (!IsZstd(stored)) {
    return Error(ErrorCode::kDataLoss, stored.empty() ? "the object is empty" : "no zstd frame");
  }
  const size_t frame = ZSTD_findFrameCompressedSize(stored.data(), stored.size());
  if (ZSTD_isError(frame)) {
    return Error(ErrorCode::kDataLoss, "the zstd frame is cut short or damaged, in ", stored.size(),
                 " bytes: ", ZSTD_getErrorName(frame));
  }
  if (frame != stored.size()) {
    return Error(ErrorCode::kDataLoss, stored.size() - frame,
                 " bytes follow the zstd frame at byte ", frame);
  }
  const auto size = static_cast<int64_t>(stored.size());
  const int64_t cap = MaxUnzippedBytes(size, state_->max_bytes);
  int64_t guess = kUsualRatio * size;
  const unsigned long long claimed = ZSTD_getFrameContentSize(stored.data(), stored.size());
  if (claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed != ZSTD_CONTENTSIZE_ERROR) {
    if (claimed > static_cast<unsigned long long>(cap)) {
      return Error(ErrorCode::kResourceExhausted, "the object claims to unzip to ", claimed,
                   " bytes; at most ", cap, " are allowed");
    }
    guess = std::min(guess, static_cast<int64_t>(claimed));
  }
  ARROW_RETURN_NOT_OK(state_->Reserve(std::clamp<int64_t>(guess, 1, cap)));
  while (true) {
    const int64_t room = std::min(state_->buffer->size(), cap);
    const size_t written =
        ZSTD_decompressDCtx(state_->zstd, state_->buffer->mutable_data(), static_cast<size_t>(room),
                            stored.data(), stored.size());
    if (!ZSTD_isError(written)) return xdr::Bytes(state_->buffer->data(), written);
    if (ZSTD_getErrorCode(written) != ZSTD_error_dstSize_tooSmall) {
      return Error(ErrorCode::kDataLoss, "the zstd frame is damaged: ", ZSTD_getErrorName(written));
    }
    if (room >= cap) {
      return Error(ErrorCode::kResourceExhausted, "the object of ", size,
                   " bytes unzips to more than the ", cap, " bytes allowed");
    }
    ARROW_RETURN_NOT_OK(state_->Reserve(std::min(cap, 2 * room)));
  }
}

}  // namespace stellar_arrow::source
