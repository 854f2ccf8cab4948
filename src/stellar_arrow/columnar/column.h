// A column is one line: name, Arrow type, meaning, and how it is read from a row. Schema, builders
// and projection all derive from that line. Knows Arrow; knows no ledger.
//
// A column is nullable exactly when its extraction gives an optional. A type tag fixes the Arrow
// type, the builder and the one C++ type that it accepts, so that a U32 column fed an int64_t does
// not compile.
#pragma once

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::columnar {

// Grows one column of a batch. Nulls are only counted until a value or the end comes, so that they
// cost nothing each; the first append after Finish() reserves what the last batch needed.
class ColumnBuilder {
 public:
  virtual ~ColumnBuilder() = default;

  void AppendNull() { ++nulls_; }
  // Bytes of all buffers, nulls that wait included as values of fixed size.
  virtual int64_t bytes() const = 0;
  // The array of all rows since the last call.
  virtual arrow::Result<std::shared_ptr<arrow::Array>> Finish() = 0;

 protected:
  int64_t nulls_ = 0;  // at the end, not yet in the builder
};

// The common part of the builders below, on one of Arrow's.
template <typename ArrowBuilder, int64_t kRowBytes>
class BuilderOf : public ColumnBuilder {
 public:
  BuilderOf(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool)
      : builder_(type, pool) {}

  int64_t bytes() const override {
    return (builder_.length() + nulls_) * kRowBytes + this->VariableBytes();
  }

  arrow::Result<std::shared_ptr<arrow::Array>> Finish() override {
    ARROW_RETURN_NOT_OK(FlushNulls());
    last_rows_ = builder_.length();
    last_variable_bytes_ = VariableBytes();
    return builder_.Finish();
  }

 protected:
  virtual int64_t VariableBytes() const { return 0; }
  virtual arrow::Status ReserveVariable(int64_t) { return arrow::Status::OK(); }

  // Must come before every value.
  arrow::Status Prepare() {
    if (builder_.length() == 0 && last_rows_ != 0) {
      ARROW_RETURN_NOT_OK(builder_.Reserve(last_rows_));
      ARROW_RETURN_NOT_OK(ReserveVariable(last_variable_bytes_));
    }
    return nulls_ == 0 ? arrow::Status::OK() : FlushNulls();
  }

  arrow::Status FlushNulls() {
    const int64_t nulls = nulls_;
    nulls_ = 0;
    return nulls == 0 ? arrow::Status::OK() : builder_.AppendNulls(nulls);
  }

  ArrowBuilder builder_;
  int64_t last_rows_ = 0;
  int64_t last_variable_bytes_ = 0;
};

// Type tags. Value is what Put accepts.

template <typename ArrowType, typename CType>
struct Number {
  using Value = CType;
  static std::shared_ptr<arrow::DataType> Type() {
    return arrow::TypeTraits<ArrowType>::type_singleton();
  }
  class Builder final
      : public BuilderOf<typename arrow::TypeTraits<ArrowType>::BuilderType, sizeof(CType)> {
   public:
    using BuilderOf<typename arrow::TypeTraits<ArrowType>::BuilderType, sizeof(CType)>::BuilderOf;
    arrow::Status Put(Value value) {
      ARROW_RETURN_NOT_OK(this->Prepare());
      return this->builder_.Append(value);
    }
  };
};

using U8 = Number<arrow::UInt8Type, uint8_t>;
using U32 = Number<arrow::UInt32Type, uint32_t>;
using U64 = Number<arrow::UInt64Type, uint64_t>;
using I32 = Number<arrow::Int32Type, int32_t>;
using I64 = Number<arrow::Int64Type, int64_t>;
using Bool = Number<arrow::BooleanType, bool>;

// timestamp[us, UTC].
struct Timestamp {
  using Value = std::chrono::microseconds;  // since the epoch
  static std::shared_ptr<arrow::DataType> Type() {
    return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  }
  class Builder final : public BuilderOf<arrow::TimestampBuilder, sizeof(int64_t)> {
   public:
    using BuilderOf::BuilderOf;
    arrow::Status Put(Value value) {
      ARROW_RETURN_NOT_OK(Prepare());
      return builder_.Append(value.count());
    }
  };
};

// fixed_size_binary[32].
struct Hash32 {
  using Value = std::span<const uint8_t, 32>;
  static std::shared_ptr<arrow::DataType> Type() { return arrow::fixed_size_binary(32); }
  class Builder final : public BuilderOf<arrow::FixedSizeBinaryBuilder, 32> {
   public:
    using BuilderOf::BuilderOf;
    arrow::Status Put(Value value) {
      ARROW_RETURN_NOT_OK(Prepare());
      return builder_.Append(value.data());
    }
  };
};

template <typename ArrowBuilder>
class VariableBuilder : public BuilderOf<ArrowBuilder, sizeof(int32_t)> {
 public:
  VariableBuilder(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool)
      : BuilderOf<ArrowBuilder, sizeof(int32_t)>(type, pool) {}

 protected:
  arrow::Status PutBytes(const void* bytes, size_t size) {
    // An array's offsets are int32. What is too much for one array the builder refuses, but it is
    // told a value's size as an int32 as well.
    if (size > static_cast<size_t>(INT32_MAX)) {
      return Error(ErrorCode::kResourceExhausted, "a cell of ", size, " bytes; an Arrow column of ",
                   this->builder_.type()->ToString(), " has room for ", INT32_MAX);
    }
    ARROW_RETURN_NOT_OK(this->Prepare());
    return this->builder_.Append(static_cast<const uint8_t*>(bytes), static_cast<int32_t>(size));
  }
  int64_t VariableBytes() const override { return this->builder_.value_data_length(); }
  arrow::Status ReserveVariable(int64_t bytes) override {
    return this->builder_.ReserveData(bytes);
  }
};

struct Binary {
  using Value = std::span<const uint8_t>;
  static std::shared_ptr<arrow::DataType> Type() { return arrow::binary(); }
  class Builder final : public VariableBuilder<arrow::BinaryBuilder> {
   public:
    using VariableBuilder::VariableBuilder;
    arrow::Status Put(Value value) { return PutBytes(value.data(), value.size()); }
  };
};

// utf8. The value must be valid UTF-8.
struct Text {
  using Value = std::string_view;
  static std::shared_ptr<arrow::DataType> Type() { return arrow::utf8(); }
  class Builder final : public VariableBuilder<arrow::StringBuilder> {
   public:
    using VariableBuilder::VariableBuilder;
    arrow::Status Put(Value value) { return PutBytes(value.data(), value.size()); }
  };
};

// Grows a column of lists. Begin() comes before each list's elements. Empty lists are only counted
// until an element or the end comes, so that they cost nothing each.
template <typename ElementBuilder, typename Element>
class ListColumnBuilder final : public ColumnBuilder {
 public:
  ListColumnBuilder(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool)
      : elements_(std::make_shared<ElementBuilder>(pool)), builder_(pool, elements_, type) {}

  void Begin() { ++empty_; }
  arrow::Status Add(Element element) {
    if (empty_ != 0) ARROW_RETURN_NOT_OK(Open());
    return elements_->Append(element);
  }

  int64_t bytes() const override {
    constexpr int64_t kElement = sizeof(int32_t);  // an offset, or the element itself
    return (builder_.length() + empty_) * int64_t{sizeof(int32_t)} +
           elements_->length() * kElement + ElementBytes();
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Finish() override {
    ARROW_RETURN_NOT_OK(FlushEmpty());
    last_rows_ = builder_.length();
    last_elements_ = elements_->length();
    last_element_bytes_ = ElementBytes();
    return builder_.Finish();
  }

 private:
  static constexpr bool kTextElements = std::same_as<ElementBuilder, arrow::StringBuilder>;
  static_assert(kTextElements || sizeof(Element) == sizeof(int32_t));

  // The list that was begun last gets elements.
  arrow::Status Open() {
    if (builder_.length() == 0 && last_rows_ != 0) {
      ARROW_RETURN_NOT_OK(builder_.Reserve(last_rows_));
      ARROW_RETURN_NOT_OK(elements_->Reserve(last_elements_));
      if constexpr (kTextElements) {
        ARROW_RETURN_NOT_OK(elements_->ReserveData(last_element_bytes_));
      }
    }
    --empty_;
    ARROW_RETURN_NOT_OK(FlushEmpty());
    return builder_.Append();
  }

  arrow::Status FlushEmpty() {
    const int64_t empty = std::exchange(empty_, 0);
    return empty == 0 ? arrow::Status::OK() : builder_.AppendEmptyValues(empty);
  }

  int64_t ElementBytes() const {
    if constexpr (kTextElements) return elements_->value_data_length();
    return 0;
  }

  std::shared_ptr<ElementBuilder> elements_;
  arrow::ListBuilder builder_;
  int64_t empty_ = 0;  // lists at the end, not yet in the builder
  int64_t last_rows_ = 0;
  int64_t last_elements_ = 0;
  int64_t last_element_bytes_ = 0;
};

// Lists. An extraction for them takes the builder beside the row, and calls Add for each element.

// list<utf8>.
struct TextList {
  static std::shared_ptr<arrow::DataType> Type() { return arrow::list(arrow::utf8()); }
  using Builder = ListColumnBuilder<arrow::StringBuilder, std::string_view>;
};

// list<uint32>.
struct U32List {
  static std::shared_ptr<arrow::DataType> Type() { return arrow::list(arrow::uint32()); }
  using Builder = ListColumnBuilder<arrow::UInt32Builder, uint32_t>;
};

namespace detail {

template <typename T>
struct OptionalTraits {
  static constexpr bool kIsOptional = false;
  using Value = T;
};
template <typename T>
struct OptionalTraits<std::optional<T>> {
  static constexpr bool kIsOptional = true;
  using Value = T;
};

// No conversions of numbers; whatever stands for a text, or for bytes, may.
template <typename Value, typename Wanted>
concept Feeds = std::same_as<Value, Wanted> ||
                (!std::is_arithmetic_v<Wanted> && std::convertible_to<const Value&, Wanted>);

template <typename Type>
concept IsList = std::same_as<Type, TextList> || std::same_as<Type, U32List>;

}  // namespace detail

// A column of tables whose rows are of type Row.
template <typename Row>
struct Column {
  std::string_view name;
  std::string_view doc;
  bool nullable;
  std::shared_ptr<arrow::DataType> (*type)();
  std::unique_ptr<ColumnBuilder> (*make_builder)(arrow::MemoryPool*);
  arrow::Status (*append)(ColumnBuilder&, const Row&);
};

// Defines a column of type `Type` by a lambda without captures from the row to Type::Value, or to
// an optional of it.
template <typename Row, typename Type, typename Extract>
constexpr Column<Row> Col(std::string_view name, Type, std::string_view doc, Extract) {
  using Builder = typename Type::Builder;
  constexpr auto make = [](arrow::MemoryPool* pool) -> std::unique_ptr<ColumnBuilder> {
    return std::make_unique<Builder>(Type::Type(), pool);
  };
  if constexpr (detail::IsList<Type>) {
    constexpr auto append = [](ColumnBuilder& builder, const Row& row) -> arrow::Status {
      auto& list = static_cast<Builder&>(builder);
      list.Begin();
      return Extract{}(row, list);
    };
    return {name, doc, false, &Type::Type, make, append};
  } else {
    using Result = std::remove_cvref_t<std::invoke_result_t<Extract, const Row&>>;
    using Optional = detail::OptionalTraits<Result>;
    static_assert(detail::Feeds<typename Optional::Value, typename Type::Value>,
                  "the extraction gives another type than the column's");
    constexpr auto append = [](ColumnBuilder& builder, const Row& row) -> arrow::Status {
      auto& typed = static_cast<Builder&>(builder);
      if constexpr (Optional::kIsOptional) {
        const auto value = Extract{}(row);
        if (!value) {
          typed.AppendNull();
          return arrow::Status::OK();
        }
        return typed.Put(*value);
      } else {
        return typed.Put(Extract{}(row));
      }
    };
    return {name, doc, Optional::kIsOptional, &Type::Type, make, append};
  }
}

}  // namespace stellar_arrow::columnar
