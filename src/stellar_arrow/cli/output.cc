#include "stellar_arrow/cli/output.h"

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::cli {
namespace {

struct FormatName {
  Format format;
  std::string_view name;
  std::string_view extension;
};
constexpr std::array<FormatName, 5> kFormats = {{
    {Format::kTable, "table", ".txt"},
    {Format::kCsv, "csv", ".csv"},
    {Format::kJsonl, "jsonl", ".jsonl"},
    {Format::kArrow, "arrow", ".arrows"},
    {Format::kNull, "null", ""},
}};

void AppendBase64(std::string_view bytes, std::string* out) {
  const size_t start = out->size();
  out->resize(start + 4 * ((bytes.size() + 2) / 3) + 1);  // OpenSSL ends it with a zero
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out->data() + start),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  out->resize(start + static_cast<size_t>(length));
}

// "2020-07-28T00:10:40Z", with ".250" or ".250001" where the second is not whole.
void AppendTime(int64_t micros, std::string* out) {
  using namespace std::chrono;
  const sys_time<microseconds> time{microseconds(micros)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  *out += text;
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    const bool millis = fraction % 1000 == 0;
    std::snprintf(text, sizeof text, millis ? ".%03d" : ".%06d",
                  static_cast<int>(millis ? fraction / 1000 : fraction));
    *out += text;
  }
  *out += 'Z';
}

// Invalid UTF-8 cannot come from a text column; were it to, JSON would still be valid.
void AppendJsonString(std::string_view text, std::string* out) {
  *out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A cell that is not null, as text; in JSON with the quotes that it needs.
arrow::Status AppendCell(const arrow::Array& array, int64_t row, bool json, std::string* out) {
  const auto quoted = [&](auto&& write) {
    if (json) *out += '"';
    write();
    if (json) *out += '"';
  };
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      *out += static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
      break;
    case arrow::Type::UINT8:
      *out += std::to_string(static_cast<const arrow::UInt8Array&>(array).Value(row));
      break;
    case arrow::Type::UINT32:
      *out += std::to_string(static_cast<const arrow::UInt32Array&>(array).Value(row));
      break;
    case arrow::Type::UINT64:
      *out += std::to_string(static_cast<const arrow::UInt64Array&>(array).Value(row));
      break;
    case arrow::Type::INT32:
      *out += std::to_string(static_cast<const arrow::Int32Array&>(array).Value(row));
      break;
    case arrow::Type::INT64:
      *out += std::to_string(static_cast<const arrow::Int64Array&>(array).Value(row));
      break;
    case arrow::Type::TIMESTAMP:
      quoted([&] { AppendTime(static_cast<const arrow::TimestampArray&>(array).Value(row), out); });
      break;
    case arrow::Type::FIXED_SIZE_BINARY: {
      const auto& binary = static_cast<const arrow::FixedSizeBinaryArray&>(array);
      quoted([&] {
        text::AppendHex({binary.GetValue(row), static_cast<size_t>(binary.byte_width())}, *out);
      });
      break;
    }
    case arrow::Type::BINARY:
      quoted(
          [&] { AppendBase64(static_cast<const arrow::BinaryArray&>(array).GetView(row), out); });
      break;
    case arrow::Type::STRING: {
      const std::string_view text = static_cast<const arrow::StringArray&>(array).GetView(row);
      if (json) {
        AppendJsonString(text, out);
      } else {
        *out += text;
      }
      break;
    }
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      *out += '[';
      for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
        if (i != list.value_offset(row)) *out += ',';
        ARROW_RETURN_NOT_OK(AppendCell(*list.values(), i, /*json=*/true, out));
      }
      *out += ']';
      break;
    }
    default:
      return Error(ErrorCode::kInternal, "no text form for cells of type ",
                   array.type()->ToString());
  }
  return arrow::Status::OK();
}

class NullWriter final : public RowWriter {
 public:
  arrow::Status Write(const arrow::RecordBatch&) override { return arrow::Status::OK(); }
  arrow::Status Close() override { return arrow::Status::OK(); }
};

