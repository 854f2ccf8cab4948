// What the generated readers are made of: the words of XDR, and views of its arrays. All of it
// reads checked bytes, so nothing here can fail; only xdr/ touches bytes by offset.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

#include "stellar_arrow/xdr/bytes.h"

namespace stellar_arrow::xdr {

// Levels of structs, unions, arrays and optionals that a value may have, counted where a type that
// can contain itself begins. stellar-core uses this limit; half of it would refuse valid ledgers.
inline constexpr uint32_t kMaxDepth = 1500;

// opaque[N].
template <size_t N>
using Opaque = std::span<const uint8_t, N>;

namespace detail {

// A buffer that would be gone before a view of it could be used.
template <typename T>
concept TemporaryBuffer = !std::is_reference_v<T> && !std::ranges::borrowed_range<T>;

inline uint32_t Load32(const uint8_t* p) {
  uint32_t word;
  std::memcpy(&word, p, sizeof word);
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap32(word);
  return word;
}

inline uint64_t Load64(const uint8_t* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
  return word;
}

// Bytes that `length` bytes of opaque take, with their padding.
inline uint64_t Padded(uint32_t length) { return (uint64_t{length} + 3) & ~uint64_t{3}; }

constexpr size_t PaddedSize(size_t length) { return (length + 3) & ~size_t{3}; }

// The end of a variable opaque or string that begins at `p`.
inline const uint8_t* SkipOpaque(const uint8_t* p) { return p + 4 + Padded(Load32(p)); }

// Makes views of checked bytes; the one way to do so.
struct Access {
  template <typename View>
  static View Make(const uint8_t* p) {
    return View(p);
  }
  template <typename View>
  static const uint8_t* Begin(const View& view) {
    return view.p_;
  }
};

// How a value of C++ type T is read and stepped over. kSize is 0 where the size varies.
template <typename T>
struct Codec {  // a generated view
  static constexpr size_t kSize = T::kFixedSize;
  static T Read(const uint8_t* p) { return Access::Make<T>(p); }
  static const uint8_t* Skip(const uint8_t* p) { return T::SkipAt(p); }
};

template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>)
struct Codec<T> {
  static constexpr size_t kSize = std::is_same_v<T, bool> ? 4 : sizeof(T);
  static T Read(const uint8_t* p) {
    if constexpr (kSize == 8) {
      return static_cast<T>(Load64(p));
    } else {
      return static_cast<T>(Load32(p));
    }
  }
  static const uint8_t* Skip(const uint8_t* p) { return p + kSize; }
};

template <size_t N>
  requires(N != std::dynamic_extent)
struct Codec<Opaque<N>> {
  static constexpr size_t kSize = PaddedSize(N);
  static Opaque<N> Read(const uint8_t* p) { return Opaque<N>(p, N); }
  static const uint8_t* Skip(const uint8_t* p) { return p + kSize; }
};

template <>
struct Codec<Bytes> {
  static constexpr size_t kSize = 0;
  static Bytes Read(const uint8_t* p) { return {p + 4, Load32(p)}; }
  static const uint8_t* Skip(const uint8_t* p) { return SkipOpaque(p); }
};

template <>
struct Codec<std::string_view> {
  static constexpr size_t kSize = 0;
  static std::string_view Read(const uint8_t* p) {
    return {reinterpret_cast<const char*>(p + 4), Load32(p)};
  }
  static const uint8_t* Skip(const uint8_t* p) { return SkipOpaque(p); }
};

template <typename T>
struct Codec<std::optional<T>> {
  static constexpr size_t kSize = 0;
  static std::optional<T> Read(const uint8_t* p) {
    if (Load32(p) == 0) return std::nullopt;
    return Codec<T>::Read(p + 4);
  }
  static const uint8_t* Skip(const uint8_t* p) {
    return Load32(p) == 0 ? p + 4 : Codec<T>::Skip(p + 4);
  }
};

template <typename T>
const uint8_t* SkipElements(const uint8_t* p, size_t count) {
  if constexpr (Codec<T>::kSize != 0) {
    return p + count * Codec<T>::kSize;
  } else {
    for (; count != 0; --count) p = Codec<T>::Skip(p);
    return p;
  }
}

}  // namespace detail

// An array's elements as a sized forward range. Elements of varying size are stepped over one by
// one, so walk it once rather than by index.
template <typename T>
class Elements {
 public:
  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;

    Iterator() = default;
    Iterator(const uint8_t* p, size_t left) : p_(p), left_(left) {}

    T operator*() const { return detail::Codec<T>::Read(p_); }
    Iterator& operator++() {
      p_ = detail::Codec<T>::Skip(p_);
      --left_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    // Iterators of one range only.
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

   private:
    const uint8_t* p_ = nullptr;
    size_t left_ = 0;
  };

  Elements() = default;
  Elements(const uint8_t* p, size_t size) : p_(p), size_(size) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator begin() const { return {p_, size_}; }
  Iterator end() const { return {nullptr, 0}; }

  // The element at `index`, which is less than size(). Steps over those before it, unless all have
  // one size.
  T operator[](size_t index) const {
    return detail::Codec<T>::Read(detail::SkipElements<T>(p_, index));
  }

 private:
  const uint8_t* p_ = nullptr;
  size_t size_ = 0;
};

// T<>: a count, then that many elements. Valid while the checked bytes are.
template <typename T>
class List : public Elements<T> {
 public:
  List() = default;
  // The count and the elements: exactly this value's bytes.
  Bytes wire() const { return {p_, detail::Codec<List>::Skip(p_)}; }

 private:
  friend struct detail::Access;
  explicit List(const uint8_t* p) : Elements<T>(p + 4, detail::Load32(p)), p_(p) {}
  const uint8_t* p_ = nullptr;
};

// T[N].
template <typename T, size_t N>
class Array : public Elements<T> {
 private:
  friend struct detail::Access;
  explicit Array(const uint8_t* p) : Elements<T>(p, N) {}
};

namespace detail {

template <typename T>
struct Codec<List<T>> {
  static constexpr size_t kSize = 0;
  static List<T> Read(const uint8_t* p) { return Access::Make<List<T>>(p); }
  static const uint8_t* Skip(const uint8_t* p) { return SkipElements<T>(p + 4, Load32(p)); }
};

template <typename T, size_t N>
struct Codec<Array<T, N>> {
  static constexpr size_t kSize = Codec<T>::kSize * N;
  static Array<T, N> Read(const uint8_t* p) { return Access::Make<Array<T, N>>(p); }
  static const uint8_t* Skip(const uint8_t* p) { return SkipElements<T>(p, N); }
};

}  // namespace detail

}  // namespace stellar_arrow::xdr
