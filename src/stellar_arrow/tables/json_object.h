// JSON objects whose members come in any order and go out sorted by key, into buffers that are
// reused. Knows JSON's text; knows no ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stellar_arrow::tables {

// Appends what a JSON string of `bytes` is, quotes included: valid UTF-8 whatever the bytes, as by
// text::ValidUtf8.
void AppendJsonString(std::string_view bytes, std::string* out);
void AppendJsonNumber(int64_t value, std::string* out);
void AppendJsonNumber(uint64_t value, std::string* out);

// One object after another. Not thread-safe.
class JsonObject {
 public:
  void Clear();

  // Where the text of the value of `key` is to be appended, until the next call. No key may come
  // twice; it must stay valid until Clear(), and need no escapes.
  std::string* Value(std::string_view key);
  void String(std::string_view key, std::string_view bytes) { AppendJsonString(bytes, Value(key)); }
  // A text that needs no escapes.
  void Plain(std::string_view key, std::string_view text) {
    Value(key)->append("\"").append(text).append("\"");
  }
  void Number(std::string_view key, int64_t value) { AppendJsonNumber(value, Value(key)); }
  void Number(std::string_view key, uint64_t value) { AppendJsonNumber(value, Value(key)); }
  void Null(std::string_view key) { Value(key)->append("null"); }

  // The object's text, valid until the next call of any method.
  std::string_view Text();

 private:
  struct Member {
    std::string_view key;
    size_t begin = 0;  // of its value in values_; it ends where the next one begins
    size_t end = 0;
  };

  std::vector<Member> members_;
  std::string values_;
  std::string text_;
};

}  // namespace stellar_arrow::tables
