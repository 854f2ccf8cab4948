// Objects of lakes elsewhere, kept in a folder: bounded, verified when they are read, and safe to
// delete at any time.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "stellar_arrow/source/store.h"

namespace stellar_arrow::source {

// Several processes may share a folder. What cannot be kept or found again is no error: it is read
// from its lake. Thread-safe.
class ObjectCache {
 public:
  // Of at most `most_bytes` in `folder`, which is made if it is not there. Errors: UNAVAILABLE
  // where it cannot be.
  static arrow::Result<std::shared_ptr<ObjectCache>> Open(const std::string& folder,
                                                          int64_t most_bytes);

  // `object` of the lake `lake`; null where it is not here, or not whole.
  std::shared_ptr<arrow::Buffer> Find(const std::string& lake, const std::string& object,
                                      arrow::MemoryPool* pool);
  void Keep(const std::string& lake, const std::string& object, const arrow::Buffer& bytes);

 private:
  ObjectCache(std::filesystem::path folder, int64_t most_bytes)
      : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  // Whether `size` bytes more may be written, which must then be told to GiveRoomBack().
  bool TakeRoom(int64_t size);
  // `size` bytes were written, and kept or not.
  void GiveRoomBack(int64_t size, bool kept);
  // Counts what is there and, where that, what is being written and `wanted` bytes are too much,
  // removes what was used longest ago. Under the lock.
  void MakeRoom(int64_t wanted);

  const std::filesystem::path folder_;
  const int64_t most_bytes_;
  std::mutex mutex_;
  // Guarded by mutex_.
  int64_t kept_ = 0;     // what was there when it was counted, and was kept since
  int64_t writing_ = 0;  // what is being written by this process
};

// `store`, whose objects are read from `cache` where they are there. `lake` is its name.
std::shared_ptr<Store> WithCache(std::shared_ptr<Store> store, std::string lake,
                                 std::shared_ptr<ObjectCache> cache);

}  // namespace stellar_arrow::source
