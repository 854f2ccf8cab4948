#include "stellar_arrow/source/lake_writer.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/localfs.h>
#include <arrow/io/file.h>
#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_source.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

namespace stdfs = std::filesystem;

// As Galexie, and the public lakes.
constexpr uint32_t kLedgersPerFile = 1;
constexpr uint32_t kFilesPerPartition = 64000;

arrow::Status Unwritable(const std::string& path, const std::string& why) {
  return Error(ErrorCode::kUnavailable, "cannot write ", path, ": ", why);
}

arrow::Status Unreadable(const std::string& path, const std::string& why) {
  return Error(ErrorCode::kUnavailable, "cannot read ", path, ": ", why);
}

// The whole file; null if there is none.
arrow::Result<std::shared_ptr<arrow::Buffer>> ReadIfThere(const std::string& path) {
  std::error_code error;
  if (!stdfs::exists(path, error)) {
    if (error) return Unreadable(path, error.message());
    return nullptr;
  }
  const auto read = [&]() -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
    ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::ReadableFile::Open(path));
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
    return file->Read(size);
  };
  auto content = read();
  return content.ok() ? content : Unreadable(path, content.status().message());
}

arrow::Status WriteAndSync(const std::string& path, xdr::Bytes content) {
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::FileOutputStream::Open(path));
  ARROW_RETURN_NOT_OK(file->Write(content.data(), static_cast<int64_t>(content.size())));
  if (::fsync(file->file_descriptor()) != 0) return Unwritable(path, std::strerror(errno));
  return file->Close();
}

// The file is seen under its name only when all of it is on disk.
arrow::Status WriteWhole(const std::string& path, xdr::Bytes content) {
  const std::string temporary = path + ".part-" + std::to_string(::getpid());
  arrow::Status status = WriteAndSync(temporary, content);
  if (status.ok()) {
    std::error_code error;
    stdfs::rename(temporary, path, error);
    if (!error) return status;
    status = Unwritable(path, error.message());
  }
  std::error_code ignored;
  stdfs::remove(temporary, ignored);
  return status;
}

// So that what was renamed in the folder stays so.
arrow::Status SyncFolder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return Unwritable(folder, std::strerror(error));
  return arrow::Status::OK();
}

arrow::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  stdfs::create_directories(folder, error);
  if (error) return Unwritable(folder, error.message());
  return arrow::Status::OK();
}

arrow::Result<std::vector<uint8_t>> Zip(const std::vector<uint8_t>& content, int level) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> zstd(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_checksumFlag, 1);
  std::vector<uint8_t> zipped(ZSTD_compressBound(content.size()));
  const size_t size =
      ZSTD_compress2(zstd.get(), zipped.data(), zipped.size(), content.data(), content.size());
  if (ZSTD_isError(size)) return Error(ErrorCode::kInternal, "zstd: ", ZSTD_getErrorName(size));
  zipped.resize(size);
  return zipped;
}

void AppendWord(std::vector<uint8_t>& out, uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(word >> shift));
}

xdr::Bytes BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// What the user said, what the manifest says, or the default; the first two must agree.
arrow::Result<uint32_t> Settle(std::string_view what, std::optional<uint32_t> said,
                               std::optional<uint32_t> stated, uint32_t otherwise) {
  if (said && stated && *said != *stated) {
    return Error(ErrorCode::kFailedPrecondition, "it says ", *stated, " ", what, ", not ", *said);
  }
  return said ? *said : stated.value_or(otherwise);
}

}  // namespace

LakeWriter::LakeWriter(std::string folder, const Options& options)
    : folder_(std::move(folder)), options_(options) {}

