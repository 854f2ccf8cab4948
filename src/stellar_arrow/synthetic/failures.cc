#include "stellar_arrow/synthetic/failures.h"

#include <string_view>

#include "stellar_arrow/xdr/type_info.h"

namespace stellar_arrow::synthetic {
namespace {

void AppendWord(std::vector<uint8_t>& wire, int32_t value) {
  const auto word = static_cast<uint32_t>(value);
  for (const int shift : {24, 16, 8, 0}) wire.push_back(static_cast<uint8_t>(word >> shift));
}

OperationResult Read(const std::vector<uint8_t>& wire) {
  return Decode(*xdr::OperationResult::Check(wire));
}

// The code's name in the protocol tells since when it is.
bool IsKnown(std::string_view code, uint32_t protocol) {
  if (code.ends_with("frozen") || code.find("FROZEN") != std::string_view::npos) {
    return protocol >= 26;
  }
  return true;
}

}  // namespace

std::vector<OperationResult> FailuresOf(xdr::OperationType type, uint32_t protocol) {
  std::vector<OperationResult> failures;
  const xdr::TypeInfo& results = *xdr::FindType("OperationResultTr");
  const xdr::ArmInfo& arm = *xdr::FindArm(results, static_cast<int32_t>(type));
  const xdr::TypeInfo& result = xdr::Resolve(*arm.type);
  const xdr::TypeInfo& codes = xdr::Resolve(*result.discriminant.type);
  for (const xdr::EnumMember& code : codes.members) {
    if (code.value >= 0 || !IsKnown(code.name, protocol)) continue;
    std::vector<uint8_t> wire;
    AppendWord(wire, static_cast<int32_t>(xdr::OperationResultCode::opINNER));
    AppendWord(wire, static_cast<int32_t>(type));
    AppendWord(wire, code.value);
    const xdr::ArmInfo* detail = xdr::FindArm(result, code.value);
    // The one detail there is: the asset whose issuer is missing.
    if (detail != nullptr && detail->type != nullptr) {
      Encode(Credit("GONE", AccountOf(uint256{1, 2, 3})), &wire);
    }
    failures.push_back(Read(wire));
  }
  for (const xdr::EnumMember& code : xdr::FindType("OperationResultCode")->members) {
    if (code.value == static_cast<int32_t>(xdr::OperationResultCode::opINNER)) continue;
    std::vector<uint8_t> wire;
    AppendWord(wire, code.value);
    failures.push_back(Read(wire));
  }
  return failures;
}

std::vector<xdr::TransactionResultCode> RejectionsOf(uint32_t protocol) {
  using xdr::TransactionResultCode;
  std::vector<TransactionResultCode> codes = {
      TransactionResultCode::txTOO_EARLY,         TransactionResultCode::txTOO_LATE,
      TransactionResultCode::txMISSING_OPERATION, TransactionResultCode::txBAD_SEQ,
      TransactionResultCode::txBAD_AUTH,          TransactionResultCode::txINSUFFICIENT_BALANCE,
      TransactionResultCode::txNO_ACCOUNT,        TransactionResultCode::txINSUFFICIENT_FEE,
      TransactionResultCode::txBAD_AUTH_EXTRA,    TransactionResultCode::txINTERNAL_ERROR,
      TransactionResultCode::txNOT_SUPPORTED};
  if (protocol >= 14) codes.push_back(TransactionResultCode::txBAD_SPONSORSHIP);
  if (protocol >= 19) {
    codes.push_back(TransactionResultCode::txBAD_MIN_SEQ_AGE_OR_GAP);
    codes.push_back(TransactionResultCode::txMALFORMED);
  }
  if (protocol >= 26) codes.push_back(TransactionResultCode::txFROZEN_KEY_ACCESSED);
  return codes;
}

}  // namespace stellar_arrow::synthetic
