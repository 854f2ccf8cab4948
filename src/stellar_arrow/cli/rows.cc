#include "stellar_arrow/cli/rows.h"

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::cli {
namespace {

// A descriptor, whatever it is: Arrow's own stream for stdout hides errors, and its file streams
// cannot do with a pipe. Not buffered, so that rows are seen when they come.
class DescriptorStream final : public arrow::io::OutputStream {
 public:
  using arrow::io::Writable::Write;

  // `name` is for messages. Closes the descriptor at its end if it is `owned`.
  DescriptorStream(int descriptor, std::string name, bool owned)
      : descriptor_(descriptor), name_(std::move(name)), owned_(owned) {}
  ~DescriptorStream() override {
    if (owned_ && !closed_) ::close(descriptor_);
  }

  arrow::Status Write(const void* bytes, int64_t size) override {
    const auto* next = static_cast<const char*>(bytes);
    for (int64_t left = size; left > 0;) {
      const ssize_t written = ::write(descriptor_, next, static_cast<size_t>(left));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        return Error(ErrorCode::kUnavailable, "cannot write to ", name_, ": ",
                     std::strerror(errno));
      }
      next += written;
      left -= written;
    }
    position_ += size;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    if (std::exchange(closed_, true) || !owned_ || ::close(descriptor_) == 0) {
      return arrow::Status::OK();
    }
    return Error(ErrorCode::kUnavailable, "cannot write to ", name_, ": ", std::strerror(errno));
  }
  bool closed() const override { return closed_; }

 private:
  const int descriptor_;
  const std::string name_;
  const bool owned_;
  int64_t position_ = 0;
  bool closed_ = false;
};

arrow::Result<std::shared_ptr<DescriptorStream>> OpenForWriting(const std::string& path, int flags,
                                                                const std::string& name) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0666);
  if (descriptor < 0) {
    return Error(ErrorCode::kUnavailable, "cannot write to ", name, ": ", std::strerror(errno));
  }
  return std::make_shared<DescriptorStream>(descriptor, name, /*owned=*/true);
}

// Where `path` leads to through symbolic links, which stay what they are.
std::filesystem::path Followed(std::filesystem::path path) {
  constexpr int kMostLinks = 40;  // as Linux
  std::error_code error;
  for (int links = 0; links < kMostLinks && std::filesystem::is_symlink(path, error); ++links) {
    const auto target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = path.parent_path() / target;
  }
  return path;
}

}  // namespace

arrow::Result<Format> FormatOf(const RowsArguments& arguments) {
  if (!arguments.format.empty()) return ParseFormat(arguments.format);
  if (arguments.output.empty()) return Format::kTable;
  const std::string extension = std::filesystem::path(arguments.output).extension().string();
  for (const Format format : {Format::kTable, Format::kCsv, Format::kJsonl}) {
    if (extension == ExtensionOf(format)) return format;
  }
  return Format::kArrow;
}

arrow::Result<std::unique_ptr<RowsOutput>> RowsOutput::Open(
    Format format, const std::string& path, const std::shared_ptr<arrow::Schema>& schema) {
  auto output = std::make_unique<RowsOutput>();
  if (format == Format::kNull) {
    // computes everything, writes nothing
  } else if (path.empty()) {
    output->out_ = std::make_shared<DescriptorStream>(STDOUT_FILENO, "stdout", /*owned=*/false);
  } else {
    const std::filesystem::path target = Followed(path);
    std::error_code error;
    const auto kind = std::filesystem::status(target, error).type();
    if (kind == std::filesystem::file_type::directory) {
      return Error(ErrorCode::kInvalidArgument, "--output ", path, " is a folder");
    }
    if (kind == std::filesystem::file_type::not_found ||
        kind == std::filesystem::file_type::regular) {
      output->path_ = target.string();
      output->temporary_ = output->path_ + ".part-" + std::to_string(::getpid());
      ARROW_ASSIGN_OR_RAISE(output->out_,
                            OpenForWriting(output->temporary_, O_CREAT | O_TRUNC, path));
    } else {
      // A device or a pipe is written to as it is: a rename would put a file in its place.
      ARROW_ASSIGN_OR_RAISE(output->out_, OpenForWriting(target.string(), 0, path));
    }
  }
  ARROW_ASSIGN_OR_RAISE(output->writer_, MakeRowWriter(format, schema, output->out_));
  return output;
}

RowsOutput::~RowsOutput() {
  // Rows that could not be written whole get no name that promises them.
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

arrow::Status RowsOutput::Write(const arrow::RecordBatch& batch) {
  ARROW_RETURN_NOT_OK(written_);
  written_ = writer_->Write(batch);
  if (written_.ok()) rows_ += batch.num_rows();
  return written_;
}

arrow::Status RowsOutput::Close() {
  ARROW_RETURN_NOT_OK(written_);
  ARROW_RETURN_NOT_OK(writer_->Close());
  if (out_ != nullptr) ARROW_RETURN_NOT_OK(out_->Close());
  if (temporary_.empty()) return arrow::Status::OK();
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) {
    return Error(ErrorCode::kUnavailable, "cannot rename ", temporary_, " to ", path_, ": ",
                 error.message());
  }
  temporary_.clear();
  return arrow::Status::OK();
}

void PrintSummary(const RowsSummary& summary, const RowsArguments& arguments, Format format,
                  std::chrono::steady_clock::time_point start) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const bool data_on_stdout = arguments.output.empty() && format != Format::kNull;
  if (arguments.json) {
    nlohmann::ordered_json json;
    const auto put = [&](const char* key, const auto& value) {
      if (value) {
        json[key] = *value;
      } else {
        json[key] = nullptr;
      }
    };
    put("first", summary.first);
    put("last", summary.last);
    put("ledgers", summary.ledgers);
    json["rows"] = nlohmann::ordered_json::object();
    for (const auto& [table, rows] : summary.rows) json["rows"][table] = rows;
    json["bytes_raw"] = summary.bytes_raw;
    put("bytes_compressed", summary.bytes_compressed);
    json["seconds"] = seconds;
    if (summary.cursor) {
      json["cursor"] = nlohmann::ordered_json::parse(*summary.cursor, nullptr, false);
    }
    std::FILE* const out = data_on_stdout ? stderr : stdout;
    std::fprintf(out, "%s\n", json.dump().c_str());
    std::fflush(out);
  } else if (!arguments.quiet) {
    std::string text;
    for (const auto& [table, rows] : summary.rows) {
      text += (text.empty() ? "" : ", ") + std::to_string(rows) + " rows of " + table;
    }
    if (summary.first) text += Concat(", ledgers ", *summary.first, " to ", *summary.last);
    std::fprintf(stderr, "%s in %.2f s\n", text.c_str(), seconds);
  }
}

}  // namespace stellar_arrow::cli
