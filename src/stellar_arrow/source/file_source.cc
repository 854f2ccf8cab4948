#include "stellar_arrow/source/file_source.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/batch.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/source/descriptors.h"
#include "stellar_arrow/source/frame.h"
#include "stellar_arrow/source/object_bytes.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

// A ledger in one of the files, unzipped.
struct Entry {
  ledger::LedgerId id;
  size_t file = 0;
  int64_t offset = 0;
  int64_t size = 0;
};

// For the one look at a whole file when it is opened. What is delivered is read instead: to touch a
// map of a file that has been shortened is the end of the program.
arrow::Result<std::shared_ptr<arrow::Buffer>> MapFile(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file,
                        arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  return file->ReadAt(0, size);
}

xdr::Bytes BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

arrow::Result<std::shared_ptr<arrow::io::ReadableFile>> OpenFile(const std::string& path) {
  return WithDescriptor([&] { return arrow::io::ReadableFile::Open(path); });
}

// What a file of zstd unzips to.
arrow::Result<std::shared_ptr<arrow::Buffer>> UnzipFile(const std::string& path,
                                                        int64_t max_object_bytes,
                                                        arrow::MemoryPool* pool) {
  auto unzip = [&]() -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
    ARROW_ASSIGN_OR_RAISE(const auto file, OpenFile(path));
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
    if (size > max_object_bytes) {
      return Error(ErrorCode::kResourceExhausted, "the file has ", size, " bytes of zstd; at most ",
                   max_object_bytes, " are read at once");
    }
    ARROW_ASSIGN_OR_RAISE(const auto stored, ReadBytes(*file, 0, size, pool));
    Unzipper unzipper(max_object_bytes, pool);
    ARROW_ASSIGN_OR_RAISE(const xdr::Bytes bytes, unzipper.Unzip(BytesOf(*stored)));
    return CopyOf(bytes, pool);
  };
  auto unzipped = unzip();
  if (!unzipped.ok()) return WithContext(unzipped.status(), path);
  return unzipped;
}

// Notes where ledgers lie in a file's bytes. Each form is tried from its first byte to its last.
class Recogniser {
 public:
  Recogniser(xdr::Bytes bytes, size_t file) : bytes_(bytes), file_(file) {}

  arrow::Result<std::vector<Entry>> Recognise() {
    if (bytes_.empty()) return Error(ErrorCode::kDataLoss, "the file is empty");
    const arrow::Status framed = AsFrames();
    if (framed.ok()) return std::move(entries_);
    const arrow::Status single = AsLedger();
    if (single.ok()) return std::move(entries_);
    const arrow::Status batch = AsBatch();
    if (batch.ok()) return std::move(entries_);
    return Error(ErrorCode::kDataLoss, "no ledgers. As one LedgerCloseMeta: ", single.message(),
                 ". As a LedgerCloseMetaBatch: ", batch.message(),
                 ". As a record-marked stream: ", framed.message());
  }

 private:
  arrow::Status AsFrames() {
    entries_.clear();
    size_t position = 0;
    while (position < bytes_.size()) {
      ARROW_ASSIGN_OR_RAISE(const std::optional<size_t> size,
                            FrameAt(bytes_.subspan(position), position));
      if (!size || *size > bytes_.size() - position - kFrameMarkBytes) {
        return Error(ErrorCode::kDataLoss, "the record at byte ", position, " is cut short");
      }
      position += kFrameMarkBytes;
      if (const arrow::Status opened = ledger_.Open(bytes_.subspan(position, *size));
          !opened.ok()) {
        return WithContext(opened, Concat("the record at byte ", position - kFrameMarkBytes));
      }
      Add(position);
      position += *size;
    }
    return arrow::Status::OK();
  }

  arrow::Status AsLedger() {
    entries_.clear();
    ARROW_RETURN_NOT_OK(ledger_.Open(bytes_));
    Add(0);
    return arrow::Status::OK();
  }

  arrow::Status AsBatch() {
    entries_.clear();
    ARROW_ASSIGN_OR_RAISE(const ledger::BatchHead head, ledger::ReadBatchHead(bytes_));
    xdr::Bytes rest = head.ledgers;
    for (uint32_t i = 0; i < head.count; ++i) {
      ARROW_ASSIGN_OR_RAISE(const size_t size, ledger_.OpenPrefix(rest));
      if (ledger_.sequence() != head.first + i) {
        return Error(ErrorCode::kDataLoss, "ledger ", head.first + i, " should be at place ", i,
                     ", but it is ledger ", ledger_.sequence());
      }
      Add(static_cast<size_t>(rest.data() - bytes_.data()));
      rest = rest.subspan(size);
    }
    if (rest.empty()) return arrow::Status::OK();
    return Error(ErrorCode::kDataLoss, rest.size(), " bytes follow the batch");
  }

  void Add(size_t offset) {
    Entry entry{{ledger_.sequence(), {}, ledger_.header().ledgerVersion()},
                file_,
                static_cast<int64_t>(offset),
                static_cast<int64_t>(ledger_.wire().size())};
    std::ranges::copy(ledger_.hash(), entry.id.hash.begin());
    entries_.push_back(entry);
  }

  const xdr::Bytes bytes_;
  const size_t file_;
  ledger::Ledger ledger_;
  std::vector<Entry> entries_;
};

// What is settled when the files are opened.
struct Files {
  struct File {
    std::string path;
    bool zstd = false;
  };
  std::string name;
  std::vector<File> files;
  std::vector<Entry> entries;  // by ledger, each once
  int64_t max_object_bytes = 0;
};

