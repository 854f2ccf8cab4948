// What the generated values (generated/value/) are made of: writing XDR's words, reading them from
// checked bytes, and what is thrown where a value is none of the protocol's.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "stellar_arrow/xdr/bytes.h"
#include "stellar_arrow/xdr/runtime.h"

namespace stellar_arrow::xdr::value {

// A value that the protocol has no bytes for: a list or text over its limit, an enum's value that
// has no name, nesting over kMaxDepth levels, or an arm that the discriminant does not select.
// Whoever built the value is at fault, so it is thrown, not returned. what() names type and field.
class InvalidValue : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// Appends words to a buffer. Unless Done() is called, the buffer is as before at the end.
class Writer {
 public:
  explicit Writer(std::vector<uint8_t>* out) : out_(out), size_before_(out->size()) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    if (!done_) out_->resize(size_before_);
  }

  void Word(uint32_t word) {
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap32(word);
    std::memcpy(Append(sizeof word), &word, sizeof word);
  }
  void Long(uint64_t word) {
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    std::memcpy(Append(sizeof word), &word, sizeof word);
  }
  // opaque[size]. Padding is zero.
  void Fixed(std::span<const uint8_t> bytes) {
    if (bytes.empty()) return;
    std::memcpy(Append(detail::PaddedSize(bytes.size())), bytes.data(), bytes.size());
  }
  // The count of a list. `field` is what a limit's error names.
  void Count(size_t count, uint32_t limit, const char* field) {
    if (count > limit) ThrowOverLimit(count, limit, field);
    Word(static_cast<uint32_t>(count));
  }
  void Opaque(std::span<const uint8_t> bytes, uint32_t limit, const char* field) {
    Count(bytes.size(), limit, field);
    Fixed(bytes);
  }
  void Text(std::string_view text, uint32_t limit, const char* field) {
    Opaque({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, limit, field);
  }

  // Levels are counted as the check counts them: see kMaxDepth.
  void Enter() { ++depth_; }
  void Leave() { --depth_; }
  void CheckDepth(const char* type) const {
    if (depth_ > kMaxDepth) ThrowTooDeep(type);
  }

  void Done() { done_ = true; }

 private:
  uint8_t* Append(size_t size) {
    const size_t at = out_->size();
    out_->resize(at + size);
    return out_->data() + at;
  }
  [[noreturn]] static void ThrowOverLimit(size_t count, uint32_t limit, const char* field);
  [[noreturn]] static void ThrowTooDeep(const char* type);

  std::vector<uint8_t>* out_;
  size_t size_before_;
  uint32_t depth_ = 0;
  bool done_ = false;
};

// A place in checked bytes.
class Reader {
 public:
  explicit Reader(const uint8_t* p) : p_(p) {}

  uint32_t Word() { return detail::Load32(std::exchange(p_, p_ + 4)); }
  uint64_t Long() { return detail::Load64(std::exchange(p_, p_ + 8)); }
  void Fixed(std::span<uint8_t> bytes) {
    if (bytes.empty()) return;
    std::memcpy(bytes.data(), p_, bytes.size());
    p_ += detail::PaddedSize(bytes.size());
  }
  Bytes Opaque() {
    const uint8_t* const at = p_;
    p_ = detail::SkipOpaque(p_);
    return {at + 4, detail::Load32(at)};
  }

 private:
  const uint8_t* p_;
};

// A union's arm: a value of any type, or nothing. Small plain ones lie inside, others are owned.
// The types are told apart at run time, not by templates over all arms, so that unions of unions
// are quick to compile and may contain themselves. What is moved from holds nothing.
class Arm {
 public:
  Arm() = default;
  Arm(const Arm& other);
  Arm(Arm&& other) noexcept;
  Arm& operator=(Arm other) noexcept;
  ~Arm();

  template <typename T>
  static Arm Of(T value) {
    Arm arm;
    if constexpr (kInside<T>) {
      new (static_cast<void*>(arm.inside_)) T(value);
      arm.operations_ = &kPlain;
    } else {
      arm.operations_ = &kOperations<T>;
      arm.owned_ = new T(std::move(value));
    }
    return arm;
  }

  // Makes it a default T.
  template <typename T>
  T& Emplace() {
    *this = Of(T{});
    return *Get<T>();
  }

  // The value, which must be a T; null after a move.
  template <typename T>
  T* Get() {
    if constexpr (kInside<T>) {
      return operations_ == nullptr ? nullptr : reinterpret_cast<T*>(inside_);
    } else {
      return operations_ == nullptr ? nullptr : static_cast<T*>(owned_);
    }
  }
  template <typename T>
  const T* Get() const {
    return const_cast<Arm*>(this)->Get<T>();
  }

 private:
  static constexpr size_t kInsideSize = 32;  // a hash, a key
  template <typename T>
  static constexpr bool kInside =
      std::is_trivially_copyable_v<T> && sizeof(T) <= kInsideSize && alignof(T) <= alignof(void*);

  struct Operations {
    void* (*copy)(const void*);  // null: the value lies inside
    void (*destroy)(void*);
  };
  template <typename T>
  static constexpr Operations kOperations = {
      [](const void* value) -> void* { return new T(*static_cast<const T*>(value)); },
      [](void* value) { delete static_cast<T*>(value); }};
  static const Operations kPlain;

  const Operations* operations_ = nullptr;
  union {
    void* owned_;
    alignas(void*) unsigned char inside_[kInsideSize] = {};
  };
};

[[noreturn]] void ThrowUnknownValue(const char* type, int32_t value);
[[noreturn]] void ThrowNoArm(const char* type, int32_t discriminant);
[[noreturn]] void ThrowOtherArm(const char* field, int32_t discriminant);

// A generated struct, union or enum.
template <typename T>
concept Encodable = requires(Writer& w, const T& value) {
  { Put(w, value) } -> std::same_as<void>;
};

// Appends the value's XDR to `out`. Throws InvalidValue, and then leaves `out` as it was.
template <Encodable T>
void Encode(const T& value, std::vector<uint8_t>* out) {
  Writer w(out);
  Put(w, value);
  w.Done();
}

template <Encodable T>
std::vector<uint8_t> Encode(const T& value) {
  std::vector<uint8_t> out;
  Encode(value, &out);
  return out;
}

// A named type of the protocol, for what is done to all of them.
struct TypeCodec {
  std::string_view name;
  std::vector<uint8_t> (*encode_default)();
  std::vector<uint8_t> (*encode_again)(Bytes checked);  // decodes the bytes and encodes the value
};

// All types of AllTypes(), in the same order.
std::span<const TypeCodec> AllCodecs();

}  // namespace stellar_arrow::xdr::value
