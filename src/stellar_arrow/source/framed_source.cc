#include "stellar_arrow/source/framed_source.h"

#include <arrow/buffer.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/source/frame.h"
#include "stellar_arrow/source/object_bytes.h"
#include "stellar_arrow/source/taken_ledgers.h"

namespace stellar_arrow::source {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

arrow::Status SystemError(std::string_view what, const std::string& path) {
  const int error = errno;
  return Error(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable, "cannot ", what,
               " ", path, ": ", std::strerror(error));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

xdr::Bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string FrameName(const std::string& path, uint64_t position) {
  return Concat(path, " record at byte ", position);
}

// A regular file. Its frames are noted as they appear; nothing of their content is kept.
class FramedFile {
 public:
  FramedFile(std::string path, bool follow, int fd)
      : path_(std::move(path)), follow_(follow), fd_(fd) {}

  struct Entry {
    ledger::LedgerId id;
    uint64_t offset = 0;  // of the ledger, behind its mark
    size_t size = 0;
  };

  const std::string& path() const { return path_; }
  bool follow() const { return follow_; }

  // Notes what has been appended since the last call. Errors: DATA_LOSS for what is no record, for
  // a short tail of a file that is not followed, and for a ledger that comes again with another
  // hash.
  arrow::Status Refresh() {
    const std::lock_guard lock(mutex_);
    struct stat info;
    if (::fstat(fd_.get(), &info) != 0) return SystemError("look at", path_);
    const auto size = static_cast<uint64_t>(info.st_size);
    if (size < position_) {
      return Error(ErrorCode::kDataLoss, path_, " was shortened while it was read");
    }
    while (size - position_ >= kFrameMarkBytes) {
      const size_t head_size =
          std::min<uint64_t>(size - position_, kFrameMarkBytes + ledger::kMaxHeaderBytes);
      std::string head(head_size, '\0');
      ARROW_RETURN_NOT_OK(ReadInto(head.data(), position_, head_size));
      auto frame = FrameAt(BytesOf(head), position_);
      if (!frame.ok()) return WithContext(frame.status(), path_);
      const size_t frame_size = **frame;
      if (size - position_ - kFrameMarkBytes < frame_size) break;
      ARROW_RETURN_NOT_OK(Note(BytesOf(head).subspan(kFrameMarkBytes), frame_size));
      position_ += kFrameMarkBytes + frame_size;
    }
    if (position_ != size && !follow_) {
      return Error(ErrorCode::kDataLoss, FrameName(path_, position_),
                   " is cut short: the file has ", size,
                   " bytes. If it is still being written, or to read the records before, say "
                   "framed:",
                   path_, "?follow=true");
    }
    return arrow::Status::OK();
  }

  Extent GetExtent() const {
    const std::lock_guard lock(mutex_);
    Extent extent;
    extent.grows = follow_;
    if (entries_.empty()) return extent;
    extent.first = entries_.front().id.sequence;
    extent.newest = entries_.back().id.sequence;
    return extent;
  }

  // The first ledger from `sequence` on.
  std::optional<Entry> Find(uint32_t sequence) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::lower_bound(
        entries_, sequence, {}, [](const Entry& entry) { return entry.id.sequence; });
    return found == entries_.end() ? std::nullopt : std::optional(*found);
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const Entry& entry,
                                                     arrow::MemoryPool* pool) const {
    ARROW_ASSIGN_OR_RAISE(auto bytes,
                          arrow::AllocateBuffer(static_cast<int64_t>(entry.size), pool));
    ARROW_RETURN_NOT_OK(ReadInto(bytes->mutable_data(), entry.offset, entry.size));
    return bytes;
  }

 private:
  arrow::Status Note(xdr::Bytes ledger_start, size_t size) {
    const auto id = ledger::PeekLedger(ledger_start.first(std::min(size, ledger_start.size())));
    if (!id) {
      return Error(ErrorCode::kDataLoss, FrameName(path_, position_),
                   " is no LedgerCloseMeta: its ledger header cannot be read");
    }
    if (entries_.empty() || id->sequence > entries_.back().id.sequence) {
      entries_.push_back({*id, position_ + kFrameMarkBytes, size});
      return arrow::Status::OK();
    }
    // After a crash core emits some ledgers again.
    const auto known = std::ranges::lower_bound(
        entries_, id->sequence, {}, [](const Entry& entry) { return entry.id.sequence; });
    if (known->id.sequence == id->sequence && known->id.hash == id->hash) {
      return arrow::Status::OK();
    }
    return LedgerError(ErrorCode::kDataLoss, id->sequence, FrameName(path_, position_),
                       " is ledger ", id->sequence,
                       known->id.sequence == id->sequence
                           ? " again, but with another hash"
                           : ", which is older than those before it and was not among them");
  }

  // Needs no lock.
  arrow::Status ReadInto(void* bytes, uint64_t offset, size_t size) const {
    size_t have = 0;
    while (have < size) {
      const ssize_t got = ::pread(fd_.get(), static_cast<char*>(bytes) + have, size - have,
                                  static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemError("read", path_);
      if (got == 0) return Error(ErrorCode::kDataLoss, path_, " was shortened while it was read");
      have += static_cast<size_t>(got);
    }
    return arrow::Status::OK();
  }

  const std::string path_;
  const bool follow_;
  const FileDescriptor fd_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  uint64_t position_ = 0;  // behind the last whole frame
};

class FramedFileStream final : public ObjectStream {
 public:
  FramedFileStream(std::shared_ptr<FramedFile> file, LedgerRange range, arrow::MemoryPool* pool)
      : file_(std::move(file)), next_(range.first), last_(range.last), pool_(pool) {}

  arrow::Result<Fetched> Next() override {
    if (done_ || (last_ && next_ > *last_)) return Fetched{};
    auto entry = file_->Find(next_);
    if (!entry && file_->follow()) {
      ARROW_RETURN_NOT_OK(file_->Refresh());
      entry = file_->Find(next_);
      if (!entry) {
        return Fetched{
            Fetched::State::kNotYet, {}, Concat(file_->path(), " has no ledger ", next_, " yet")};
      }
    }
    if (!entry || (last_ && entry->id.sequence > *last_)) return Fetched{};
    ARROW_ASSIGN_OR_RAISE(auto bytes, file_->Read(*entry, pool_));
    done_ = entry->id.sequence == UINT32_MAX;
    next_ = entry->id.sequence + 1;
    return Fetched{Fetched::State::kObject,
                   {FrameName(file_->path(), entry->offset - kFrameMarkBytes), Form::kLedger,
                    /*zstd=*/false, std::move(bytes), entry->id.sequence, entry->id.sequence},
                   {}};
  }

  void Wait(int64_t milliseconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  }

 private:
  const std::shared_ptr<FramedFile> file_;
  uint32_t next_;
  const std::optional<uint32_t> last_;
  arrow::MemoryPool* const pool_;
  bool done_ = false;  // the greatest number there can be was delivered
};

class FramedFileSource final : public LedgerSource {
 public:
  FramedFileSource(std::shared_ptr<FramedFile> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}

  std::string_view name() const override { return name_; }

  arrow::Result<Extent> GetExtent(const std::stop_token&) override {
    if (file_->follow()) ARROW_RETURN_NOT_OK(file_->Refresh());
    return file_->GetExtent();
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token& stop) override {
    ARROW_ASSIGN_OR_RAISE(const Extent extent, GetExtent(stop));
    const bool before = extent.first && range.first != 0 && range.first < *extent.first;
    const uint32_t wanted = before ? range.first : range.last.value_or(range.first);
    const bool beyond = !extent.grows && (!extent.newest || wanted > *extent.newest);
    if (before || beyond) {
      return LedgerError(ErrorCode::kOutOfRange, wanted, name_, " does not have ledger ", wanted,
                         extent.first
                             ? Concat(": it has ledgers ", *extent.first, " to ", *extent.newest)
                             : std::string(": it holds no ledgers"),
                         extent.grows ? "" : " and cannot grow");
    }
    return std::make_unique<FramedFileStream>(file_, range, pool);
  }

 private:
  const std::shared_ptr<FramedFile> file_;
  const std::string name_;
};

// What has been read off a pipe and not been handed on yet. Used by one stream at a time.
struct Pipe {
  explicit Pipe(int fd) : descriptor(fd) {}

  FileDescriptor descriptor;
  std::string waiting;    // whole frames' worth and less
  uint64_t position = 0;  // of the first byte of `waiting`, in the stream
  bool ended = false;
  std::atomic<bool> in_use = false;
  TakenLedgers taken;  // out of `waiting`
};

class PipeStream final : public ObjectStream {
 public:
  PipeStream(std::shared_ptr<Pipe> pipe, std::string name, LedgerRange range,
             arrow::MemoryPool* pool)
      : pipe_(std::move(pipe)), name_(std::move(name)), range_(range), pool_(pool) {}

  ~PipeStream() override { pipe_->in_use = false; }

  arrow::Result<Fetched> Next() override {
    while (true) {
      const std::optional<uint32_t> last = pipe_->taken.last();
      if (range_.last && last && *last >= *range_.last) return Fetched{};
      ARROW_ASSIGN_OR_RAISE(const std::optional<xdr::Bytes> frame, SeeFrame());
      if (frame) {
        const auto id = ledger::PeekLedger(*frame);
        if (!id) {
          return Error(ErrorCode::kDataLoss, FrameName(name_, pipe_->position),
                       " is no LedgerCloseMeta: its ledger header cannot be read");
        }
        // After a crash core emits some ledgers again.
        ARROW_ASSIGN_OR_RAISE(const bool repeated,
                              pipe_->taken.IsRepeated(*id, FrameName(name_, pipe_->position)));
        if (repeated) {
          Drop(*frame);
          continue;
        }
        // What the range cannot use stays for the next stream.
        if (!last && range_.first != 0 && id->sequence > range_.first) {
          return LedgerError(ErrorCode::kOutOfRange, range_.first, name_, " does not have ledger ",
                             range_.first, ": it begins with ledger ", id->sequence);
        }
        if (range_.last && id->sequence > *range_.last) return Fetched{};
        std::shared_ptr<arrow::Buffer> bytes;
        if (id->sequence >=
            range_.first) {  // where that fails the ledger stays for the next stream
          ARROW_ASSIGN_OR_RAISE(bytes, CopyOf(*frame, pool_));
        }
        pipe_->taken.Add(*id);
        if (bytes == nullptr) {
          Drop(*frame);
          continue;
        }
        Fetched fetched{Fetched::State::kObject,
                        {FrameName(name_, pipe_->position), Form::kLedger, /*zstd=*/false,
                         std::move(bytes), id->sequence, id->sequence},
                        {}};
        Drop(*frame);
        return fetched;
      }
      if (pipe_->ended) {
        if (pipe_->waiting.empty()) return Fetched{};
        return Error(ErrorCode::kDataLoss, FrameName(name_, pipe_->position),
                     " is cut short: the stream ended after ", pipe_->waiting.size(),
                     " bytes of it");
      }
      ARROW_ASSIGN_OR_RAISE(const bool more, ReadSome());
      if (!more) {
        return Fetched{Fetched::State::kNotYet, {}, Concat(name_, " has nothing more for now")};
      }
    }
  }

  void Wait(int64_t milliseconds) override {
    pollfd ready{pipe_->descriptor.get(), POLLIN, 0};
    ::poll(&ready, 1, static_cast<int>(milliseconds));
  }

 private:
  // The next ledger of `waiting`, if the whole of it is there. It stays there.
  arrow::Result<std::optional<xdr::Bytes>> SeeFrame() const {
    auto size = FrameAt(BytesOf(pipe_->waiting), pipe_->position);
    if (!size.ok()) return WithContext(size.status(), name_);
    if (!*size || pipe_->waiting.size() - kFrameMarkBytes < **size) return std::nullopt;
    return BytesOf(pipe_->waiting).subspan(kFrameMarkBytes, **size);
  }

  // Takes the frame that SeeFrame gave out of `waiting`.
  void Drop(xdr::Bytes frame) {
    const size_t size = kFrameMarkBytes + frame.size();
    pipe_->waiting.erase(0, size);
    pipe_->position += size;
  }

  // Reads what is there without waiting. False: nothing is.
  arrow::Result<bool> ReadSome() {
    pollfd ready{pipe_->descriptor.get(), POLLIN, 0};
    const int polled = ::poll(&ready, 1, 0);
    if (polled == 0 || (polled < 0 && errno == EINTR)) return false;
    if (polled < 0) return SystemError("wait for", name_);
    const size_t before = pipe_->waiting.size();
    pipe_->waiting.resize(before + kReadBytes);
    const ssize_t got = ::read(pipe_->descriptor.get(), pipe_->waiting.data() + before, kReadBytes);
    pipe_->waiting.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) return false;
      return SystemError("read", name_);
    }
    pipe_->ended = got == 0;
    return true;
  }

