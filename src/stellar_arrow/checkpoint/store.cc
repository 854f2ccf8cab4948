// Linux and POSIX: what is written is durable once its file and then its folder are synced.
#include "stellar_arrow/checkpoint/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <set>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::checkpoint {
namespace {

constexpr std::string_view kPrefix = "stream_";
constexpr std::string_view kSuffix = ".checkpoint";
constexpr std::string_view kPrevious = ".previous";  // behind the name of the generation before
constexpr std::string_view kTemporary = ".tmp";
constexpr const char* kLock = "lock";

// A checkpoint has about 1 KiB; its request may have 4.
constexpr size_t kMostFileBytes = size_t{64} << 10;

std::string NameOf(const std::string& id) { return Concat(kPrefix, id, kSuffix); }

// The id that a file is named after; empty if it is no checkpoint's.
std::string IdOf(std::string_view name) {
  if (name.ends_with(kPrevious)) name.remove_suffix(kPrevious.size());
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return {};
  if (name.size() <= kPrefix.size() + kSuffix.size()) return {};
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  return ParseId(name).ValueOr({});
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  // What close() says: a file system may tell only then that it could not write.
  bool Close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

arrow::Status FolderError(ErrorCode code, const std::string& folder, const auto&... why) {
  return Error(code, "checkpoint folder ", folder, ": ", why...);
}

arrow::Status SystemError(const std::string& folder, std::string_view what) {
  return FolderError(ErrorCode::kUnavailable, folder, what, ": ", std::strerror(errno));
}

}  // namespace

template <typename... Parts>
arrow::Status Store::Failed(const std::string& name, const Parts&... parts) const {
  return Error(ErrorCode::kUnavailable, "checkpoint file ", folder_, "/", name, ": ", parts...,
               ": ", std::strerror(errno), "; the one before stays");
}

arrow::Result<std::unique_ptr<Store>> Store::Open(const std::string& path, Access access,
                                                  std::string_view who) {
  std::string folder = path;
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();  // it would follow a link
  if (access == Access::kWrite) {
    if (::mkdir(folder.c_str(), 0700) == 0) {
      const auto parent = std::filesystem::absolute(folder).parent_path();
      const Descriptor above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!above.ok() || ::fsync(above.get()) != 0) return SystemError(folder, "cannot be made");
    } else if (errno != EEXIST) {
      return SystemError(folder, "cannot be made");
    }
  }
  Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.ok() && (errno == ELOOP || errno == ENOTDIR)) {
    return FolderError(ErrorCode::kFailedPrecondition, folder,
                       "it is a link, or no folder; name a folder itself (CHECKPOINT_DIR)");
  }
  if (!opened.ok()) return SystemError(folder, "cannot be opened");
  struct stat status;
  if (::fstat(opened.get(), &status) != 0) return SystemError(folder, "cannot be looked at");
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return FolderError(
        ErrorCode::kFailedPrecondition, folder, "it belongs to user ", status.st_uid,
        (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? ", and others may write to it" : "",
        "; the server, user ", ::geteuid(),
        ", writes to a folder of its own only: name another (CHECKPOINT_DIR), or let "
        "it make one inside");
  }
  std::unique_ptr<Store> store(new Store(std::move(folder), opened.Release()));
  if (access == Access::kWrite) ARROW_RETURN_NOT_OK(store->Lock(who));
  return store;
}

Store::~Store() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
  ::close(folder_fd_);
}

