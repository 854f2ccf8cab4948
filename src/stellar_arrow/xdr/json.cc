#include "stellar_arrow/xdr/json.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>

#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/strkey.h"
#include "stellar_arrow/xdr/generated/Stellar-contract.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger-entries.h"
#include "stellar_arrow/xdr/generated/Stellar-transaction.h"
#include "stellar_arrow/xdr/runtime.h"

namespace stellar_arrow::xdr {
namespace {

// Bytes as text: printable ASCII as it is, a backslash before what is not. (JSON then doubles the
// backslashes.)
void AppendEscaped(Bytes bytes, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const uint8_t byte : bytes) {
    switch (byte) {
      case '\0':
        out += "\\\\0";
        break;
      case '\t':
        out += "\\\\t";
        break;
      case '\n':
        out += "\\\\n";
        break;
      case '\r':
        out += "\\\\r";
        break;
      case '\\':
        out += "\\\\\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      default:
        if (byte >= ' ' && byte <= '~') {
          out += static_cast<char>(byte);
        } else {
          out += "\\\\x";
          out += kDigits[byte >> 4];
          out += kDigits[byte & 15];
        }
    }
  }
}

// A number of big-endian 64-bit limbs in decimal; with a sign if its top bit is set and it may be.
template <size_t kLimbs>
void AppendDecimal(const uint8_t* p, bool is_signed, std::string& out) {
  std::array<uint32_t, 2 * kLimbs> words;  // most significant first
  for (size_t i = 0; i < words.size(); ++i) words[i] = detail::Load32(p + 4 * i);
  const bool negative = is_signed && (words[0] & 0x80000000u) != 0;
  if (negative) {  // its two's complement
    uint64_t carry = 1;
    for (size_t i = words.size(); i-- > 0;) {
      carry += static_cast<uint32_t>(~words[i]);
      words[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  std::string digits;  // least significant first
  do {
    uint64_t remainder = 0;
    for (uint32_t& word : words) {
      remainder = remainder << 32 | word;
      word = static_cast<uint32_t>(remainder / 10);
      remainder %= 10;
    }
    digits += static_cast<char>('0' + remainder);
  } while (std::ranges::any_of(words, [](uint32_t word) { return word != 0; }));
  if (negative) digits += '-';
  out.append(digits.rbegin(), digits.rend());
}

void AppendAssetCode(Bytes code, size_t least, std::string& out) {
  size_t size = code.size();
  while (size > least && code[size - 1] == 0) --size;
  AppendEscaped(code.first(size), out);
}

template <typename View>
View ViewAt(const uint8_t* p) {
  return detail::Access::Make<View>(p);
}

void AppendAddress(const SCAddress& address, std::string& out) {
  switch (address.type()) {
    case SCAddressType::SC_ADDRESS_TYPE_ACCOUNT:
      out += text::EncodeAccount(address.accountId().ed25519()).view();
      break;
    case SCAddressType::SC_ADDRESS_TYPE_CONTRACT:
      out += text::EncodeContract(address.contractId()).view();
      break;
    case SCAddressType::SC_ADDRESS_TYPE_MUXED_ACCOUNT: {
      const auto muxed = address.muxedAccount();
      out += text::EncodeMuxedAccount(muxed.ed25519(), muxed.id()).view();
      break;
    }
    case SCAddressType::SC_ADDRESS_TYPE_CLAIMABLE_BALANCE:
      out += text::EncodeClaimableBalance(address.claimableBalanceId().v0()).view();
      break;
    case SCAddressType::SC_ADDRESS_TYPE_LIQUIDITY_POOL:
      out += text::EncodeLiquidityPool(address.liquidityPoolId()).view();
      break;
    case SCAddressType::SC_ADDRESS_TYPE_MUXED_CONTRACT: {
      const auto muxed = address.muxedContract();
      out += text::EncodeMuxedContract(muxed.contractId(), muxed.id()).view();
      break;
    }
  }
}

void AppendSignedPayload(Opaque<32> key, Bytes payload, std::string& out) {
  if (payload.empty()) {  // has no strkey
    out.append("<INVALID:").append(text::EncodeAccount(key).view()).append(":EMPTY_PAYLOAD>");
    return;
  }
  out += text::EncodeSignedPayload(key, payload).view();
}

void AppendSignerKey(const SignerKey& key, std::string& out) {
  switch (key.type()) {
    case SignerKeyType::SIGNER_KEY_TYPE_ED25519:
      out += text::EncodeAccount(key.ed25519()).view();
      break;
    case SignerKeyType::SIGNER_KEY_TYPE_PRE_AUTH_TX:
      out += text::EncodeStrkey(text::StrkeyKind::kPreAuthTx, key.preAuthTx()).view();
      break;
    case SignerKeyType::SIGNER_KEY_TYPE_HASH_X:
      out += text::EncodeStrkey(text::StrkeyKind::kHashX, key.hashX()).view();
      break;
    case SignerKeyType::SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD: {
      const auto signed_payload = key.ed25519SignedPayload();
      AppendSignedPayload(signed_payload.ed25519(), signed_payload.payload(), out);
      break;
    }
  }
}

void AppendMuxedAccount(const MuxedAccount& account, std::string& out) {
  if (auto muxed = account.ifMed25519()) {
    out += text::EncodeMuxedAccount(muxed->ed25519(), muxed->id()).view();
  } else {
    out += text::EncodeAccount(account.ed25519()).view();
  }
}

// Types that are a string of their own kind, by name. Each appends what stands between the quotes.
struct SpecialForm {
  std::string_view type;
  void (*append)(const uint8_t* p, std::string& out);
};

constexpr SpecialForm kSpecialForms[] = {
    {"PublicKey",
     [](const uint8_t* p, std::string& out) {
       out += text::EncodeAccount(ViewAt<PublicKey>(p).ed25519()).view();
     }},
    {"ContractID", [](const uint8_t* p,
                      std::string& out) { out += text::EncodeContract(Opaque<32>(p, 32)).view(); }},
    {"PoolID",
     [](const uint8_t* p, std::string& out) {
       out += text::EncodeLiquidityPool(Opaque<32>(p, 32)).view();
     }},
    {"ClaimableBalanceID",
     [](const uint8_t* p, std::string& out) {
       out += text::EncodeClaimableBalance(ViewAt<ClaimableBalanceID>(p).v0()).view();
     }},
    {"MuxedAccount",
     [](const uint8_t* p, std::string& out) { AppendMuxedAccount(ViewAt<MuxedAccount>(p), out); }},
    {"MuxedAccountMed25519",
     [](const uint8_t* p, std::string& out) {
       const auto muxed = ViewAt<MuxedAccountMed25519>(p);
       out += text::EncodeMuxedAccount(muxed.ed25519(), muxed.id()).view();
     }},
    {"MuxedEd25519Account",
     [](const uint8_t* p, std::string& out) {
       const auto muxed = ViewAt<MuxedEd25519Account>(p);
       out += text::EncodeMuxedAccount(muxed.ed25519(), muxed.id()).view();
     }},
    {"MuxedContract",
     [](const uint8_t* p, std::string& out) {
       const auto muxed = ViewAt<MuxedContract>(p);
       out += text::EncodeMuxedContract(muxed.contractId(), muxed.id()).view();
     }},
    {"SCAddress",
     [](const uint8_t* p, std::string& out) { AppendAddress(ViewAt<SCAddress>(p), out); }},
    {"SignerKey",
     [](const uint8_t* p, std::string& out) { AppendSignerKey(ViewAt<SignerKey>(p), out); }},
    {"SignerKeyEd25519SignedPayload",
     [](const uint8_t* p, std::string& out) {
       const auto signed_payload = ViewAt<SignerKeyEd25519SignedPayload>(p);
       AppendSignedPayload(signed_payload.ed25519(), signed_payload.payload(), out);
     }},
    {"AssetCode4", [](const uint8_t* p, std::string& out) { AppendAssetCode({p, 4}, 0, out); }},
    // A code of up to 4 letters would be an AssetCode4, so 5 are always shown.
    {"AssetCode12", [](const uint8_t* p, std::string& out) { AppendAssetCode({p, 12}, 5, out); }},
    {"AssetCode",
     [](const uint8_t* p, std::string& out) {
       const auto code = ViewAt<AssetCode>(p);
       if (auto code4 = code.ifAssetCode4()) {
         AppendAssetCode(*code4, 0, out);
       } else {
         AppendAssetCode(code.assetCode12(), 5, out);
       }
     }},
    {"Int128Parts",
     [](const uint8_t* p, std::string& out) { AppendDecimal<2>(p, /*is_signed=*/true, out); }},
    {"UInt128Parts",
     [](const uint8_t* p, std::string& out) { AppendDecimal<2>(p, /*is_signed=*/false, out); }},
    {"Int256Parts",
     [](const uint8_t* p, std::string& out) { AppendDecimal<4>(p, /*is_signed=*/true, out); }},
    {"UInt256Parts",
     [](const uint8_t* p, std::string& out) { AppendDecimal<4>(p, /*is_signed=*/false, out); }},
};

const SpecialForm* FindSpecialForm(std::string_view type) {
  if (type.empty()) return nullptr;
  const auto found = std::ranges::find(kSpecialForms, type, &SpecialForm::type);
  return found == std::end(kSpecialForms) ? nullptr : &*found;
}

// Appends the value at `p`; returns its end.
const uint8_t* Append(const TypeInfo& type, const uint8_t* p, std::string& out);

const uint8_t* AppendArray(const TypeInfo& element, const uint8_t* p, uint32_t count,
                           std::string& out) {
  out += '[';
  for (uint32_t i = 0; i < count; ++i) {
    if (i != 0) out += ',';
    p = Append(element, p, out);
  }
  out += ']';
  return p;
}

const uint8_t* AppendStruct(const TypeInfo& type, const uint8_t* p, std::string& out) {
  out += '{';
  for (const FieldInfo& field : type.fields) {
    if (&field != type.fields.data()) out += ',';
    out.append("\"").append(field.json_name).append("\":");
    p = Append(*field.type, p, out);
  }
  out += '}';
  return p;
}

const uint8_t* AppendUnion(const TypeInfo& type, const uint8_t* p, std::string& out) {
  const auto discriminant = static_cast<int32_t>(detail::Load32(p));
  const ArmInfo& arm = *FindArm(type, discriminant);
  const UnionCase& selected = *std::ranges::find(arm.cases, discriminant, &UnionCase::value);
  p += 4;
  if (arm.type == nullptr) {
    out.append("\"").append(selected.json_name).append("\"");
    return p;
  }
  out.append("{\"").append(selected.json_name).append("\":");
  p = Append(*arm.type, p, out);
  out += '}';
  return p;
}

const uint8_t* Append(const TypeInfo& type, const uint8_t* p, std::string& out) {
  if (const SpecialForm* special = FindSpecialForm(type.name)) {
    out += '"';
    special->append(p, out);
    out += '"';
    return p + ValueAt(type, {p, SIZE_MAX}).size();
  }
  switch (type.kind) {
    case Kind::kInt:
      out += std::to_string(static_cast<int32_t>(detail::Load32(p)));
      return p + 4;
    case Kind::kUnsignedInt:
      out += std::to_string(detail::Load32(p));
      return p + 4;
    case Kind::kHyper:  // 64 bits do not fit the numbers of many readers of JSON
      out.append("\"").append(std::to_string(static_cast<int64_t>(detail::Load64(p)))).append("\"");
      return p + 8;
    case Kind::kUnsignedHyper:
      out.append("\"").append(std::to_string(detail::Load64(p))).append("\"");
      return p + 8;
    case Kind::kBool:
      out += detail::Load32(p) != 0 ? "true" : "false";
      return p + 4;
    case Kind::kEnum: {
      const auto value = static_cast<int32_t>(detail::Load32(p));
      const EnumMember& member = *std::ranges::find(type.members, value, &EnumMember::value);
      out.append("\"").append(member.json_name).append("\"");
      return p + 4;
    }
    case Kind::kOpaque:  // one without a name of its own
      out += '[';
      for (uint32_t i = 0; i < type.size; ++i) {
        if (i != 0) out += ',';
        out += std::to_string(p[i]);
      }
      out += ']';
      return p + detail::PaddedSize(type.size);
    case Kind::kVarOpaque:
      out += '"';
      text::AppendHex({p + 4, detail::Load32(p)}, out);
      out += '"';
      return detail::SkipOpaque(p);
    case Kind::kString:
      out += '"';
      AppendEscaped({p + 4, detail::Load32(p)}, out);
      out += '"';
      return detail::SkipOpaque(p);
    case Kind::kArray:
      return AppendArray(*type.element, p, type.size, out);
    case Kind::kVarArray:
      return AppendArray(*type.element, p + 4, detail::Load32(p), out);
    case Kind::kOptional:
      if (detail::Load32(p) != 0) return Append(*type.element, p + 4, out);
      out += "null";
      return p + 4;
    case Kind::kStruct:
      return AppendStruct(type, p, out);
    case Kind::kUnion:
      return AppendUnion(type, p, out);
    case Kind::kAlias:
      if (type.element->kind == Kind::kOpaque) {  // a hash, a key, a hint
        out += '"';
        text::AppendHex({p, type.element->size}, out);
        out += '"';
        return p + detail::PaddedSize(type.element->size);
      }
      return Append(*type.element, p, out);
  }
  return p;
}

}  // namespace

void AppendJson(const TypeInfo& type, Bytes wire, std::string& out) {
  Append(type, wire.data(), out);
}

}  // namespace stellar_arrow::xdr
