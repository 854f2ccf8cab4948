// A lake's folder as a store that can be far away, slow, broken or changing as a test wants it.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "stellar_arrow/source/store.h"

namespace stellar_arrow::support {

class FolderStore final : public source::Store {
 public:
  explicit FolderStore(const std::filesystem::path& folder);

  // Set before the store is used.
  bool remote = false;
  bool tells_names = true;
  // Called for each request with what is asked for; it fails with what is not OK. From any thread.
  std::function<arrow::Status(const std::string& name, const source::Patience&)> fault =
      [](const auto&...) { return arrow::Status::OK(); };

  std::atomic<int> requests = 0;
  std::atomic<int> lists = 0;  // of these
  std::atomic<int> reads = 0;  // of these, of objects that are there

  // Objects as if they were not there, by their names without folder.
  void Hide(const std::string& name);
  void Show(const std::string& name);

  bool is_remote() const override { return remote; }
  arrow::Result<std::vector<Entry>> List(const std::string& folder,
                                         const source::Patience& patience) override;
  arrow::Result<bool> Exists(const std::string& object, const source::Patience& patience) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                     arrow::MemoryPool* pool,
                                                     const source::Patience& patience) override;

 private:
  bool IsHidden(const std::string& object);

  const std::shared_ptr<source::Store> store_;
  std::mutex mutex_;
  std::set<std::string> hidden_;
};

}  // namespace stellar_arrow::support
