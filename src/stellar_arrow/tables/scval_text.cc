#include "stellar_arrow/tables/scval_text.h"

#include <cinttypes>
#include <cstdint>
#include <cstdio>

#include "stellar_arrow/tables/json_object.h"
#include "stellar_arrow/tables/names.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/utc.h"
#include "stellar_arrow/xdr/json.h"

namespace stellar_arrow::tables {
namespace {

// SEP-51's text of a value that is a JSON string there, without the quotes.
template <typename View>
void AppendUnquoted(const View& value, std::string* out) {
  const size_t quote = out->size();
  xdr::AppendJson(View::Info(), value.wire(), *out);
  out->erase(quote, 1);
  out->pop_back();
}

void AppendError(const xdr::SCError& error, std::string* out) {
  static const EnumNames types("SCErrorType", EnumNames::Style::kGo);
  static const EnumNames codes("SCErrorCode", EnumNames::Style::kGo);
  out->append(types[static_cast<int32_t>(error.type())]).append("(");
  if (const auto code = error.ifContractCode()) {
    AppendJsonNumber(uint64_t{*code}, out);
  } else {
    out->append(codes[static_cast<int32_t>(error.code())]);
  }
  out->append(")");
}

void AppendMap(const xdr::SCMap& map, KeyText* keys, std::string* out) {
  out->append("[");
  bool first = true;
  for (const xdr::SCMapEntry entry : map) {
    out->append(first ? "{" : " {");
    first = false;
    AppendScValText(entry.key(), keys, out);
    out->append(" ");
    AppendScValText(entry.val(), keys, out);
    out->append("}");
  }
  out->append("]");
}

void AppendInstance(const xdr::SCContractInstance& instance, KeyText* keys, std::string* out) {
  const xdr::ContractExecutable executable = instance.executable();
  switch (executable.type()) {
    case xdr::ContractExecutableType::CONTRACT_EXECUTABLE_WASM:
      text::AppendHex(executable.wasm_hash(), *out);
      break;
    case xdr::ContractExecutableType::CONTRACT_EXECUTABLE_STELLAR_ASSET:
      out->append("(StellarAssetContract)");
      break;
    case xdr::ContractExecutableType::CONTRACT_EXECUTABLE_EXTERNAL_REF:
      out->append("(ExternalRef ").append(executable.external_ref().tag()).append(")");
      break;
  }
  const auto storage = instance.storage();
  if (!storage || storage->empty()) return;
  out->append(": ");
  AppendMap(*storage, keys, out);
}

// In hex as Go prints a signed number: with a minus, not as two's complement.
void AppendNonce(int64_t nonce, std::string* out) {
  char text[24];
  const uint64_t size = nonce < 0 ? 0 - static_cast<uint64_t>(nonce) : static_cast<uint64_t>(nonce);
  std::snprintf(text, sizeof text, "{%s%" PRIX64 "}", nonce < 0 ? "-" : "", size);
  out->append(text);
}

}  // namespace

void AppendAddressText(const xdr::SCAddress& address, KeyText* keys, std::string* out) {
  if (const auto account = address.ifAccountId()) {
    out->append(keys->Account(account->ed25519()));
  } else if (const auto contract = address.ifContractId()) {
    out->append(keys->Contract(*contract));
  } else {
    AppendUnquoted(address, out);
  }
}

void AppendScValText(const xdr::SCVal& value, KeyText* keys, std::string* out) {
  switch (value.type()) {
    case xdr::SCValType::SCV_BOOL:
      out->append(value.b() ? "true" : "false");
      return;
    case xdr::SCValType::SCV_VOID:
      out->append("(void)");
      return;
    case xdr::SCValType::SCV_ERROR:
      AppendError(value.error(), out);
      return;
    case xdr::SCValType::SCV_U32:
      AppendJsonNumber(uint64_t{value.u32()}, out);
      return;
    case xdr::SCValType::SCV_I32:
      AppendJsonNumber(int64_t{value.i32()}, out);
      return;
    case xdr::SCValType::SCV_U64:
      AppendJsonNumber(value.u64(), out);
      return;
    case xdr::SCValType::SCV_I64:
      AppendJsonNumber(value.i64(), out);
      return;
    case xdr::SCValType::SCV_TIMEPOINT:
      text::AppendUtc(static_cast<int64_t>(value.timepoint()), ' ', out);
      out->append(" +0000 UTC");
      return;
    case xdr::SCValType::SCV_DURATION:
      AppendJsonNumber(value.duration(), out);
      return;
    case xdr::SCValType::SCV_U128:
      AppendUnquoted(value.u128(), out);
      return;
    case xdr::SCValType::SCV_I128:
      AppendUnquoted(value.i128(), out);
      return;
    case xdr::SCValType::SCV_U256:
      AppendUnquoted(value.u256(), out);
      return;
    case xdr::SCValType::SCV_I256:
      AppendUnquoted(value.i256(), out);
      return;
    case xdr::SCValType::SCV_BYTES:
      text::AppendHex(value.bytes(), *out);
      return;
    case xdr::SCValType::SCV_STRING:
      out->append(value.str());
      return;
    case xdr::SCValType::SCV_SYMBOL:
      out->append(value.sym());
      return;
    case xdr::SCValType::SCV_VEC: {
      const auto vec = value.vec();
      if (!vec) {
        out->append("nil");
        return;
      }
      out->append("[");
      bool first = true;
      for (const xdr::SCVal element : *vec) {
        if (!first) out->append(" ");
        first = false;
        AppendScValText(element, keys, out);
      }
      out->append("]");
      return;
    }
    case xdr::SCValType::SCV_MAP: {
      const auto map = value.map();
      if (map) {
        AppendMap(*map, keys, out);
      } else {
        out->append("nil");
      }
      return;
    }
    case xdr::SCValType::SCV_ADDRESS:
      AppendAddressText(value.address(), keys, out);
      return;
    case xdr::SCValType::SCV_CONTRACT_INSTANCE:
      AppendInstance(value.instance(), keys, out);
      return;
    case xdr::SCValType::SCV_LEDGER_KEY_CONTRACT_INSTANCE:
      out->append("(LedgerKeyContractInstance)");
      return;
    case xdr::SCValType::SCV_LEDGER_KEY_NONCE:
      AppendNonce(value.nonce_key().nonce(), out);
      return;
    case xdr::SCValType::SCV_EXECUTABLE_TAG:
      out->append(value.executable_tag());
      return;
  }
}

std::string_view ScValTypeName(xdr::SCValType type) {
  switch (type) {
    case xdr::SCValType::SCV_BOOL:
      return "B";
    case xdr::SCValType::SCV_VOID:
    case xdr::SCValType::SCV_LEDGER_KEY_CONTRACT_INSTANCE:
      return "";
    case xdr::SCValType::SCV_ERROR:
      return "Error";
    case xdr::SCValType::SCV_U32:
      return "U32";
    case xdr::SCValType::SCV_I32:
      return "I32";
    case xdr::SCValType::SCV_U64:
      return "U64";
    case xdr::SCValType::SCV_I64:
      return "I64";
    case xdr::SCValType::SCV_TIMEPOINT:
      return "Timepoint";
    case xdr::SCValType::SCV_DURATION:
      return "Duration";
    case xdr::SCValType::SCV_U128:
      return "U128";
    case xdr::SCValType::SCV_I128:
      return "I128";
    case xdr::SCValType::SCV_U256:
      return "U256";
    case xdr::SCValType::SCV_I256:
      return "I256";
    case xdr::SCValType::SCV_BYTES:
      return "Bytes";
    case xdr::SCValType::SCV_STRING:
      return "Str";
    case xdr::SCValType::SCV_SYMBOL:
      return "Sym";
    case xdr::SCValType::SCV_VEC:
      return "Vec";
    case xdr::SCValType::SCV_MAP:
      return "Map";
    case xdr::SCValType::SCV_ADDRESS:
      return "Address";
    case xdr::SCValType::SCV_CONTRACT_INSTANCE:
      return "Instance";
    case xdr::SCValType::SCV_LEDGER_KEY_NONCE:
      return "NonceKey";
    case xdr::SCValType::SCV_EXECUTABLE_TAG:
      return "ExecutableTag";
  }
  return "";
}

}  // namespace stellar_arrow::tables
