#include "tests/support/folder_store.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/localfs.h>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::support {

using source::Patience;

FolderStore::FolderStore(const std::filesystem::path& folder)
    : store_(source::OpenStore(std::make_shared<arrow::fs::LocalFileSystem>(), folder.string(),
                               source::kMostStoredBytes)) {}

void FolderStore::Hide(const std::string& name) {
  const std::lock_guard lock(mutex_);
  hidden_.insert(name);
}

void FolderStore::Show(const std::string& name) {
  const std::lock_guard lock(mutex_);
  hidden_.erase(name);
}

bool FolderStore::IsHidden(const std::string& object) {
  const std::lock_guard lock(mutex_);
  return hidden_.contains(object.substr(object.rfind('/') + 1));
}

arrow::Result<std::vector<source::Store::Entry>> FolderStore::List(const std::string& folder,
                                                                   const Patience& patience) {
  ++requests;
  ++lists;
  if (!tells_names) return Error(ErrorCode::kUnimplemented, "no list");
  ARROW_RETURN_NOT_OK(fault(folder, patience));
  ARROW_ASSIGN_OR_RAISE(auto entries, store_->List(folder, patience));
  std::erase_if(entries, [this](const Entry& entry) { return IsHidden(entry.name); });
  return entries;
}

arrow::Result<bool> FolderStore::Exists(const std::string& object, const Patience& patience) {
  ++requests;
  ARROW_RETURN_NOT_OK(fault(object, patience));
  return IsHidden(object) ? false : store_->Exists(object, patience);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FolderStore::Read(const std::string& object,
                                                                arrow::MemoryPool* pool,
                                                                const Patience& patience) {
  ++requests;
  ARROW_RETURN_NOT_OK(fault(object, patience));
  if (IsHidden(object)) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto bytes, store_->Read(object, pool, patience));
  if (bytes != nullptr) ++reads;
  return bytes;
}

}  // namespace stellar_arrow::support
