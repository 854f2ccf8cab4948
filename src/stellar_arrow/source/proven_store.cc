#include "stellar_arrow/source/proven_store.h"

#include <arrow/buffer.h>
#include <arrow/util/io_util.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_layout.h"

namespace stellar_arrow::source {
namespace {

using Clock = std::chrono::steady_clock;

class ProvenStore final : public Store {
 public:
  ProvenStore(std::shared_ptr<Store> store, std::chrono::milliseconds lasts)
      : store_(std::move(store)), lasts_(lasts) {}

  bool is_remote() const override { return store_->is_remote(); }

  arrow::Result<std::vector<Entry>> List(const std::string& folder,
                                         const Patience& patience) override {
    auto entries = store_->List(folder, patience);
    const bool missing = arrow::internal::ErrnoFromStatus(entries.status()) == ENOENT;
    if (missing || entries.ok()) {
      ARROW_RETURN_NOT_OK(Prove(!missing && !entries->empty(), patience));
    }
    return entries;
  }

  arrow::Result<bool> Exists(const std::string& object, const Patience& patience) override {
    if (object == kManifestName) return SeesManifest(patience);
    ARROW_ASSIGN_OR_RAISE(const bool there, store_->Exists(object, patience));
    ARROW_RETURN_NOT_OK(Prove(there, patience));
    return there;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                     arrow::MemoryPool* pool,
                                                     const Patience& patience) override {
    ARROW_ASSIGN_OR_RAISE(auto bytes, store_->Read(object, pool, patience));
    ARROW_RETURN_NOT_OK(Prove(bytes != nullptr, patience));
    return bytes;
  }

 private:
  // OK where something is there, or missing in a lake that is there.
  arrow::Status Prove(bool there, const Patience& patience) {
    if (there) {
      proven_ = Clock::now();
    } else if (had_manifest_ && Clock::now() >= proven_.load() + lasts_) {
      return SeesManifest(patience).status();
    }
    return arrow::Status::OK();
  }

  // Errors: UNAVAILABLE where it was there, and is not.
  arrow::Result<bool> SeesManifest(const Patience& patience) {
    const std::string manifest(kManifestName);
    ARROW_ASSIGN_OR_RAISE(const bool there, store_->Exists(manifest, patience));
    if (there) {
      had_manifest_ = true;
      proven_ = Clock::now();
    } else if (had_manifest_) {
      return Error(ErrorCode::kUnavailable, "the lake is gone: its ", manifest, " is not there");
    }
    return there;
  }

  const std::shared_ptr<Store> store_;
  const std::chrono::milliseconds lasts_;
  std::atomic<bool> had_manifest_ = false;
  std::atomic<Clock::time_point> proven_ = Clock::time_point{};  // that the lake is there
};

}  // namespace

std::shared_ptr<Store> WithProof(std::shared_ptr<Store> store, std::chrono::milliseconds lasts) {
  return std::make_shared<ProvenStore>(std::move(store), lasts);
}

}  // namespace stellar_arrow::source
