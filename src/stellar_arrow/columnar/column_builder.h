// Builders of columns, one a kind of Arrow type. A cell is put at its row; rows that were passed
// over are null (in lists: empty) and are filled in one run when the next cell or the batch's end
// comes, so that a column costs what its values cost. Knows Arrow; knows no ledger.
#pragma once

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/columnar/growing_buffer.h"

namespace stellar_arrow::columnar {

class ColumnBuilder {
 public:
  virtual ~ColumnBuilder() = default;

  // Bytes of all buffers of a batch of `rows`, the bits of nulls and Booleans apart.
  virtual int64_t bytes(int64_t rows) const = 0;
  // The array of `rows` rows; the next cell begins a new one.
  virtual arrow::Result<std::shared_ptr<arrow::Array>> Finish(int64_t rows) = 0;
};

// The array of `rows` nulls, of a type that has a validity buffer and one other, of `bytes` bytes.
inline arrow::Result<std::shared_ptr<arrow::Array>> NullArray(
    const std::shared_ptr<arrow::DataType>& type, int64_t rows, int64_t bytes,
    BatchContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto validity, context.Zeros((rows + 7) >> 3));
  ARROW_ASSIGN_OR_RAISE(auto other, context.Zeros(bytes));
  arrow::BufferVector buffers = {std::move(validity), std::move(other)};
  if (arrow::is_base_binary_like(type->id())) {
    ARROW_ASSIGN_OR_RAISE(buffers.emplace_back(), context.Zeros(0));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type, rows, std::move(buffers), rows));
}

// Bits, one a row, in Arrow's order.
class Bits {
 public:
  explicit Bits(BatchContext* context) : bytes_(context) {}

  void Set(int64_t at) {
    Reach(at + 1);
    if (bytes_.size() > at >> 3) bytes_.data()[at >> 3] |= static_cast<uint8_t>(1u << (at & 7));
  }
  // The first `count` bits, in a buffer that has none yet.
  void SetFirst(int64_t count) {
    if (uint8_t* const at = bytes_.Grow(count >> 3)) {
      std::memset(at, 0xFF, static_cast<size_t>(count >> 3));
    }
    for (int64_t i = count & ~int64_t{7}; i < count; ++i) Set(i);
  }
  // Makes room for `count` bits; new ones are 0.
  void Reach(int64_t count) { bytes_.GrowZeros(((count + 7) >> 3) - bytes_.size()); }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() { return bytes_.Finish(); }

 private:
  GrowingBuffer bytes_;
};

// Which rows have a value. Costs nothing while all have.
class Validity {
 public:
  explicit Validity(BatchContext* context) : bits_(context) {}

  void AddValue(int64_t at) {
    if (nulls_ != 0) bits_.Set(at);
  }
  void AddNulls(int64_t at, int64_t count) {
    if (nulls_ == 0) bits_.SetFirst(at);
    bits_.Reach(at + count);
    nulls_ += count;
  }
  int64_t nulls() const { return nulls_; }
  // Null where all rows have a value.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() {
    if (std::exchange(nulls_, 0) == 0) return nullptr;
    return bits_.Finish();
  }

 private:
  Bits bits_;
  int64_t nulls_ = 0;
};

// The array of values that lie in one buffer beside their validity.
template <typename Values>
arrow::Result<std::shared_ptr<arrow::Array>> FinishFlat(
    const std::shared_ptr<arrow::DataType>& type, int64_t rows, Validity& validity,
    Values& values) {
  const int64_t nulls = validity.nulls();
  ARROW_ASSIGN_OR_RAISE(auto valid, validity.Finish());
  ARROW_ASSIGN_OR_RAISE(auto data, values.Finish());
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, rows, {std::move(valid), std::move(data)}, nulls));
}

// Values of `kSize` bytes each.
template <int64_t kSize>
class FixedBuilder : public ColumnBuilder {
 public:
  FixedBuilder(std::shared_ptr<arrow::DataType> type, BatchContext* context)
      : type_(std::move(type)), context_(*context), values_(context), validity_(context) {}

  // `row` is not below that of any cell before.
  void PutBytes(int64_t row, const void* value) {
    if (length_ != row) SkipTo(row);
    if (uint8_t* const at = values_.Grow(kSize)) std::memcpy(at, value, kSize);
    validity_.AddValue(row);
    length_ = row + 1;
  }
  int64_t length() const { return length_; }

  int64_t bytes(int64_t rows) const override { return rows * kSize; }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish(int64_t rows) override {
    if (length_ == 0) return NullArray(type_, rows, rows * kSize, context_);
    if (length_ != rows) SkipTo(rows);
    length_ = 0;
    return FinishFlat(type_, rows, validity_, values_);
  }

 private:
  void SkipTo(int64_t row) {
    values_.GrowZeros((row - length_) * kSize);
    validity_.AddNulls(length_, row - length_);
    length_ = row;
  }

  const std::shared_ptr<arrow::DataType> type_;
  BatchContext& context_;
  GrowingBuffer values_;
  Validity validity_;
  int64_t length_ = 0;
};

template <typename T>
class NumberBuilder final : public FixedBuilder<sizeof(T)> {
 public:
  using FixedBuilder<sizeof(T)>::FixedBuilder;
  void Put(int64_t row, T value) { this->PutBytes(row, &value); }
};

