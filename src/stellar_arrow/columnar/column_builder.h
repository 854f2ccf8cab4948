// Builders of columns, one a kind of Arrow type. Room is made for some rows at once, then cells are
// put at their rows. Rows that get no cell are null (in lists: empty); where a column has no cell
// for many, it is not asked at all. Knows Arrow; knows no ledger.
#pragma once

#include <arrow/array/data.h>
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
  virtual arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish(int64_t rows) = 0;
};

// The array of `rows` nulls, of a type that has a validity buffer and one other, of `bytes` bytes.
inline arrow::Result<std::shared_ptr<arrow::ArrayData>> NullArray(
    const std::shared_ptr<arrow::DataType>& type, int64_t rows, int64_t bytes,
    BatchContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto validity, context.Zeros((rows + 7) >> 3));
  ARROW_ASSIGN_OR_RAISE(auto other, context.Zeros(bytes));
  arrow::BufferVector buffers = {std::move(validity), std::move(other)};
  if (arrow::is_base_binary_like(type->id())) {
    ARROW_ASSIGN_OR_RAISE(buffers.emplace_back(), context.Zeros(0));
  }
  return arrow::ArrayData::Make(type, rows, std::move(buffers), rows);
}

// Bits, one a row, in Arrow's order.
class Bits {
 public:
  explicit Bits(BatchContext* context) : bytes_(context) {}

  // Makes room for `count` bits; new ones are 0. False where there is none.
  bool Reach(int64_t count) { return bytes_.Reach((count + 7) >> 3); }
  // `at` lies in the room that was made.
  void Set(int64_t at) { bytes_.data()[at >> 3] |= static_cast<uint8_t>(1u << (at & 7)); }
  void Clear() { bytes_.Clear(); }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() { return bytes_.Finish(); }

 private:
  GrowingBuffer bytes_;
};

// Which rows have a value. Of a column that is not nullable all have, which costs nothing.
class Validity {
 public:
  Validity(bool nullable, BatchContext* context) : nullable_(nullable), bits_(context) {}

  bool nullable() const { return nullable_; }
  bool Reach(int64_t rows) { return !nullable_ || bits_.Reach(rows); }
  void Set(int64_t row) {
    if (!nullable_) return;
    bits_.Set(row);
    ++values_;
  }
  // Whether none of the rows, if there are any, has a value.
  bool none() const { return nullable_ && values_ == 0; }
  void Clear() { bits_.Clear(); }

  struct Finished {
    std::shared_ptr<arrow::Buffer> bits;  // null where all rows have a value
    int64_t nulls = 0;
  };
  arrow::Result<Finished> Finish(int64_t rows) {
    const int64_t nulls = nullable_ ? rows - std::exchange(values_, 0) : 0;
    if (nulls == 0) {
      bits_.Clear();
      return Finished{};
    }
    bits_.Reach(rows);
    ARROW_ASSIGN_OR_RAISE(auto bits, bits_.Finish());
    return Finished{std::move(bits), nulls};
  }

 private:
  const bool nullable_;
  Bits bits_;
  int64_t values_ = 0;
};

// The array of values that lie in one buffer beside their validity.
template <typename Values>
arrow::Result<std::shared_ptr<arrow::ArrayData>> FinishFlat(
    const std::shared_ptr<arrow::DataType>& type, int64_t rows, Validity& validity,
    Values& values) {
  ARROW_ASSIGN_OR_RAISE(auto valid, validity.Finish(rows));
  ARROW_ASSIGN_OR_RAISE(auto data, values.Finish());
  return arrow::ArrayData::Make(type, rows, {std::move(valid.bits), std::move(data)}, valid.nulls);
}

// Values of `kSize` bytes each.
template <int64_t kSize>
class FixedBuilder : public ColumnBuilder {
 public:
  FixedBuilder(std::shared_ptr<arrow::DataType> type, bool nullable, BatchContext* context)
      : type_(std::move(type)),
        context_(*context),
        values_(context),
        validity_(nullable, context) {}

  // Makes room for `count` rows from `row` on, which is not below that of any cell before. False
  // where there is none.
  bool Begin(int64_t row, int64_t count) {
    const int64_t bytes = (row + count) * kSize;
    // Nulls are zeros; without any there is nothing to clear first.
    return (validity_.nullable() ? values_.Reach(bytes) : values_.Reserve(bytes)) &&
           validity_.Reach(row + count);
  }
  // `row` lies in the room that was made.
  void PutBytes(int64_t row, const void* value) {
    std::memcpy(values_.data() + row * kSize, value, kSize);
    validity_.Set(row);
  }

  int64_t bytes(int64_t rows) const override { return rows * kSize; }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish(int64_t rows) override {
    if (validity_.none()) {
      values_.Clear();
      validity_.Clear();
      return NullArray(type_, rows, rows * kSize, context_);
    }
    values_.Reach(rows * kSize);
    return FinishFlat(type_, rows, validity_, values_);
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  BatchContext& context_;
  GrowingBuffer values_;
  Validity validity_;
};

template <typename T>
class NumberBuilder final : public FixedBuilder<sizeof(T)> {
 public:
  using FixedBuilder<sizeof(T)>::FixedBuilder;
  void Put(int64_t row, T value) { this->PutBytes(row, &value); }
};

class BoolBuilder final : public ColumnBuilder {
 public:
  BoolBuilder(std::shared_ptr<arrow::DataType> type, bool nullable, BatchContext* context)
      : type_(std::move(type)),
        context_(*context),
        values_(context),
        validity_(nullable, context) {}