class ArrowWriter final : public RowWriter {
 public:
  ArrowWriter(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer,
              std::shared_ptr<arrow::io::OutputStream> out)
      : writer_(std::move(writer)), out_(std::move(out)) {}
  arrow::Status Write(const arrow::RecordBatch& batch) override {
    return writer_->WriteRecordBatch(batch);
  }
  arrow::Status Close() override {
    ARROW_RETURN_NOT_OK(writer_->Close());
    return out_->Flush();
  }

 private:
  const std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  const std::shared_ptr<arrow::io::OutputStream> out_;
};

// The text formats: each makes a batch into text.
class TextWriter : public RowWriter {
 public:
  TextWriter(std::shared_ptr<arrow::Schema> schema, std::shared_ptr<arrow::io::OutputStream> out)
      : schema_(std::move(schema)), out_(std::move(out)) {}

  arrow::Status Write(const arrow::RecordBatch& batch) override {
    text_.clear();
    ARROW_RETURN_NOT_OK(Append(batch));
    return out_->Write(text_);
  }
  arrow::Status Close() override {
    text_.clear();
    ARROW_RETURN_NOT_OK(AppendEnd());
    ARROW_RETURN_NOT_OK(out_->Write(text_));
    return out_->Flush();
  }

 protected:
  virtual arrow::Status Append(const arrow::RecordBatch& batch) = 0;
  virtual arrow::Status AppendEnd() { return arrow::Status::OK(); }

  const std::shared_ptr<arrow::Schema> schema_;
  std::string text_;

 private:
  const std::shared_ptr<arrow::io::OutputStream> out_;
};

class JsonlWriter final : public TextWriter {
 public:
  using TextWriter::TextWriter;

 private:
  arrow::Status Append(const arrow::RecordBatch& batch) override {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      for (int column = 0; column < batch.num_columns(); ++column) {
        text_ += column == 0 ? '{' : ',';
        AppendJsonString(schema_->field(column)->name(), &text_);
        text_ += ':';
        if (batch.column(column)->IsNull(row)) {
          text_ += "null";
        } else {
          ARROW_RETURN_NOT_OK(AppendCell(*batch.column(column), row, /*json=*/true, &text_));
        }
      }
      text_ += "}\n";
    }
    return arrow::Status::OK();
  }
};

class CsvWriter final : public TextWriter {
 public:
  using TextWriter::TextWriter;

 private:
  arrow::Status Append(const arrow::RecordBatch& batch) override {
    AppendHeader();
    std::string cell;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      for (int column = 0; column < batch.num_columns(); ++column) {
        if (column != 0) text_ += ',';
        if (batch.column(column)->IsNull(row)) continue;
        cell.clear();
        ARROW_RETURN_NOT_OK(AppendCell(*batch.column(column), row, /*json=*/false, &cell));
        AppendField(cell);
      }
      text_ += '\n';
    }
    return arrow::Status::OK();
  }

  arrow::Status AppendEnd() override {
    AppendHeader();  // a file of no rows still says which columns it would have
    return arrow::Status::OK();
  }

  void AppendHeader() {
    if (std::exchange(has_header_, true)) return;
    for (int column = 0; column < schema_->num_fields(); ++column) {
      if (column != 0) text_ += ',';
      AppendField(schema_->field(column)->name());
    }
    text_ += '\n';
  }

  // RFC 4180: quotes where they are needed. An empty text is quoted, a null is not.
  void AppendField(std::string_view field) {
    if (!field.empty() && field.find_first_of(",\"\r\n") == std::string_view::npos) {
      text_ += field;
      return;
    }
    text_ += '"';
    for (const char c : field) {
      if (c == '"') text_ += '"';
      text_ += c;
    }
    text_ += '"';
  }

  bool has_header_ = false;
};

class TableWriter final : public TextWriter {
 public:
  using TextWriter::TextWriter;

 private:
  // A hash keeps enough of both ends to be told from another.
  static constexpr size_t kMaxWidth = 24;

