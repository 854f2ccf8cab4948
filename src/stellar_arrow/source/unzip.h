// Unzips one zstd object at a time. Trusts no claimed size.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "stellar_arrow/xdr/bytes.h"

namespace stellar_arrow::source {

// Whether `bytes` begin as a zstd frame does.
bool IsZstd(xdr::Bytes bytes);

// Whether `bytes` are the beginning of a zstd frame that goes on: what a file holds that is still
// being written. False for a whole frame, and for what no bytes could make one.
bool IsCutShort(xdr::Bytes bytes);

// Whether `bytes` can be an object as a lake has them: neither another thing, nor cut short.
inline bool LooksWhole(xdr::Bytes bytes) { return IsZstd(bytes) && !IsCutShort(bytes); }

// What an object of `stored` bytes may unzip to: at most `max_bytes`, and no more than the greater
// of 64 MiB and 200 times its size. Real ledgers reach 24 times, bombs 30,000.
int64_t MaxUnzippedBytes(int64_t stored, int64_t max_bytes);

// Keeps its buffers from object to object. Not thread-safe.
class Unzipper {
 public:
  // An object may unzip to MaxUnzippedBytes(its size, `max_bytes`).
  explicit Unzipper(int64_t max_bytes, arrow::MemoryPool* pool = arrow::default_memory_pool());
  ~Unzipper();
  Unzipper(Unzipper&&) noexcept;
  Unzipper& operator=(Unzipper&&) noexcept;

  // What the one zstd frame `stored` holds; valid until the next call. Errors: DATA_LOSS for what
  // is no frame, not whole, damaged, or followed by anything; RESOURCE_EXHAUSTED above the cap.
  arrow::Result<xdr::Bytes> Unzip(xdr::Bytes stored);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stellar_arrow::source