class FileStream final : public ObjectStream {
 public:
  FileStream(std::shared_ptr<const Files> files, LedgerRange range, arrow::MemoryPool* pool)
      : files_(std::move(files)), last_(range.last), pool_(pool) {
    next_ = static_cast<size_t>(
        std::ranges::lower_bound(files_->entries, range.first, {},
                                 [](const Entry& entry) { return entry.id.sequence; }) -
        files_->entries.begin());
  }

  // A ledger that is missing shows as a jump in the numbers, which the reader judges.
  arrow::Result<Fetched> Next() override {
    if (next_ == files_->entries.size()) return Fetched{};
    const Entry& entry = files_->entries[next_];
    if (last_ && entry.id.sequence > *last_) return Fetched{};
    const std::string& path = files_->files[entry.file].path;
    ARROW_ASSIGN_OR_RAISE(auto bytes, Read(entry));
    if (bytes->size() < entry.size) {
      return LedgerError(ErrorCode::kDataLoss, entry.id.sequence, path,
                         " was shortened after it was opened");
    }
    ++next_;
    std::string name = entry.offset == 0 ? path : Concat(path, " from byte ", entry.offset);
    return Fetched{Fetched::State::kObject,
                   {std::move(name), Form::kLedger, /*zstd=*/false, std::move(bytes),
                    entry.id.sequence, entry.id.sequence},
                   {}};
  }

  void Wait(int64_t) override {}  // never kNotYet

 private:
  // The entry's bytes; fewer if the file has become shorter.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const Entry& entry) {
    const Files::File& file = files_->files[entry.file];
    if (current_ != entry.file) {
      unzipped_.reset();
      plain_.reset();
      if (file.zstd) {
        ARROW_ASSIGN_OR_RAISE(unzipped_, UnzipFile(file.path, files_->max_object_bytes, pool_));
      } else {
        ARROW_ASSIGN_OR_RAISE(plain_, OpenFile(file.path));
      }
      current_ = entry.file;
    }
    if (plain_ != nullptr) return ReadBytes(*plain_, entry.offset, entry.size, pool_);
    const int64_t offset = std::min(entry.offset, unzipped_->size());
    return arrow::SliceBuffer(unzipped_, offset, std::min(entry.size, unzipped_->size() - offset));
  }

  const std::shared_ptr<const Files> files_;
  const std::optional<uint32_t> last_;
  arrow::MemoryPool* const pool_;
  size_t next_ = 0;
  std::optional<size_t> current_;  // the file that one of these two is of
  std::shared_ptr<arrow::Buffer> unzipped_;
  std::shared_ptr<arrow::io::ReadableFile> plain_;
};

class FileSource final : public LedgerSource {
 public:
  explicit FileSource(std::shared_ptr<const Files> files) : files_(std::move(files)) {}

  std::string_view name() const override { return files_->name; }

  arrow::Result<Extent> GetExtent(const std::stop_token&) override {
    const std::string& path = files_->files[files_->entries.back().file].path;
    if (::access(path.c_str(), R_OK) != 0) {
      return Error(ErrorCode::kNotFound, path, " cannot be read any more: ", std::strerror(errno));
    }
    return Extent{files_->entries.front().id.sequence, files_->entries.back().id.sequence,
                  /*grows=*/false};
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token&) override {
    const uint32_t first = files_->entries.front().id.sequence;
    const uint32_t newest = files_->entries.back().id.sequence;
    const bool before = range.first != 0 && range.first < first;
    if (before || range.first > newest || (range.last && *range.last > newest)) {
      const uint32_t wanted = before || range.first > newest ? range.first : *range.last;
      return LedgerError(ErrorCode::kOutOfRange, wanted, files_->name, " does not have ledger ",
                         wanted, ": it has ledgers ", first, " to ", newest, " and cannot grow");
    }
    return std::make_unique<FileStream>(files_, range, pool);
  }

 private:
  const std::shared_ptr<const Files> files_;
};

}  // namespace

arrow::Result<std::unique_ptr<LedgerSource>> OpenFiles(std::vector<std::string> paths,
                                                       std::string name,
                                                       const SourceOptions& options) {
  auto files = std::make_shared<Files>();
  files->name = std::move(name);
  files->max_object_bytes = options.max_object_bytes;
  for (size_t i = 0; i < paths.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto bytes, MapFile(paths[i]));
    const bool zstd = IsZstd(BytesOf(*bytes));
    if (zstd) {
      ARROW_ASSIGN_OR_RAISE(
          bytes, UnzipFile(paths[i], options.max_object_bytes, arrow::default_memory_pool()));
    }
    auto entries = Recogniser(BytesOf(*bytes), i).Recognise();
    if (!entries.ok()) return WithContext(entries.status(), paths[i]);
    files->files.push_back({paths[i], zstd});
    std::ranges::copy(*entries, std::back_inserter(files->entries));
  }
  if (files->entries.empty()) {
    return Error(ErrorCode::kNotFound, files->name, " holds no ledgers");
  }
  std::ranges::stable_sort(files->entries, {},
                           [](const Entry& entry) { return entry.id.sequence; });
  for (size_t i = 1; i < files->entries.size(); ++i) {
    const Entry& a = files->entries[i - 1];
    const Entry& b = files->entries[i];
    if (a.id.sequence == b.id.sequence && a.id.hash != b.id.hash) {
      return LedgerError(ErrorCode::kDataLoss, a.id.sequence, "ledger ", a.id.sequence,
                         " is there twice with different hashes: in ", files->files[a.file].path,
                         " and ", files->files[b.file].path);
    }
  }
  const auto repeated =
      std::unique(files->entries.begin(), files->entries.end(),
                  [](const Entry& a, const Entry& b) { return a.id.sequence == b.id.sequence; });
  files->entries.erase(repeated, files->entries.end());
  return std::make_unique<FileSource>(std::move(files));
}

}  // namespace stellar_arrow::source
