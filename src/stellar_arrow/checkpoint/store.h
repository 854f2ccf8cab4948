// A folder of checkpoints, each in a file of its own. What it says is saved is on the disk; what it
// cannot read for certain it refuses by name. Knows no stream and no client.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/checkpoint/checkpoint.h"

namespace stellar_arrow::checkpoint {

// Thread-safe, but that changes of one id must follow each other. What is read meanwhile is whole:
// the checkpoint before a change or after it.
class Store {
 public:
  // Whether it may be written to; then nobody else may.
  enum class Access { kRead, kWrite };

  // Opens a folder, which is made if there is none to write to. `who` is what others are told who
  // want it meanwhile, such as an address. Errors: FAILED_PRECONDITION where it is in use (naming
  // by whom), a link, somebody else's, or others may write to it.
  static arrow::Result<std::unique_ptr<Store>> Open(const std::string& folder, Access access,
                                                    std::string_view who);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const std::string& folder() const { return folder_; }

  // Nullopt where there is none. Errors: FAILED_PRECONDITION that names the file.
  arrow::Result<std::optional<Checkpoint>> Load(const std::string& id) const;

  // When it returns well the checkpoint is on the disk. After an error it is the one before, or
  // this one. The generation before stays beside it.
  arrow::Status Save(const Checkpoint& checkpoint);

  // Errors: NOT_FOUND.
  arrow::Status Remove(const std::string& id);

  struct Entry {
    std::string id;
    arrow::Result<Checkpoint> checkpoint;
  };
  // All there are, by id.
  arrow::Result<std::vector<Entry>> List() const;

  // Removes one that was saved longer than `age` ago; false if it was not.
  arrow::Result<bool> RemoveIfOlder(const std::string& id, std::chrono::seconds age);

 private:
  Store(std::string folder, int descriptor) : folder_(std::move(folder)), folder_fd_(descriptor) {}

  arrow::Status Lock(std::string_view who);
  arrow::Status WriteTemporary(const std::string& name, std::string_view text);
  arrow::Status SyncFolder() const;
  // The content of a file, nullopt if there is none.
  arrow::Result<std::optional<std::string>> Read(const std::string& name) const;
  arrow::Result<std::vector<std::string>> Names() const;

  template <typename... Parts>
  arrow::Status Failed(const std::string& name, const Parts&... parts) const;

  const std::string folder_;
  const int folder_fd_;
  int lock_fd_ = -1;
  std::atomic<uint64_t> temporaries_ = 0;
};

}  // namespace stellar_arrow::checkpoint
