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

inline constexpr uint64_t kAllKinds = ~uint64_t{0};

// A column of tables whose rows are of type Row.
template <typename Row>
struct Column {
  std::string_view name;
  std::string_view doc;
  bool nullable;
  std::shared_ptr<arrow::DataType> (*type)();
  std::unique_ptr<ColumnBuilder> (*make_builder)(BatchContext*);
  // Puts the cells of `rows`, but for null ones, at their places in the batch, of which `place` is
  // the first. Rows of other kinds than `kinds` are not asked.
  void (*append)(ColumnBuilder&, std::span<const Row> rows, int64_t place, uint64_t kinds);
  // One bit for each kind of row that can have a cell here.
  uint64_t kinds = kAllKinds;
};

// Whether rows tell their kind, a number below 64.
template <typename Row>
concept HasKind = requires(const Row& row) { row.kind(); };

// `column`, asked for rows only whose kind() is a bit of `kinds`.
template <typename Row>
constexpr Column<Row> Only(uint64_t kinds, Column<Row> column) {
  column.kinds = kinds;
  return column;
}

namespace detail {

// Whether an extraction may give no value. Lists are never null.
template <typename Row, typename Type, typename Extract>
inline constexpr bool IsOptional =
    OptionalTraits<std::remove_cvref_t<std::invoke_result_t<Extract, const Row&>>>::kIsOptional;
template <typename Row, IsList Type, typename Extract>
inline constexpr bool IsOptional<Row, Type, Extract> = false;

// Calls put(row, place) for those of `rows` that are of `kinds`.
template <typename Row, typename Put>
void ForEachOf(std::span<const Row> rows, int64_t place, uint64_t kinds, Put&& put) {
  if constexpr (HasKind<Row>) {
    if (kinds != kAllKinds) {
      for (const Row& row : rows) {
        if ((kinds >> row.kind() & 1) != 0) put(row, place);
        ++place;
      }
      return;
    }
  }
  for (const Row& row : rows) put(row, place++);
}

}  // namespace detail

// Defines a column of type `Type` by a lambda without captures from the row to Type::Value, or to
// an optional of it.
template <typename Row, typename Type, typename Extract>
constexpr Column<Row> Col(std::string_view name, Type, std::string_view doc, Extract) {
  using Builder = typename Type::Builder;
  constexpr auto make = [](BatchContext* context) -> std::unique_ptr<ColumnBuilder> {
    return std::make_unique<Builder>(Type::Type(), detail::IsOptional<Row, Type, Extract>, context);
  };
  if constexpr (detail::IsList<Type>) {
    constexpr auto append = [](ColumnBuilder& builder, std::span<const Row> rows, int64_t first,
                               uint64_t kinds) {
      auto& list = static_cast<Builder&>(builder);
      if (!list.Begin(first, static_cast<int64_t>(rows.size()))) return;
      detail::ForEachOf(rows, first, kinds, [&](const Row& row, int64_t place) {
        list.At(place);
        Extract{}(row, list);
      });
    };
    return {name, doc, false, &Type::Type, make, append};
  } else {
    using Result = std::remove_cvref_t<std::invoke_result_t<Extract, const Row&>>;
    using Optional = detail::OptionalTraits<Result>;
    static_assert(detail::Feeds<typename Optional::Value, typename Type::Value>,
                  "the extraction gives another type than the column's");
    constexpr auto append = [](ColumnBuilder& builder, std::span<const Row> rows, int64_t first,
                               uint64_t kinds) {
      auto& typed = static_cast<Builder&>(builder);
      if (!typed.Begin(first, static_cast<int64_t>(rows.size()))) return;
      detail::ForEachOf(rows, first, kinds, [&](const Row& row, int64_t place) {
        if constexpr (Optional::kIsOptional) {
          if (const auto value = Extract{}(row)) typed.Put(place, *value);
        } else {
          typed.Put(place, Extract{}(row));
        }
      });
    };
    return {name, doc, Optional::kIsOptional, &Type::Type, make, append};
  }
}

}  // namespace stellar_arrow::columnar
