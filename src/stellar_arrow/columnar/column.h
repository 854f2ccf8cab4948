// A column is one line: name, Arrow type, meaning, and how it is read from a row. Schema, builders
// and projection all derive from that line. Knows Arrow; knows no ledger.
//
// A column is nullable exactly when its extraction gives an optional. A type tag fixes the Arrow
// type, the builder and the one C++ type that it accepts, so that a U32 column fed an int64_t does
// not compile.
#pragma once

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "stellar_arrow/columnar/column_builder.h"

namespace stellar_arrow::columnar {

// Type tags. Value is what Put accepts.

template <typename ArrowType, typename CType>
struct Number {
  using Value = CType;
  using Builder = NumberBuilder<CType>;
  static std::shared_ptr<arrow::DataType> Type() {
    return arrow::TypeTraits<ArrowType>::type_singleton();
  }
};

using U8 = Number<arrow::UInt8Type, uint8_t>;
using U32 = Number<arrow::UInt32Type, uint32_t>;
using U64 = Number<arrow::UInt64Type, uint64_t>;
using I32 = Number<arrow::Int32Type, int32_t>;
using I64 = Number<arrow::Int64Type, int64_t>;

struct Bool {
  using Value = bool;
  using Builder = BoolBuilder;
  static std::shared_ptr<arrow::DataType> Type() { return arrow::boolean(); }
};

// timestamp[us, UTC].
struct Timestamp {
  using Value = std::chrono::microseconds;  // since the epoch
  static std::shared_ptr<arrow::DataType> Type() {
    return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  }
  class Builder final : public FixedBuilder<sizeof(int64_t)> {
   public:
    using FixedBuilder::FixedBuilder;
    void Put(int64_t row, Value value) {
      const int64_t count = value.count();
      PutBytes(row, &count);
    }
  };
};

// fixed_size_binary[32].
struct Hash32 {
  using Value = std::span<const uint8_t, 32>;
  static std::shared_ptr<arrow::DataType> Type() { return arrow::fixed_size_binary(32); }
  class Builder final : public FixedBuilder<32> {
   public:
    using FixedBuilder::FixedBuilder;
    void Put(int64_t row, Value value) { PutBytes(row, value.data()); }
  };
};

struct Binary {
  using Value = std::span<const uint8_t>;
  static std::shared_ptr<arrow::DataType> Type() { return arrow::binary(); }
  class Builder final : public VariableBuilder {
   public:
    using VariableBuilder::VariableBuilder;
    void Put(int64_t row, Value value) { PutBytes(row, value.data(), value.size()); }
  };
};

// utf8. The value must be valid UTF-8.
struct Text {
  using Value = std::string_view;
  static std::shared_ptr<arrow::DataType> Type() { return arrow::utf8(); }
  class Builder final : public VariableBuilder {
   public:
    using VariableBuilder::VariableBuilder;
    void Put(int64_t row, Value value) { PutBytes(row, value.data(), value.size()); }
  };
};

// Lists. An extraction for them takes the builder beside the row, and calls Add for each element.

// list<utf8>.
struct TextList {
  static std::shared_ptr<arrow::DataType> Type() { return arrow::list(arrow::utf8()); }
  using Builder = ListBuilder<Text::Builder, std::string_view>;
};

// list<uint32>.
struct U32List {
  static std::shared_ptr<arrow::DataType> Type() { return arrow::list(arrow::uint32()); }
  using Builder = ListBuilder<U32::Builder, uint32_t>;
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
  std::unique_ptr<ColumnBuilder> (*make_builder)(BatchContext*);
  // Puts the row's cell, unless it is null, at its place in the batch.
  void (*append)(ColumnBuilder&, const Row&, int64_t place);
  // One bit for each kind of row that can have a cell here: for all others the column is not asked.
  uint64_t kinds = ~uint64_t{0};
};

// `column`, asked for rows only whose kind() is a bit of `kinds`.
template <typename Row>
constexpr Column<Row> Only(uint64_t kinds, Column<Row> column) {
  column.kinds = kinds;
  return column;
}

// Defines a column of type `Type` by a lambda without captures from the row to Type::Value, or to
// an optional of it.
template <typename Row, typename Type, typename Extract>
constexpr Column<Row> Col(std::string_view name, Type, std::string_view doc, Extract) {
  using Builder = typename Type::Builder;
  constexpr auto make = [](BatchContext* context) -> std::unique_ptr<ColumnBuilder> {
    return std::make_unique<Builder>(Type::Type(), context);
  };
  if constexpr (detail::IsList<Type>) {
    constexpr auto append = [](ColumnBuilder& builder, const Row& row, int64_t place) {
      auto& list = static_cast<Builder&>(builder);
      list.At(place);
      Extract{}(row, list);
    };
    return {name, doc, false, &Type::Type, make, append};
  } else {
    using Result = std::remove_cvref_t<std::invoke_result_t<Extract, const Row&>>;
    using Optional = detail::OptionalTraits<Result>;
    static_assert(detail::Feeds<typename Optional::Value, typename Type::Value>,
                  "the extraction gives another type than the column's");
    constexpr auto append = [](ColumnBuilder& builder, const Row& row, int64_t place) {
      auto& typed = static_cast<Builder&>(builder);
      if constexpr (Optional::kIsOptional) {
        if (const auto value = Extract{}(row)) typed.Put(place, *value);
      } else {
        typed.Put(place, Extract{}(row));
      }
    };
    return {name, doc, Optional::kIsOptional, &Type::Type, make, append};
  }
}

}  // namespace stellar_arrow::columnar
