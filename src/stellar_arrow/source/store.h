// Where a lake's objects lie: under names in folders, each read whole. Knows no ledger.
#pragma once

#include <arrow/filesystem/type_fwd.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stellar_arrow/source/recovery.h"

namespace stellar_arrow::source {

// Thread-safe. Each call is one attempt, however it ends: to try again is for others (recovery.h).
// One that waits for a network ends at once at the `patience`'s stop, with CANCELLED, and at its
// until, with the system's ETIMEDOUT. Errors: UNAVAILABLE, or the system's own, where the store
// does not answer.
class Store {
 public:
  struct Entry {
    std::string name;
    bool is_folder = false;
  };

  virtual ~Store() = default;

  // What is in `folder`, in any order ("" = the store itself). A folder that is not there is empty,
  // but the store itself must be there. Errors: UNIMPLEMENTED where it does not tell names.
  virtual arrow::Result<std::vector<Entry>> List(const std::string& folder,
                                                 const Patience& patience) = 0;

  virtual arrow::Result<bool> Exists(const std::string& object, const Patience& patience) = 0;

  // Null if it is not there. Errors: RESOURCE_EXHAUSTED for one that is too big.
  virtual arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                             arrow::MemoryPool* pool,
                                                             const Patience& patience) = 0;

  // Whether a network lies between: a long list takes longer than some looks at single names.
  virtual bool is_remote() const { return false; }
};

// An object as it is stored is not read where it has more; real ones of 64 dense ledgers are below
// 32 MiB.
inline constexpr int64_t kMostStoredBytes = int64_t{256} << 20;

// The same where it may unzip to `max_object_bytes`: ledgers never become more by being zipped.
constexpr int64_t MostStoredBytes(int64_t max_object_bytes) {
  return std::min(max_object_bytes, kMostStoredBytes);
}

// The folder `path` of a file system of Arrow's, objects of which may have `most_bytes`.
std::shared_ptr<Store> OpenStore(std::shared_ptr<arrow::fs::FileSystem> filesystem,
                                 std::string path, int64_t most_bytes);

}  // namespace stellar_arrow::source
