#include "stellar_arrow/cli/rows.h"

#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::cli {
namespace {

// Stdout, whatever it is: Arrow's own stream for it hides errors, and its file streams cannot do
// with a pipe. Not buffered, so that rows are seen when they come.
class Stdout final : public arrow::io::OutputStream {
 public:
  using arrow::io::Writable::Write;

  arrow::Status Write(const void* bytes, int64_t size) override {
    const auto* next = static_cast<const char*>(bytes);
    for (int64_t left = size; left > 0;) {
      const ssize_t written = ::write(STDOUT_FILENO, next, static_cast<size_t>(left));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        return Error(ErrorCode::kUnavailable, "cannot write to stdout: ", std::strerror(errno));
      }
      next += written;
      left -= written;
    }
    position_ += size;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

 private:
  int64_t position_ = 0;
  bool closed_ = false;
};

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
    output->out_ = std::make_shared<Stdout>();
  } else {
    output->path_ = path;
    output->temporary_ = path + ".part-" + std::to_string(::getpid());
    ARROW_ASSIGN_OR_RAISE(output->out_, arrow::io::FileOutputStream::Open(output->temporary_));
  }
  ARROW_ASSIGN_OR_RAISE(output->writer_, MakeRowWriter(format, schema, output->out_));
  return output;
}

arrow::Status RowsOutput::Write(const arrow::RecordBatch& batch) {
  rows_ += batch.num_rows();
  return writer_->Write(batch);
}

arrow::Status RowsOutput::Close() {
  ARROW_RETURN_NOT_OK(writer_->Close());
  if (path_.empty()) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(out_->Close());
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) {
    return Error(ErrorCode::kUnavailable, "cannot rename ", temporary_, " to ", path_, ": ",
                 error.message());
  }
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
    json["bytes_compressed"] = summary.bytes_compressed;
    json["seconds"] = seconds;
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
