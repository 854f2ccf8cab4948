// The names that columns give the members of the protocol's enums. Made once from the protocol's
// types as data; lives for ever.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stellar_arrow::tables {

// The names of one enum's members.
class EnumNames {
 public:
  enum class Style {
    // The member's words in lower case: "payment_underfunded", "tx_bad_seq".
    kSnake,
    // As Go's generated code prints it, which is what stellar-etl shows: the type's name, then the
    // member's words: "PaymentResultCodePaymentUnderfunded".
    kGo,
  };

  // `type` is the protocol's name of an enum, such as "PaymentResultCode".
  EnumNames(std::string_view type, Style style);

  // `value` must be a member, as that of a checked XDR value always is; else the text is empty.
  std::string_view operator[](int32_t value) const;

 private:
  int32_t first_ = 0;
  std::vector<std::string> names_;  // by value - first_
};

// A member's name in words of lower case joined by '_': "txBAD_SEQ" is "tx_bad_seq".
std::string SnakeWords(std::string_view member);

}  // namespace stellar_arrow::tables
