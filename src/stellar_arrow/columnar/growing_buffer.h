// Memory that grows while a batch is made. Knows Arrow's buffers and pools; knows no type.
#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace stellar_arrow::columnar {

// What the columns of one batch share while it is made.
struct BatchContext {
  arrow::MemoryPool* pool = nullptr;
  // The first failure. Columns go on as if nothing were, writing nowhere, so that cells need no
  // status of their own; the batch is lost.
  arrow::Status status;

  void Fail(arrow::Status failure) {
    if (status.ok()) status = std::move(failure);
  }

  // `bytes` zeros, the same ones for whoever asks: nobody writes to a finished batch.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Zeros(int64_t bytes) {
    if (zeros == nullptr || zeros->size() < bytes) {
      ARROW_ASSIGN_OR_RAISE(zeros, arrow::AllocateBuffer(bytes, pool));
      std::memset(zeros->mutable_data(), 0, static_cast<size_t>(bytes));
    }
    return arrow::SliceBuffer(zeros, 0, bytes);
  }
  std::shared_ptr<arrow::Buffer> zeros = nullptr;
};

// Bytes at the end of which more are put. The first growth after Finish() makes the room that the
// last batches needed and a little more, so that a stream in its stride allocates once a buffer and
// batch.
class GrowingBuffer {
 public:
  explicit GrowingBuffer(BatchContext* context) : context_(*context) {}

  int64_t size() const { return size_; }
  uint8_t* data() { return data_; }

  // Room for `bytes` more, uninitialised; null where there is none (the context says why).
  uint8_t* Grow(int64_t bytes) {
    if (capacity_ - size_ < bytes) [[unlikely]] {
      if (!Enlarge(bytes)) return nullptr;
    }
    uint8_t* const at = data_ + size_;
    size_ += bytes;
    return at;
  }

  // Uninitialised bytes at the end until there are `bytes` in all. False where there is no room.
  bool Reserve(int64_t bytes) {
    const int64_t more = bytes - size_;
    return more <= 0 || Grow(more) != nullptr;
  }

  // Zeros at the end until there are `bytes` in all. False where there is no room.
  bool Reach(int64_t bytes) {
    const int64_t more = bytes - size_;
    if (more <= 0) return true;
    uint8_t* const at = Grow(more);
    if (at != nullptr) std::memset(at, 0, static_cast<size_t>(more));
    return at != nullptr;
  }

  // Forgets the bytes, but keeps the room.
  void Clear() { size_ = 0; }

  // All bytes since the last call.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() {
    if (buffer_ == nullptr && !Enlarge(0)) return context_.status;
    // Batches of one stream are alike, but some are made of less: a little more room than the last
    // ones needed saves moving all.
    expected_ = std::max(size_ + size_ / 8, expected_ - expected_ / 8);
    // Room that is left over costs less than moving all to give it back, as long as it is not most.
    const bool shrink = capacity_ / 4 > size_ + kLeast;
    ARROW_RETURN_NOT_OK(buffer_->Resize(size_, shrink));
    // Not Buffer::ZeroPadding(), which writes to all the room that is left.
    const int64_t padding = std::min(buffer_->capacity() - size_, kLeast - size_ % kLeast);
    std::memset(buffer_->mutable_data() + size_, 0, static_cast<size_t>(padding));
    size_ = 0;
    data_ = nullptr;
    capacity_ = 0;
    return std::shared_ptr<arrow::Buffer>(std::move(buffer_));
  }

 private:
  static constexpr int64_t kLeast = 64;  // bytes; Arrow's buffers are padded to this

  bool Enlarge(int64_t bytes) {
    const int64_t wanted = std::max({size_ + bytes, 2 * capacity_, expected_, kLeast});
    arrow::Status status;
    if (buffer_ == nullptr) {
      auto made = arrow::AllocateResizableBuffer(wanted, context_.pool);
      status = made.status();
      if (made.ok()) buffer_ = *std::move(made);
    } else {
      status = buffer_->Resize(wanted, /*shrink_to_fit=*/false);
    }
    if (!status.ok()) {
      context_.Fail(std::move(status));
      return false;
    }
    data_ = buffer_->mutable_data();
    capacity_ = wanted;
    return true;
  }

  BatchContext& context_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  uint8_t* data_ = nullptr;
  int64_t size_ = 0;
  int64_t capacity_ = 0;
  int64_t expected_ = 0;  // bytes of the last batches, and a little more
};

}  // namespace stellar_arrow::columnar
