#include "stellar_arrow/xdr/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <span>
#include <vector>

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

template <typename Integer>
void AppendInteger(Integer value, std::string& out) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
}

// A number of big-endian 64-bit limbs in decimal; with a sign if its top bit is set and it may be.
template <size_t kLimbs>
void AppendDecimal(const uint8_t* p, bool is_signed, std::string& out) {
  constexpr uint32_t kPart = 1'000'000'000;  // nine digits at once
  constexpr size_t kPartDigits = 9;
  std::array<uint32_t, 2 * kLimbs> words;  // most significant first
  for (size_t i = 0; i < words.size(); ++i) words[i] = detail::Load32(p + 4 * i);
  if (is_signed && (words[0] & 0x80000000u) != 0) {  // its two's complement
    out += '-';
    uint64_t carry = 1;
    for (size_t i = words.size(); i-- > 0;) {
      carry += static_cast<uint32_t>(~words[i]);
      words[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  std::array<uint32_t, 2 * kLimbs + 1> parts;  // below the first 64 bits, least significant first
  size_t part_count = 0;
  for (size_t first = 0;;) {
    while (first < words.size() - 2 && words[first] == 0) ++first;
    if (first == words.size() - 2) break;
    uint64_t remainder = 0;
    for (size_t i = first; i < words.size(); ++i) {
      remainder = remainder << 32 | words[i];
      words[i] = static_cast<uint32_t>(remainder / kPart);
      remainder %= kPart;
    }
    parts[part_count++] = static_cast<uint32_t>(remainder);
  }
  AppendInteger(uint64_t{words[words.size() - 2]} << 32 | words.back(), out);
  while (part_count > 0) {
    out.append(kPartDigits, '0');
    uint32_t part = parts[--part_count];
    for (size_t at = out.size(); part != 0; part /= 10) {
      out[--at] = static_cast<char>('0' + part % 10);
    }
  }
}

void AppendCode(Bytes code, size_t least, std::string& out) {
  size_t size = code.size();
  while (size > least && code[size - 1] == 0) --size;
  AppendEscaped(code.first(size), out);
}

constexpr auto AppendAssetCode4 = [](Opaque<4> code, std::string& out) {
  AppendCode(code, 0, out);
};

// A code of up to 4 letters would be an AssetCode4, so 5 are always shown.
constexpr auto AppendAssetCode12 = [](Opaque<12> code, std::string& out) {
  AppendCode(code, 5, out);
};

constexpr auto AppendAssetCode = [](const AssetCode& code, std::string& out) {
  if (const auto code4 = code.ifAssetCode4()) {
    AppendAssetCode4(*code4, out);
  } else {
    AppendAssetCode12(code.assetCode12(), out);
  }
};

constexpr auto AppendAddress = [](const SCAddress& address, std::string& out) {
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
};

void AppendSignedPayload(Opaque<32> key, Bytes payload, std::string& out) {
  if (payload.empty()) {  // has no strkey
    out.append("<INVALID:").append(text::EncodeAccount(key).view()).append(":EMPTY_PAYLOAD>");
    return;
  }
  out += text::EncodeSignedPayload(key, payload).view();
}

constexpr auto AppendSignerKey = [](const SignerKey& key, std::string& out) {
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
};

constexpr auto AppendMuxedAccount = [](const MuxedAccount& account, std::string& out) {
  if (auto muxed = account.ifMed25519()) {
    out += text::EncodeMuxedAccount(muxed->ed25519(), muxed->id()).view();
  } else {
    out += text::EncodeAccount(account.ed25519()).view();
  }
};

// A type that is a string of its own kind. append() appends what stands between the quotes and
// returns the value's end.
struct SpecialForm {
  std::string_view type;
  const uint8_t* (*append)(const uint8_t* p, std::string& out);
};

// Of the type that `View` reads, by what appends the text of one.
template <typename View, typename Append>
constexpr SpecialForm Form(std::string_view type, Append) {
  return {type, [](const uint8_t* p, std::string& out) {
            Append{}(detail::Codec<View>::Read(p), out);
            return detail::Codec<View>::Skip(p);
          }};
}

// The same where it is one of the strkeys.
template <typename View, typename Encode>
constexpr SpecialForm Key(std::string_view type, Encode) {
  return Form<View>(type, [](View view, std::string& out) { out += Encode{}(view).view(); });
}

template <typename View, bool is_signed>
constexpr SpecialForm Number(std::string_view type) {
  return Form<View>(type, [](View parts, std::string& out) {
    AppendDecimal<View::kFixedSize / 8>(detail::Access::Begin(parts), is_signed, out);
  });
}

constexpr SpecialForm kSpecialForms[] = {
    Key<PublicKey>("PublicKey", [](PublicKey key) { return text::EncodeAccount(key.ed25519()); }),
    Key<Opaque<32>>("ContractID", [](Opaque<32> hash) { return text::EncodeContract(hash); }),
    Key<Opaque<32>>("PoolID", [](Opaque<32> hash) { return text::EncodeLiquidityPool(hash); }),
    Key<ClaimableBalanceID>(
        "ClaimableBalanceID",
        [](ClaimableBalanceID id) { return text::EncodeClaimableBalance(id.v0()); }),
    Form<MuxedAccount>("MuxedAccount", AppendMuxedAccount),
    Key<MuxedAccountMed25519>("MuxedAccountMed25519",
                              [](MuxedAccountMed25519 muxed) {
                                return text::EncodeMuxedAccount(muxed.ed25519(), muxed.id());
                              }),
    Key<MuxedEd25519Account>("MuxedEd25519Account",
                             [](MuxedEd25519Account muxed) {
                               return text::EncodeMuxedAccount(muxed.ed25519(), muxed.id());
                             }),
    Key<MuxedContract>("MuxedContract",
                       [](MuxedContract muxed) {
                         return text::EncodeMuxedContract(muxed.contractId(), muxed.id());
                       }),
    Form<SCAddress>("SCAddress", AppendAddress),
    Form<SignerKey>("SignerKey", AppendSignerKey),
    Form<SignerKeyEd25519SignedPayload>("SignerKeyEd25519SignedPayload",
                                        [](SignerKeyEd25519SignedPayload key, std::string& out) {
                                          AppendSignedPayload(key.ed25519(), key.payload(), out);
                                        }),
    Form<Opaque<4>>("AssetCode4", AppendAssetCode4),
    Form<Opaque<12>>("AssetCode12", AppendAssetCode12),
    Form<AssetCode>("AssetCode", AppendAssetCode),
    Number<Int128Parts, true>("Int128Parts"),
    Number<UInt128Parts, false>("UInt128Parts"),
    Number<Int256Parts, true>("Int256Parts"),
    Number<UInt256Parts, false>("UInt256Parts"),
};

// Null for a type without one.
const SpecialForm* FindSpecialForm(const TypeInfo& type) {
  // By the type's place.
  static const std::vector<const SpecialForm*> forms = [] {
    std::vector<const SpecialForm*> by_place(AllTypes().size() + 1);
    for (const SpecialForm& form : kSpecialForms) by_place[FindType(form.type)->place] = &form;
    return by_place;
  }();
  return forms[type.place];
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
  if (const SpecialForm* special = FindSpecialForm(type)) {
    out += '"';
    p = special->append(p, out);
    out += '"';
    return p;
  }
  switch (type.kind) {
    case Kind::kInt:
      AppendInteger(static_cast<int32_t>(detail::Load32(p)), out);
      return p + 4;
    case Kind::kUnsignedInt:
      AppendInteger(detail::Load32(p), out);
      return p + 4;
    case Kind::kHyper:  // 64 bits do not fit the numbers of many readers of JSON
      out += '"';
      AppendInteger(static_cast<int64_t>(detail::Load64(p)), out);
      out += '"';
      return p + 8;
    case Kind::kUnsignedHyper:
      out += '"';
      AppendInteger(detail::Load64(p), out);
      out += '"';
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
        AppendInteger(p[i], out);
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