arrow::Result<std::unique_ptr<LakeWriter>> LakeWriter::Open(const std::string& folder,
                                                            const Options& options) {
  std::error_code error;
  if (stdfs::exists(folder, error) && !stdfs::is_directory(folder, error)) {
    return Error(ErrorCode::kInvalidArgument, folder, " is no folder");
  }
  ARROW_RETURN_NOT_OK(MakeFolder(folder));
  std::unique_ptr<LakeWriter> writer(new LakeWriter(folder, options));
  const std::string manifest_path = Concat(folder, "/", kManifestName);
  std::optional<LakeManifest> manifest;
  ARROW_ASSIGN_OR_RAISE(const auto text, ReadIfThere(manifest_path));
  if (text) {
    auto parsed = ParseManifest(std::string_view(*text));
    if (!parsed.ok()) return WithContext(parsed.status(), manifest_path);
    manifest = std::move(*parsed);
    writer->passphrase_ = manifest->network_passphrase;
  }
  const auto settle = [&](std::string_view what, std::optional<uint32_t> said,
                          uint32_t LakeManifest::* stated,
                          uint32_t otherwise) -> arrow::Result<uint32_t> {
    auto settled =
        Settle(what, said, manifest ? std::optional((*manifest).*stated) : std::nullopt, otherwise);
    return settled.ok() ? settled : WithContext(settled.status(), manifest_path);
  };
  ARROW_ASSIGN_OR_RAISE(writer->layout_.ledgers_per_file,
                        settle("ledgers a file", options.ledgers_per_file,
                               &LakeManifest::ledgers_per_file, kLedgersPerFile));
  ARROW_ASSIGN_OR_RAISE(writer->layout_.files_per_partition,
                        settle("files a partition", options.files_per_partition,
                               &LakeManifest::files_per_partition, kFilesPerPartition));
  // Objects without a manifest tell their layout too: a reader holds names against it.
  const auto store =
      OpenStore(std::make_shared<arrow::fs::LocalFileSystem>(), folder, kMostStoredBytes);
  ARROW_ASSIGN_OR_RAISE(const bool lake, LooksLikeLake(*store));
  if (lake) {
    SourceOptions layout;
    layout.ledgers_per_file = writer->layout_.ledgers_per_file;
    layout.files_per_partition = writer->layout_.files_per_partition;
    const arrow::Status readable = OpenLake(store, folder, layout).status();
    if (!readable.ok()) {
      return Error(ErrorCode::kFailedPrecondition,
                   "cannot add to what is there: ", readable.message());
    }
  }
  return writer;
}

arrow::Status LakeWriter::SetNetwork(const std::string& passphrase) {
  const std::string path = Concat(folder_, "/", kManifestName);
  if (passphrase_) {
    if (*passphrase_ == passphrase) return arrow::Status::OK();
    return Error(ErrorCode::kFailedPrecondition, path, " names the network '", *passphrase_,
                 "', but the ledgers are of '", passphrase, "'");
  }
  const std::string text =
      FormatManifest({passphrase, layout_.ledgers_per_file, layout_.files_per_partition});
  ARROW_RETURN_NOT_OK(WriteWhole(path, BytesOf(text)));
  passphrase_ = passphrase;
  return arrow::Status::OK();
}

arrow::Status LakeWriter::Add(uint32_t sequence, xdr::Bytes ledger) {
  const LedgerRange named = layout_.FileRange(sequence);
  const uint32_t first = std::max(named.first, kFirstLakeLedger);
  if (sequence < kFirstLakeLedger) {
    return LedgerError(ErrorCode::kOutOfRange, sequence, "ledger ", sequence,
                       " belongs to no lake: their first is ledger ", kFirstLakeLedger);
  }
  if (object_.empty() && sequence != first) {
    return LedgerError(ErrorCode::kOutOfRange, sequence, "ledger ", sequence,
                       " cannot be the first one written: a lake's objects are written whole, and ",
                       layout_.FileName(sequence), " begins with ledger ", first);
  }
  if (last_added_ && sequence != *last_added_ + 1) {
    return LedgerError(ErrorCode::kOutOfRange, sequence, "ledger ", sequence,
                       " does not follow ledger ", *last_added_);
  }
  if (object_.empty()) {
    AppendWord(object_, first);
    AppendWord(object_, *named.last);
    AppendWord(object_, *named.last - first + 1);
  }
  const auto size = static_cast<int64_t>(object_.size() + ledger.size());
  if (size > options_.max_object_bytes) {
    return LedgerError(ErrorCode::kResourceExhausted, sequence, layout_.Key(sequence),
                       " would unzip to more than ", options_.max_object_bytes,
                       " bytes with ledger ", sequence,
                       "; write fewer ledgers a file, or raise --max-object-bytes");
  }
  object_.insert(object_.end(), ledger.begin(), ledger.end());
  last_added_ = sequence;
  ++counters_.ledgers;
  return sequence == *named.last ? SubmitObject() : arrow::Status::OK();
}

