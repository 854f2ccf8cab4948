// JSON objects whose members go out sorted by key, into buffers that are reused. Knows JSON's text;
// knows no ledger.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stellar_arrow::tables {

// Appends what a JSON string of `bytes` is, quotes included: valid UTF-8 whatever the bytes, as by
// text::ValidUtf8.
void AppendJsonString(std::string_view bytes, std::string* out);
void AppendJsonNumber(int64_t value, std::string* out);
void AppendJsonNumber(uint64_t value, std::string* out);

// A literal of letters that need no escapes, ready to be written and to be compared.
class JsonKey {
 public:
  static constexpr size_t kMost = 36;  // letters

  // Its place in the order of all keys.
  struct Place {
    std::array<uint64_t, 2> head{};  // the first 16 letters, to compare them at once
    std::string_view text;           // for as long as the program runs

    friend bool operator<(const Place& a, const Place& b) {
      if (a.head[0] != b.head[0]) return a.head[0] < b.head[0];
      if (a.head[1] != b.head[1]) return a.head[1] < b.head[1];
      return a.text < b.text;
    }
  };

  consteval JsonKey(const char* literal) : place_{{}, literal} {  // NOLINT: stands for the literal
    if (place_.text.size() > kMost) throw "the key is too long";
    lead_[size_++] = '"';
    for (const char letter : place_.text) lead_[size_++] = letter;
    lead_[size_++] = '"';
    lead_[size_++] = ':';
    for (size_t i = 0; i < 16; ++i) {
      const char letter = i < place_.text.size() ? place_.text[i] : '\0';
      place_.head[i / 8] = place_.head[i / 8] << 8 | static_cast<unsigned char>(letter);
    }
  }

  const Place& place() const { return place_; }
  // Writes what stands before the member's value, and perhaps more, up to kRoom bytes; returns
  // where the value goes.
  static constexpr size_t kRoom = kMost + 4;
  char* WriteLead(char* at) const {
    std::memcpy(at, lead_.data(), kRoom);
    return at + size_;
  }

 private:
  Place place_;
  std::array<char, kRoom> lead_{};
  size_t size_ = 0;
};

// One object after another. Costs least where members come in the order of their keys. Not
// thread-safe.
class JsonObject {
 public:
  void Clear();

  // No key may come twice.

  // A member whose value is what `write` writes, up to `most` bytes, from the place that it is
  // given on; it returns where the value ends.
  template <typename Write>
  void Written(const JsonKey& key, size_t most, Write&& write) {
    char* const at = Begin(key, most);
    size_ = static_cast<size_t>(write(at) - text_.data());
  }
  // A member whose value is the text `json`.
  void Raw(const JsonKey& key, std::string_view json) {
    Written(key, json.size(), [json](char* at) { return Copy(json, at); });
  }
  // A text that needs no escapes.
  void Plain(const JsonKey& key, std::string_view text) {
    Written(key, text.size() + 2, [text](char* at) {
      *at++ = '"';
      at = Copy(text, at);
      *at++ = '"';
      return at;
    });
  }
  void Number(const JsonKey& key, int64_t value) { Decimal(key, value); }
  void Number(const JsonKey& key, uint64_t value) { Decimal(key, value); }
  void Null(const JsonKey& key) { Raw(key, "null"); }
  // Any text.
  void String(const JsonKey& key, std::string_view bytes) { AppendJsonString(bytes, Value(key)); }
  // Where the text of the value of `key` is to be appended, until the next call.
  std::string* Value(const JsonKey& key) {
    size_ = static_cast<size_t>(Begin(key, 0) - text_.data());
    return &value_;
  }

  // The object's text, valid until the next call of any method.
  std::string_view Text();

  static char* Copy(std::string_view text, char* at) {
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }

 private:
  struct Member {
    JsonKey::Place key;
    size_t begin;  // of its lead in text_, which a comma or brace stands before
  };

  // Room for `bytes` more at the end of text_.
  char* Room(size_t bytes) {
    if (text_.size() - size_ < bytes) [[unlikely]]
      text_.resize(2 * (text_.size() + bytes));
    return text_.data() + size_;
  }
  void FlushValue() {
    if (value_.empty()) return;
    size_ = static_cast<size_t>(Copy(value_, Room(value_.size())) - text_.data());
    value_.clear();
  }
  // Begins a member; returns where its value goes, for which there is room.
  char* Begin(const JsonKey& key, size_t room) {
    FlushValue();
    char* const at = Room(1 + JsonKey::kRoom + room);
    *at = members_.empty() ? '{' : ',';
    sorted_ = sorted_ && (members_.empty() || members_.back().key < key.place());
    members_.push_back({key.place(), size_ + 1});
    return key.WriteLead(at + 1);
  }
  template <typename Integer>
  void Decimal(const JsonKey& key, Integer value) {
    constexpr size_t kDigits = 20;
    Written(key, kDigits, [=](char* at) { return std::to_chars(at, at + kDigits, value).ptr; });
  }
  void Sort();

  std::vector<Member> members_;
  bool sorted_ = true;  // as far as members have come
  std::string text_;    // of which size_ bytes are in use, the rest is room
  size_t size_ = 0;
  std::string value_;  // of the last member, as far as it was appended
};

}  // namespace stellar_arrow::tables