class BoolBuilder final : public ColumnBuilder {
 public:
  BoolBuilder(std::shared_ptr<arrow::DataType> type, BatchContext* context)
      : type_(std::move(type)), context_(*context), values_(context), validity_(context) {}

  void Put(int64_t row, bool value) {
    if (length_ != row) validity_.AddNulls(length_, row - length_);
    if (value) values_.Set(row);
    validity_.AddValue(row);
    length_ = row + 1;
  }

  int64_t bytes(int64_t rows) const override { return rows; }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish(int64_t rows) override {
    if (length_ == 0) return NullArray(type_, rows, (rows + 7) >> 3, context_);
    if (length_ != rows) validity_.AddNulls(length_, rows - length_);
    length_ = 0;
    values_.Reach(rows);
    return FinishFlat(type_, rows, validity_, values_);
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  BatchContext& context_;
  Bits values_;
  Validity validity_;
  int64_t length_ = 0;
};

// Where the parts of a buffer begin: Arrow's offsets, one more than there are rows.
class Offsets {
 public:
  explicit Offsets(BatchContext* context) : words_(context) {}

  // Rows from here on to `row`, included, begin at `offset`.
  void Reach(int64_t row, int32_t offset) {
    const int64_t count = row + 1 - length_;
    if (count <= 0) return;
    if (uint8_t* const at = words_.Grow(count * kSize)) {
      if (count == 1) {
        std::memcpy(at, &offset, kSize);
      } else {
        std::fill_n(reinterpret_cast<int32_t*>(at), count, offset);
      }
    }
    length_ = row + 1;
  }
  int64_t length() const { return length_; }
  // `end` is where the last of `rows` ends.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish(int64_t rows, int32_t end) {
    Reach(rows, end);
    length_ = 0;
    return words_.Finish();
  }

 private:
  static constexpr int64_t kSize = sizeof(int32_t);
  GrowingBuffer words_;
  int64_t length_ = 0;
};

// Values of any number of bytes.
class VariableBuilder : public ColumnBuilder {
 public:
  VariableBuilder(std::shared_ptr<arrow::DataType> type, BatchContext* context)
      : type_(std::move(type)),
        context_(*context),
        offsets_(context),
        data_(context),
        validity_(context) {}

  // `row` is not below that of any cell before.
  void PutBytes(int64_t row, const void* bytes, size_t size) {
    if (length_ != row) SkipTo(row);
    if (size > static_cast<size_t>(INT32_MAX - data_.size())) {
      context_.Fail(Error(ErrorCode::kResourceExhausted, "a cell of ", size,
                          " bytes; an Arrow column of ", type_->ToString(), " has room for ",
                          INT32_MAX, ", of which ", data_.size(), " are taken"));
      return;
    }
    offsets_.Reach(row, static_cast<int32_t>(data_.size()));
    if (size != 0) {
      if (uint8_t* const at = data_.Grow(static_cast<int64_t>(size))) std::memcpy(at, bytes, size);
    }
    validity_.AddValue(row);
    length_ = row + 1;
  }
  int64_t length() const { return length_; }
  int64_t data_bytes() const { return data_.size(); }

  int64_t bytes(int64_t rows) const override {
    return rows * int64_t{sizeof(int32_t)} + data_.size();
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish(int64_t rows) override {
    if (length_ == 0) {
      return NullArray(type_, rows, (rows + 1) * int64_t{sizeof(int32_t)}, context_);
    }
    if (length_ != rows) SkipTo(rows);
    length_ = 0;
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish(rows, static_cast<int32_t>(data_.size())));
    ARROW_ASSIGN_OR_RAISE(auto data, data_.Finish());
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, rows, {std::move(validity), std::move(offsets), std::move(data)}, nulls));
  }

 private:
  void SkipTo(int64_t row) {
    offsets_.Reach(row - 1, static_cast<int32_t>(data_.size()));
    validity_.AddNulls(length_, row - length_);
    length_ = row;
  }

  const std::shared_ptr<arrow::DataType> type_;
  BatchContext& context_;
  Offsets offsets_;
  GrowingBuffer data_;
  Validity validity_;
  int64_t length_ = 0;
};

// Lists of what `Elements` builds. At() comes before a list's elements.
template <typename Elements, typename Element>
class ListBuilder final : public ColumnBuilder {
 public:
  ListBuilder(std::shared_ptr<arrow::DataType> type, BatchContext* context)
      : type_(std::move(type)), offsets_(context), elements_(type_->field(0)->type(), context) {}

  // What is added from here on is of the list of `row`, which is not below any before.
  void At(int64_t row) { row_ = row; }
  void Add(Element element) {
    const int64_t count = elements_.length();
    offsets_.Reach(row_, static_cast<int32_t>(count));
    elements_.Put(count, element);
  }

  int64_t bytes(int64_t rows) const override {
    return rows * int64_t{sizeof(int32_t)} + elements_.bytes(elements_.length());
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish(int64_t rows) override {
    const int64_t count = elements_.length();
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish(rows, static_cast<int32_t>(count)));
    ARROW_ASSIGN_OR_RAISE(const auto elements, elements_.Finish(count));
    return arrow::MakeArray(
        arrow::ArrayData::Make(type_, rows, {nullptr, std::move(offsets)}, {elements->data()}, 0));
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  Offsets offsets_;
  Elements elements_;
  int64_t row_ = 0;
};

}  // namespace stellar_arrow::columnar
