// JSON objects whose members come in any order and go out sorted by key, into buffers that are
// reused. Knows JSON's text; knows no ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stellar_arrow::tables {

// Appends what a JSON string of `bytes` is, quotes included: valid UTF-8 whatever the bytes, as by
// text::ValidUtf8.
void AppendJsonString(std::string_view bytes, std::string* out);
void AppendJsonNumber(int64_t value, std::string* out);
void AppendJsonNumber(uint64_t value, std::string* out);

// A literal, of letters that need no escapes: known by its place, which only a literal keeps.
class JsonKey {
 public:
  consteval JsonKey(const char* literal) : text_(literal) {}  // NOLINT: stands for the literal
  std::string_view text() const { return text_; }
  friend bool operator==(JsonKey a, JsonKey b) { return a.text_.data() == b.text_.data(); }

 private:
  std::string_view text_;
};

// One object after another. Not thread-safe.
class JsonObject {
 public:
  void Clear();

  // Where the text of the value of `key` is to be appended, until the next call. No key may come
  // twice.
  std::string* Value(JsonKey key);
  void String(JsonKey key, std::string_view bytes) { AppendJsonString(bytes, Value(key)); }
  // A text that needs no escapes.
  void Plain(JsonKey key, std::string_view text) {
    std::string* const out = Value(key);
    *out += '"';
    *out += text;
    *out += '"';
  }
  void Number(JsonKey key, int64_t value) { AppendJsonNumber(value, Value(key)); }
  void Number(JsonKey key, uint64_t value) { AppendJsonNumber(value, Value(key)); }
  void Null(JsonKey key) { Value(key)->append("null"); }

  // The object's text, valid until the next call of any method.
  std::string_view Text();

 private:
  struct Member {
    JsonKey key;
    size_t begin;  // of its value in values_, where the member before ends
  };
  // What the keys of an object settle, whatever its values: kept, because most objects have the
  // keys, in the order of coming, of one before.
  struct Shape {
    std::vector<JsonKey> keys;       // in the order of coming
    std::vector<size_t> order;       // of the members in the text
    std::vector<std::string> leads;  // what stands before each value in the text, in its order
  };

  const Shape& ShapeOfMembers();

  std::vector<Member> members_;
  std::unordered_map<uint64_t, Shape> shapes_;  // by keys_hash_
  uint64_t keys_hash_ = 0;
  std::string values_;
  std::string text_;
};

}  // namespace stellar_arrow::tables