// The lock is the kernel's and ends with the process, however that ends; the file only tells whose
// it is.
arrow::Status Store::Lock(std::string_view who) {
  Descriptor lock(
      ::openat(folder_fd_, kLock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!lock.ok()) return SystemError(folder_, "its lock cannot be opened");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemError(folder_, "cannot be locked");
    std::array<char, 256> holder{};
    const ssize_t size = ::pread(lock.get(), holder.data(), holder.size(), 0);
    std::string_view text(holder.data(), size > 0 ? static_cast<size_t>(size) : 0);
    text = text.substr(0, text.find('\n'));
    return FolderError(ErrorCode::kFailedPrecondition, folder_, "it is in use by ",
                       text.empty() ? std::string("another process") : Quoted(text),
                       "; give each server a folder of its own (CHECKPOINT_DIR)");
  }
  const std::string text = Concat("pid ", ::getpid(), ", ", who, "\n");
  if (::ftruncate(lock.get(), 0) != 0 ||
      ::pwrite(lock.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return SystemError(folder_, "its lock cannot be written");
  }
  lock_fd_ = lock.Release();
  // What a crash left half written.
  ARROW_ASSIGN_OR_RAISE(const auto names, Names());
  for (const std::string& name : names) {
    if (name.starts_with('.') && name.ends_with(kTemporary)) {
      ::unlinkat(folder_fd_, name.c_str(), 0);
    }
  }
  return arrow::Status::OK();
}

arrow::Result<std::vector<std::string>> Store::Names() const {
  Descriptor fd(::openat(folder_fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* const folder = fd.ok() ? ::fdopendir(fd.get()) : nullptr;
  if (folder == nullptr) return SystemError(folder_, "cannot be listed");
  fd.Release();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder)) names.emplace_back(entry->d_name);
  const bool complete = errno == 0;
  ::closedir(folder);
  if (!complete) return SystemError(folder_, "cannot be listed");
  std::ranges::sort(names);
  return names;
}

arrow::Result<std::optional<std::string>> Store::Read(const std::string& name) const {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::kFailedPrecondition, "checkpoint file ", folder_, "/", name, ": ", why);
  };
  // Not to wait for the writer of a pipe.
  const Descriptor file(
      ::openat(folder_fd_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok() && errno == ENOENT) return std::nullopt;
  if (!file.ok() && errno == ELOOP) return refuse("it is a link");
  struct stat status;
  if (!file.ok() || ::fstat(file.get(), &status) != 0) return refuse(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return refuse("it is no file");
  if (status.st_uid != ::geteuid()) return refuse("it is somebody else's");
  std::string text(kMostFileBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t part = ::read(file.get(), text.data() + size, text.size() - size);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return refuse(std::strerror(errno));
    if (part == 0) break;
    size += static_cast<size_t>(part);
  }
  if (size > kMostFileBytes) return refuse("it is too long for one");
  text.resize(size);
  return text;
}

arrow::Result<std::optional<Checkpoint>> Store::Load(const std::string& id) const {
  std::string name = NameOf(id);
  ARROW_ASSIGN_OR_RAISE(auto text, Read(name));
  if (!text) {
    // A crash came between the two renames of Save(), before anyone was told of the newer one.
    name += kPrevious;
    ARROW_ASSIGN_OR_RAISE(text, Read(name));
    if (!text) return std::nullopt;
  }
  auto checkpoint = ParseCheckpoint(*text, id);
  if (checkpoint.ok()) return *std::move(checkpoint);
  // The one before is not taken in its place: it is not what was acknowledged.
  std::string advice = Concat("; remove it to begin anew (checkpoint remove ", id, ")");
  const auto previous = Read(NameOf(id) + std::string(kPrevious));
  const auto before = previous.ok() && *previous ? ParseCheckpoint(**previous, id)
                                                 : arrow::Result<Checkpoint>(checkpoint.status());
  if (before.ok() && !name.ends_with(kPrevious)) {
    advice += Concat(", or rename ", name, kPrevious, " to it to go on after ledger ",
                     *before->cursor.at.last, " again");
  }
  return Error(ErrorCode::kFailedPrecondition, "checkpoint file ", folder_, "/", name, ": ",
               checkpoint.status().message(), advice);
}

arrow::Status Store::WriteTemporary(const std::string& name, std::string_view text) {
  Descriptor file(::openat(folder_fd_, name.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.ok()) return Failed(name, "cannot be made");
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed(name, "cannot be written");
    text.remove_prefix(static_cast<size_t>(written));
  }
  // Once this has failed the kernel may have forgotten the bytes: it is not tried again.
  if (::fsync(file.get()) != 0) return Failed(name, "cannot be synced");
  if (!file.Close()) return Failed(name, "cannot be closed");
  return arrow::Status::OK();
}

// By a descriptor of its own, which tells of every failure.
arrow::Status Store::SyncFolder() const {
  const Descriptor folder(::openat(folder_fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok() || ::fsync(folder.get()) != 0) return SystemError(folder_, "cannot be synced");
  return arrow::Status::OK();
}

arrow::Status Store::Save(const Checkpoint& checkpoint) {
  const std::string name = NameOf(checkpoint.id);
  const std::string temporary = Concat(".", name, ".", ++temporaries_, kTemporary);
  const std::string previous = Concat(name, kPrevious);
  arrow::Status saved = WriteTemporary(temporary, ToText(checkpoint));
  if (saved.ok() && ::renameat(folder_fd_, name.c_str(), folder_fd_, previous.c_str()) != 0 &&
      errno != ENOENT) {
    saved = Failed(name, "cannot be renamed");
  }
  if (saved.ok() && ::renameat(folder_fd_, temporary.c_str(), folder_fd_, name.c_str()) != 0) {
    saved = Failed(temporary, "cannot be renamed");
  }
  if (!saved.ok()) {
    ::unlinkat(folder_fd_, temporary.c_str(), 0);
    return saved;
  }
  return SyncFolder();
}

arrow::Status Store::Remove(const std::string& id) {
  const std::string name = NameOf(id);
  // First the one before: alone it would count.
  bool found = false;
  for (const std::string& file : {Concat(name, kPrevious), name}) {
    if (::unlinkat(folder_fd_, file.c_str(), 0) == 0) {
      found = true;
    } else if (errno != ENOENT) {
      return Failed(file, "cannot be removed");
    }
  }
  if (!found) {
    return Error(ErrorCode::kNotFound, "there is no checkpoint ", Quoted(id), " in ", folder_);
  }
  return SyncFolder();
}

arrow::Result<std::vector<Store::Entry>> Store::List() const {
  ARROW_ASSIGN_OR_RAISE(const auto names, Names());
  std::set<std::string> ids;
  for (const std::string& name : names) ids.insert(IdOf(name));
  ids.erase("");
  std::vector<Entry> entries;
  for (const std::string& id : ids) {
    const auto loaded = Load(id);
    if (!loaded.ok()) {
      entries.push_back({id, loaded.status()});
    } else if (*loaded) {  // else it has been removed meanwhile
      entries.push_back({id, **loaded});
    }
  }
  return entries;
}

arrow::Result<bool> Store::RemoveIfOlder(const std::string& id, std::chrono::seconds age) {
  const std::string name = NameOf(id);
  struct stat status;
  // The one before counts where it is alone, as in Load().
  if ((::fstatat(folder_fd_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 &&
       ::fstatat(folder_fd_, Concat(name, kPrevious).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) ||
      std::time(nullptr) - status.st_mtime < age.count()) {
    return false;
  }
  ARROW_RETURN_NOT_OK(Remove(id));
  return true;
}

}  // namespace stellar_arrow::checkpoint