  const std::shared_ptr<Pipe> pipe_;
  const std::string name_;
  const LedgerRange range_;
  arrow::MemoryPool* const pool_;
};

class PipeSource final : public LedgerSource {
 public:
  PipeSource(int fd, bool follow, std::string name)
      : pipe_(std::make_shared<Pipe>(fd)), follow_(follow), name_(std::move(name)) {}

  std::string_view name() const override { return name_; }

  arrow::Result<Extent> GetExtent(const std::stop_token&) override {
    return Extent{{}, {}, follow_};
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token&) override {
    if (pipe_->in_use.exchange(true)) {
      return Error(ErrorCode::kUnavailable, name_,
                   " is a pipe, which one stream at a time can read; end the other stream, or "
                   "write the ledgers to a file");
    }
    const std::optional<uint32_t> last = pipe_->taken.last();
    if (last && range.first != 0 && range.first <= *last) {
      pipe_->in_use = false;
      return LedgerError(ErrorCode::kOutOfRange, range.first, name_, " does not have ledger ",
                         range.first, " any more: it was read up to ledger ", *last);
    }
    return std::make_unique<PipeStream>(pipe_, name_, range, pool);
  }

 private:
  const std::shared_ptr<Pipe> pipe_;
  const bool follow_;
  const std::string name_;
};

}  // namespace