arrow::Status LakeWriter::SubmitObject() {
  const std::string path = folder_ + "/" + layout_.Key(*last_added_);
  const std::string folder = path.substr(0, path.rfind('/'));
  if (touched_folders_.insert(folder).second) ARROW_RETURN_NOT_OK(MakeFolder(folder));
  while (pending_.size() >= static_cast<size_t>(std::max(options_.threads, 1))) {
    ARROW_RETURN_NOT_OK(AwaitObject());
  }
  pending_.push_back(std::async(
      std::launch::async,
      [path, options = options_, batch = std::exchange(object_, {})]() -> arrow::Result<Written> {
        return WriteObject(path, options, batch);
      }));
  return arrow::Status::OK();
}

arrow::Status LakeWriter::AwaitObject() {
  auto written = pending_.front().get();
  pending_.pop_front();
  ARROW_RETURN_NOT_OK(written.status());
  ++counters_.objects;
  counters_.objects_kept += written->kept ? 1 : 0;
  counters_.bytes_raw += written->bytes_raw;
  counters_.bytes_compressed += written->bytes_compressed;
  return arrow::Status::OK();
}

arrow::Result<LakeWriter::Written> LakeWriter::WriteObject(const std::string& path,
                                                           const Options& options,
                                                           const std::vector<uint8_t>& batch) {
  Written written{false, static_cast<int64_t>(batch.size()), 0};
  ARROW_ASSIGN_OR_RAISE(const auto stored, ReadIfThere(path));
  if (stored) {
    // Zipped bytes say nothing: versions and levels of zstd differ.
    Unzipper unzipper(options.max_object_bytes);
    const auto content = unzipper.Unzip(BytesOf(std::string_view(*stored)));
    if (!content.ok() || !std::ranges::equal(*content, batch)) {
      return Error(ErrorCode::kFailedPrecondition, path, " is there already, with other content",
                   content.ok() ? "" : Concat(" (", content.status().message(), ")"),
                   "; objects of a lake are never changed");
    }
    written.kept = true;
    written.bytes_compressed = stored->size();
    return written;
  }
  ARROW_ASSIGN_OR_RAISE(const auto zipped, Zip(batch, options.compression_level));
  written.bytes_compressed = static_cast<int64_t>(zipped.size());
  const int64_t readable = MaxUnzippedBytes(written.bytes_compressed, options.max_object_bytes);
  if (written.bytes_raw > readable) {
    return Error(ErrorCode::kResourceExhausted, path, " would unzip from ",
                 written.bytes_compressed, " bytes to ", written.bytes_raw,
                 ", and readers refuse more than ", readable,
                 " as a bomb; write fewer ledgers a file");
  }
  ARROW_RETURN_NOT_OK(WriteWhole(path, zipped));
  return written;
}

arrow::Status LakeWriter::Finish() {
  while (!pending_.empty()) ARROW_RETURN_NOT_OK(AwaitObject());
  for (const std::string& folder : touched_folders_) ARROW_RETURN_NOT_OK(SyncFolder(folder));
  ARROW_RETURN_NOT_OK(SyncFolder(folder_));
  if (!inside_object()) return arrow::Status::OK();
  const LedgerRange named = layout_.FileRange(*last_added_);
  const uint32_t first = std::max(named.first, kFirstLakeLedger);
  return LedgerError(ErrorCode::kOutOfRange, first, "ledgers ", first, " to ", *last_added_,
                     " are not written: a lake's objects are written whole, and ",
                     layout_.FileName(first), " lacks ledgers ", *last_added_ + 1, " to ",
                     *named.last);
}

}  // namespace stellar_arrow::source