  // As FixedBuilder's.
  bool Begin(int64_t row, int64_t count) {
    return values_.Reach(row + count) && validity_.Reach(row + count);
  }
  void Put(int64_t row, bool value) {
    if (value) values_.Set(row);
    validity_.Set(row);
  }

  int64_t bytes(int64_t rows) const override { return rows; }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish(int64_t rows) override {
    if (validity_.none()) {
      values_.Clear();
      validity_.Clear();
      return NullArray(type_, rows, (rows + 7) >> 3, context_);
    }
    values_.Reach(rows);
    return FinishFlat(type_, rows, validity_, values_);
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  BatchContext& context_;
  Bits values_;
  Validity validity_;
};

// Where the parts of a buffer begin: Arrow's offsets, one more than there are rows.
class Offsets {
 public:
  explicit Offsets(BatchContext* context) : words_(context) {}

  // Makes room for those of `rows` rows. False where there is none.
  bool Reserve(int64_t rows) { return words_.Reserve((rows + 1) * kSize); }
  // Rows that have no offset yet, up to `row`, included, begin at `offset`.
  void Reach(int64_t row, int32_t offset) {
    while (length_ <= row) std::memcpy(words_.data() + length_++ * kSize, &offset, kSize);
  }
  // As long as no row has an offset.
  void Clear() { words_.Clear(); }
  // `end` is where the last of `rows` ends.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish(int64_t rows, int32_t end) {
    if (Reserve(rows)) Reach(rows, end);
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
  VariableBuilder(std::shared_ptr<arrow::DataType> type, bool nullable, BatchContext* context)
      : type_(std::move(type)),
        context_(*context),
        offsets_(context),
        data_(context),
        validity_(nullable, context) {}

  // As FixedBuilder's.
  bool Begin(int64_t row, int64_t count) {
    return offsets_.Reserve(row + count) && validity_.Reach(row + count);
  }
  // `row` lies in the room that was made, and not below that of any cell before.
  void PutBytes(int64_t row, const void* bytes, size_t size) {
    if (size > static_cast<size_t>(INT32_MAX - data_.size())) [[unlikely]] {
      context_.Fail(Error(ErrorCode::kResourceExhausted, "a cell of ", size,
                          " bytes; an Arrow column of ", type_->ToString(), " has room for ",
                          INT32_MAX, ", of which ", data_.size(), " are taken"));
      return;
    }
    offsets_.Reach(row, static_cast<int32_t>(data_.size()));
    if (size != 0) {
      if (uint8_t* const at = data_.Grow(static_cast<int64_t>(size))) std::memcpy(at, bytes, size);
    }
    validity_.Set(row);
  }
  int64_t data_bytes() const { return data_.size(); }

  int64_t bytes(int64_t rows) const override {
    return rows * int64_t{sizeof(int32_t)} + data_.size();
  }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish(int64_t rows) override {
    if (validity_.none()) {
      offsets_.Clear();
      validity_.Clear();
      return NullArray(type_, rows, (rows + 1) * int64_t{sizeof(int32_t)}, context_);
    }
    ARROW_ASSIGN_OR_RAISE(auto valid, validity_.Finish(rows));
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish(rows, static_cast<int32_t>(data_.size())));
    ARROW_ASSIGN_OR_RAISE(auto data, data_.Finish());
    return arrow::ArrayData::Make(
        type_, rows, {std::move(valid.bits), std::move(offsets), std::move(data)}, valid.nulls);
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  BatchContext& context_;
  Offsets offsets_;
  GrowingBuffer data_;
  Validity validity_;
};

// Lists of what `Elements` builds. At() comes before a list's elements.
template <typename Elements, typename Element>
class ListBuilder final : public ColumnBuilder {
 public:
  ListBuilder(std::shared_ptr<arrow::DataType> type, bool nullable, BatchContext* context)
      : type_(std::move(type)),
        offsets_(context),
        elements_(type_->field(0)->type(), nullable, context) {}

  // As FixedBuilder's.
  bool Begin(int64_t row, int64_t count) { return offsets_.Reserve(row + count); }
  // What is added from here on is of the list of `row`, which is not below any before.
  void At(int64_t row) { offsets_.Reach(row, static_cast<int32_t>(count_)); }
  void Add(Element element) {
    if (!elements_.Begin(count_, 1)) return;
    elements_.Put(count_++, element);
  }

  int64_t bytes(int64_t rows) const override {
    return rows * int64_t{sizeof(int32_t)} + elements_.bytes(count_);
  }
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish(int64_t rows) override {
    const int64_t count = std::exchange(count_, 0);
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish(rows, static_cast<int32_t>(count)));
    ARROW_ASSIGN_OR_RAISE(auto elements, elements_.Finish(count));
    return arrow::ArrayData::Make(type_, rows, {nullptr, std::move(offsets)}, {std::move(elements)},
                                  0);
  }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  Offsets offsets_;
  Elements elements_;
  int64_t count_ = 0;  // of elements
};

}  // namespace stellar_arrow::columnar