std::unique_ptr<ObjectStream> ReadPipe(int fd, std::string name, LedgerRange range,
                                       arrow::MemoryPool* pool) {
  return std::make_unique<PipeStream>(std::make_shared<Pipe>(fd), std::move(name), range, pool);
}

arrow::Result<std::unique_ptr<LedgerSource>> OpenFramed(std::string path, bool follow,
                                                        std::string name) {
  if (path == "-") return std::make_unique<PipeSource>(STDIN_FILENO, follow, std::move(name));
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return SystemError("open", path);
  if (S_ISDIR(info.st_mode)) {
    return Error(ErrorCode::kInvalidArgument, path, " is a folder; framed: reads one file");
  }
  const bool regular = S_ISREG(info.st_mode);
  // O_RDWR keeps a followed FIFO open when its writer goes away and another comes; O_NONBLOCK opens
  // any other without waiting for its writer, before whom it has not ended.
  const int fd = ::open(path.c_str(), O_CLOEXEC | (regular  ? O_RDONLY
                                                   : follow ? O_RDWR
                                                            : O_RDONLY | O_NONBLOCK));
  if (fd < 0) return SystemError("open", path);
  if (!regular) return std::make_unique<PipeSource>(fd, follow, std::move(name));
  auto file = std::make_shared<FramedFile>(std::move(path), follow, fd);
  ARROW_RETURN_NOT_OK(file->Refresh());
  return std::make_unique<FramedFileSource>(std::move(file), std::move(name));
}

}  // namespace stellar_arrow::source