  static std::string Shortened(std::string cell) {
    for (char& c : cell) {
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    const size_t width = WidthOf(cell);
    if (width <= kMaxWidth) return cell;
    constexpr size_t kHalf = (kMaxWidth - 3) / 2;
    return cell.substr(0, OffsetOf(cell, kHalf)) + "..." +
           cell.substr(OffsetOf(cell, width - kHalf));
  }

  // Letters are code points here. That is not the width of all scripts, but no letter is cut.
  static bool BeginsLetter(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

  static size_t WidthOf(std::string_view text) {
    return static_cast<size_t>(std::ranges::count_if(text, BeginsLetter));
  }

  // Where the `letter`th letter of `text` begins, counted from 0.
  static size_t OffsetOf(std::string_view text, size_t letter) {
    size_t offset = 0;
    for (; offset < text.size(); ++offset) {
      if (BeginsLetter(text[offset]) && letter-- == 0) break;
    }
    return offset;
  }

  static bool IsNumber(const arrow::DataType& type) { return arrow::is_integer(type.id()); }

  arrow::Status Append(const arrow::RecordBatch& batch) override {
    if (batch.num_rows() == 0) return arrow::Status::OK();  // no widths to learn from it
    std::vector<std::vector<std::string>> cells(static_cast<size_t>(batch.num_columns()));
    for (int column = 0; column < batch.num_columns(); ++column) {
      for (int64_t row = 0; row < batch.num_rows(); ++row) {
        std::string cell;
        if (!batch.column(column)->IsNull(row)) {
          ARROW_RETURN_NOT_OK(AppendCell(*batch.column(column), row, /*json=*/false, &cell));
        }
        cells[static_cast<size_t>(column)].push_back(Shortened(std::move(cell)));
      }
    }
    if (widths_.empty()) SetWidths(cells);
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      AppendRow([&](size_t column) -> const std::string& {
        return cells[column][static_cast<size_t>(row)];
      });
    }
    return arrow::Status::OK();
  }

  arrow::Status AppendEnd() override {
    if (widths_.empty())
      SetWidths(std::vector<std::vector<std::string>>(static_cast<size_t>(schema_->num_fields())));
    return arrow::Status::OK();
  }

  void SetWidths(const std::vector<std::vector<std::string>>& cells) {
    for (size_t column = 0; column < cells.size(); ++column) {
      size_t width = schema_->field(static_cast<int>(column))->name().size();
      for (const std::string& cell : cells[column]) width = std::max(width, WidthOf(cell));
      widths_.push_back(width);
    }
    AppendRow([&](size_t column) -> const std::string& {
      return schema_->field(static_cast<int>(column))->name();
    });
  }

  template <typename Cell>
  void AppendRow(Cell&& cell) {
    for (size_t column = 0; column < widths_.size(); ++column) {
      const std::string& text = cell(column);
      const size_t padding = widths_[column] - std::min(widths_[column], WidthOf(text));
      const bool right = IsNumber(*schema_->field(static_cast<int>(column))->type());
      if (column != 0) text_ += "  ";
      if (right) text_.append(padding, ' ');
      text_ += text;
      if (!right && column + 1 != widths_.size()) text_.append(padding, ' ');
    }
    text_ += '\n';
  }

  std::vector<size_t> widths_;
};

}  // namespace

arrow::Result<Format> ParseFormat(std::string_view text) {
  for (const FormatName& known : kFormats) {
    if (known.name == text) return known.format;
  }
  return Error(ErrorCode::kInvalidArgument, "unknown format '", text,
               "': one of table, csv, jsonl, arrow, null");
}

std::string_view ExtensionOf(Format format) {
  for (const FormatName& known : kFormats) {
    if (known.format == format) return known.extension;
  }
  return "";
}

arrow::Result<std::unique_ptr<RowWriter>> MakeRowWriter(
    Format format, const std::shared_ptr<arrow::Schema>& schema,
    std::shared_ptr<arrow::io::OutputStream> out) {
  switch (format) {
    case Format::kTable:
      return std::make_unique<TableWriter>(schema, std::move(out));
    case Format::kCsv:
      return std::make_unique<CsvWriter>(schema, std::move(out));
    case Format::kJsonl:
      return std::make_unique<JsonlWriter>(schema, std::move(out));
    case Format::kArrow: {
      ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(out, schema));
      return std::make_unique<ArrowWriter>(std::move(writer), std::move(out));
    }
    case Format::kNull:
      return std::make_unique<NullWriter>();
  }
  return Error(ErrorCode::kInternal, "a format that nobody writes");
}

}  // namespace stellar_arrow::cli
