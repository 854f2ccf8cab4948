#include "stellar_arrow/tables/operation_details.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>

#include "stellar_arrow/ledger/asset_fingerprint.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/tables/names.h"
#include "stellar_arrow/tables/scval_text.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/strkey.h"
#include "stellar_arrow/text/utc.h"
#include "stellar_arrow/xdr/json.h"

namespace stellar_arrow::tables {

using ledger::Account;
using ledger::AppliedOperation;
using ledger::AppliedTransaction;
using ledger::AssetParts;
using xdr::OperationType;

struct OperationDetails::AssetKeys {
  JsonKey code, id, issuer, type;
};
struct OperationDetails::AccountKeys {
  JsonKey account, muxed, muxed_id;
};

namespace {

constexpr int kUnitDigits = 7;  // a unit is 10^7 stroops

constexpr size_t kMaxUnits = 48;  // letters of any amount

// Writes `value` in stroops as whole units, with all seven decimals or as few as are needed;
// returns the end.
char* WriteUnits(__int128 value, bool all_decimals, char* at) {
  constexpr uint64_t kUnit = 10'000'000;
  char* const end = at + kMaxUnits;
  const auto stroops =
      value < 0 ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  if (value < 0) *at++ = '-';
  uint64_t decimals;
  if (stroops <= UINT64_MAX) [[likely]] {  // as all but contracts' amounts: no division of 128 bits
    decimals = static_cast<uint64_t>(stroops) % kUnit;
    at = std::to_chars(at, end, static_cast<uint64_t>(stroops) / kUnit).ptr;
  } else {
    decimals = static_cast<uint64_t>(stroops % kUnit);
    // Units that no uint64 may hold, in two parts.
    constexpr uint64_t kPart = 1'000'000'000'000'000'000;
    const auto high = static_cast<uint64_t>(stroops / kUnit / kPart);
    const auto low = static_cast<uint64_t>(stroops / kUnit % kPart);
    if (high != 0) {
      at = std::to_chars(at, end, high).ptr;
      for (uint64_t power = kPart / 10; power > low && power > 1; power /= 10) *at++ = '0';
    }
    at = std::to_chars(at, end, low).ptr;
  }
  if (decimals != 0 || all_decimals) {
    int count = kUnitDigits;
    for (; !all_decimals && decimals % 10 == 0; --count) decimals /= 10;
    *at = '.';
    for (int i = count; i > 0; --i, decimals /= 10) at[i] = static_cast<char>('0' + decimals % 10);
    at += count + 1;
  }
  return at;
}

void AppendBase64(xdr::Bytes bytes, std::string* out) {
  const size_t begin = out->size();
  out->resize(begin + 4 * ((bytes.size() + 2) / 3) + 1);  // OpenSSL ends it with a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out->data() + begin), bytes.data(),
                  static_cast<int>(bytes.size()));
  out->pop_back();
}

void AppendQuotedBase64(xdr::Bytes bytes, std::string* out) {
  *out += '"';
  AppendBase64(bytes, out);
  *out += '"';
}

// [element,element]; `append(element)` writes one.
template <typename List, typename Append>
void AppendArray(const List& list, std::string* out, Append&& append) {
  *out += '[';
  bool first = true;
  for (const auto& element : list) {
    if (!first) *out += ',';
    first = false;
    append(element);
  }
  *out += ']';
}

struct FlagName {
  uint32_t bit;
  std::string_view name;
};

constexpr FlagName kAccountFlags[] = {{1, "auth_required"},
                                      {2, "auth_revocable"},
                                      {4, "auth_immutable"},
                                      {8, "auth_clawback_enabled"}};
constexpr FlagName kTrustLineFlags[] = {
    {1, "authorized"}, {2, "authorized_to_maintain_liabilities"}, {4, "clawback_enabled"}};

// The known bits of `flags` as numbers and as names; nothing if none is set at all.
void AddFlags(std::span<const FlagName> known, const JsonKey& key, const JsonKey& names_key,
              std::optional<uint32_t> flags, JsonObject* object) {
  if (!flags || *flags == 0) return;
  std::string* out = object->Value(key);
  *out += '[';
  for (const FlagName& flag : known) {
    if ((*flags & flag.bit) == 0) continue;
    if (out->back() != '[') *out += ',';
    AppendJsonNumber(uint64_t{flag.bit}, out);
  }
  *out += ']';
  out = object->Value(names_key);
  *out += '[';
  for (const FlagName& flag : known) {
    if ((*flags & flag.bit) == 0) continue;
    if (out->back() != '[') *out += ',';
    out->append("\"").append(flag.name).append("\"");
  }
  *out += ']';
}

void AppendPredicate(const xdr::ClaimPredicate& predicate, std::string* out);

void AppendPredicates(const xdr::List<xdr::ClaimPredicate>& predicates, std::string* out) {
  AppendArray(predicates, out,
              [out](const xdr::ClaimPredicate& predicate) { AppendPredicate(predicate, out); });
}

// As Go's SDK writes it.
void AppendPredicate(const xdr::ClaimPredicate& predicate, std::string* out) {
  switch (predicate.type()) {
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_UNCONDITIONAL:
      *out += R"({"unconditional":true})";
      return;
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_AND:
      *out += R"({"and":)";
      AppendPredicates(predicate.andPredicates(), out);
      break;
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_OR:
      *out += R"({"or":)";
      AppendPredicates(predicate.orPredicates(), out);
      break;
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_NOT:
      *out += R"({"not":)";
      if (const auto negated = predicate.notPredicate()) {
        AppendPredicate(*negated, out);
      } else {
        *out += "null";
      }
      break;
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME: {
      constexpr int64_t kYear10000 = 253402300800;
      *out += R"({"abs_before":")";
      if (predicate.absBefore() >= kYear10000) *out += '+';
      text::AppendUtc(predicate.absBefore(), 'T', out);
      *out += R"(Z","abs_before_epoch":")";
      AppendJsonNumber(predicate.absBefore(), out);
      *out += '"';
      break;
    }
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_BEFORE_RELATIVE_TIME:
      *out += R"({"rel_before":")";
      AppendJsonNumber(predicate.relBefore(), out);
      *out += '"';
      break;
  }
  *out += '}';
}

}  // namespace

void AppendArguments(const xdr::List<xdr::SCVal>& arguments, std::string* out) {
  AppendArray(arguments, out, [out](const xdr::SCVal& argument) {
    xdr::AppendJson(xdr::SCVal::Info(), argument.wire(), *out);
  });
}

void OperationDetails::AddKey(const JsonKey& key, xdr::uint256 account) {
  object_.Plain(key, keys_.Account(account));
}

void OperationDetails::AddAccount(const AccountKeys& keys, const Account& account) {
  AddKey(keys.account, account.ed25519);
  if (!account.muxed_id) return;
  object_.Plain(keys.muxed, text::EncodeMuxedAccount(account.ed25519, *account.muxed_id).view());
  object_.Number(keys.muxed_id, *account.muxed_id);
}

void OperationDetails::AddAmount(const JsonKey& key, int64_t stroops) {
  object_.Written(key, kMaxUnits, [=](char* at) { return WriteUnits(stroops, false, at); });
}

// As a text, with all decimals.
void OperationDetails::AddAmountText(const JsonKey& key, int64_t stroops) {
  object_.Written(key, kMaxUnits + 2, [=](char* at) {
    *at++ = '"';
    at = WriteUnits(stroops, true, at);
    *at++ = '"';
    return at;
  });
}

void OperationDetails::AddAsset(const AssetKeys& keys, const AssetParts& asset) {
  if (asset.issuer) {
    const AssetText::Texts texts = asset_texts_.Get(asset);
    object_.Raw(keys.code, texts.code);
    object_.Raw(keys.id, texts.id);
    object_.Plain(keys.issuer, texts.issuer);
  } else {
    object_.Number(keys.id, ledger::AssetFingerprint(asset, {}));
  }
  object_.Plain(keys.type, ledger::AssetTypeName(asset.type));
}

// The price to 7 decimals, halves away from zero; null where it has none.
void OperationDetails::AddPrice(const JsonKey& price_key, const JsonKey& ratio_key,
                                const xdr::Price& price) {
  const int64_t n = price.n();
  const int64_t d = price.d();
  if (d == 0) {
    object_.Null(price_key);
  } else {
    const bool negative = (n < 0) != (d < 0);
    const int64_t numerator = (n < 0 ? -n : n) * 10'000'000;
    const int64_t denominator = d < 0 ? -d : d;
    const int64_t rounded =
        numerator / denominator + (numerator % denominator * 2 >= denominator ? 1 : 0);
    AddAmount(price_key, negative ? -rounded : rounded);
  }
  constexpr size_t kMost = 40;
  object_.Written(ratio_key, kMost, [=](char* at) {
    char* const end = at + kMost;
    at = JsonObject::Copy(R"({"d":)", at);
    at = std::to_chars(at, end, d).ptr;
    at = JsonObject::Copy(R"(,"n":)", at);
    at = std::to_chars(at, end, n).ptr;
    *at++ = '}';
    return at;
  });
}

void OperationDetails::AddSigner(const JsonKey& key, const xdr::SignerKey& signer) {
  xdr::AppendJson(xdr::SignerKey::Info(), signer.wire(), *object_.Value(key));
}

void OperationDetails::AddHash(const JsonKey& key, xdr::Hash hash) {
  std::string* const out = object_.Value(key);
  *out += '"';
  text::AppendHex(hash, *out);
  *out += '"';
}

void OperationDetails::AddPool(const JsonKey& key, const JsonKey& strkey_key, xdr::PoolID pool) {
  AddHash(key, pool);
  object_.Plain(strkey_key, keys_.Pool(pool));
}

void OperationDetails::AddBalance(const JsonKey& key, const JsonKey& strkey_key,
                                  xdr::Hash balance) {
  std::string* const out = object_.Value(key);
  *out += "\"00000000";  // the id's type, V0
  text::AppendHex(balance, *out);
  *out += '"';
  object_.Plain(strkey_key, text::EncodeClaimableBalance(balance).view());
}

void OperationDetails::AppendAssetMembers(const AssetParts& asset, std::string* out) {
  *out += R"("asset_code":)";
  AppendJsonString(asset.code, out);
  *out += R"(,"asset_issuer":)";
  AppendJsonString(asset.issuer ? keys_.Account(*asset.issuer) : std::string_view(), out);
  out->append(R"(,"asset_type":")").append(ledger::AssetTypeName(asset.type)).append("\"");
}

void OperationDetails::AddPath(const xdr::List<xdr::Asset>& path) {
  if (path.empty()) return object_.Null("path");
  std::string* const out = object_.Value("path");
  AppendArray(path, out, [&](const xdr::Asset& asset) {
    *out += '{';
    AppendAssetMembers(ledger::PartsOf(asset), out);
    *out += '}';
  });
}

// "native", or "CODE:ISSUER".
void OperationDetails::AddCanonicalAsset(const JsonKey& key, const AssetParts& asset) {
  if (!asset.issuer) return object_.String(key, "native");
  scratch_.assign(asset.code).append(":").append(keys_.Account(*asset.issuer));
  object_.String(key, scratch_);
}

void OperationDetails::AddOffer(const OperationFacts& facts) {
  static constexpr AssetKeys kBuying = {"buying_asset_code", "buying_asset_id",
                                        "buying_asset_issuer", "buying_asset_type"};
  static constexpr AssetKeys kSelling = {"selling_asset_code", "selling_asset_id",
                                         "selling_asset_issuer", "selling_asset_type"};
  AddAmount("amount", *facts.amount);
  AddAsset(kBuying, *facts.buying);
  if (facts.offer_id) object_.Number("offer_id", *facts.offer_id);
  AddPrice("price", "price_r", *facts.price);
  AddAsset(kSelling, *facts.selling);
}

void OperationDetails::AddOptions(const OperationFacts& facts) {
  const auto number = [this](const JsonKey& key, std::optional<uint32_t> value) {
    if (value) object_.Number(key, uint64_t{*value});
  };
  AddFlags(kAccountFlags, "clear_flags", "clear_flags_s", facts.clear_flags, &object_);
  number("high_threshold", facts.threshold_high);
  if (facts.home_domain) object_.String("home_domain", *facts.home_domain);
  if (facts.inflation_dest) AddKey("inflation_dest", *facts.inflation_dest);
  number("low_threshold", facts.threshold_low);
  number("master_key_weight", facts.master_weight);
  number("med_threshold", facts.threshold_medium);
  AddFlags(kAccountFlags, "set_flags", "set_flags_s", facts.set_flags, &object_);
  if (facts.signer_key) AddSigner("signer_key", *facts.signer_key);
  number("signer_weight", facts.signer_weight);
}

void OperationDetails::AddClaimants(const xdr::List<xdr::Claimant>& claimants) {
  std::string* const out = object_.Value("claimants");
  AppendArray(claimants, out, [&](const xdr::Claimant& claimant) {
    const xdr::ClaimantV0 v0 = claimant.v0();
    out->append(R"({"destination":")").append(keys_.Account(v0.destination().ed25519()));
    out->append(R"(","predicate":)");
    AppendPredicate(v0.predicate(), out);
    *out += '}';
  });
}

void OperationDetails::AddRevocation(const xdr::RevokeSponsorshipOp& op) {
  if (const auto signer = op.ifSigner()) {
    AddKey("signer_account_id", signer->accountID().ed25519());
    AddSigner("signer_key", signer->signerKey());
    return;
  }
  const xdr::LedgerKey key = op.ledgerKey();
  switch (key.type()) {
    case xdr::LedgerEntryType::ACCOUNT:
      AddKey("account_id", key.account().accountID().ed25519());
      return;
    case xdr::LedgerEntryType::TRUSTLINE: {
      const xdr::TrustLineAsset asset = key.trustLine().asset();
      AddKey("trustline_account_id", key.trustLine().accountID().ed25519());
      if (const auto pool = asset.ifLiquidityPoolID()) {
        AddPool("trustline_liquidity_pool_id", "trustline_liquidity_pool_id_strkey", *pool);
      } else {
        AddCanonicalAsset("trustline_asset", ledger::PartsOf(asset));
      }
      return;
    }
    case xdr::LedgerEntryType::OFFER:
      object_.Number("offer_id", key.offer().offerID());
      return;
    case xdr::LedgerEntryType::DATA:
      AddKey("data_account_id", key.data().accountID().ed25519());
      object_.String("data_name", key.data().dataName());
      return;
    case xdr::LedgerEntryType::CLAIMABLE_BALANCE:
      AddBalance("claimable_balance_id", "claimable_balance_id_strkey",
                 key.claimableBalance().balanceID().v0());
      return;
    case xdr::LedgerEntryType::LIQUIDITY_POOL:
      AddPool("liquidity_pool_id", "liquidity_pool_id_strkey",
              key.liquidityPool().liquidityPoolID());
      return;
    case xdr::LedgerEntryType::CONTRACT_DATA:
    case xdr::LedgerEntryType::CONTRACT_CODE:
    case xdr::LedgerEntryType::CONFIG_SETTING:
    case xdr::LedgerEntryType::TTL:
      return;  // never sponsored; the operation fails
  }
}

// Deposits and withdrawals. What the pool holds is not told where the transaction failed: null.
void OperationDetails::AddPoolReserves(const OperationFacts& facts,
                                       const AppliedOperation& operation) {
  static constexpr AssetKeys kAssetA = {"reserve_a_asset_code", "reserve_a_asset_id",
                                        "reserve_a_asset_issuer", "reserve_a_asset_type"};
  static constexpr AssetKeys kAssetB = {"reserve_b_asset_code", "reserve_b_asset_id",
                                        "reserve_b_asset_issuer", "reserve_b_asset_type"};
  const auto change = ChangeOf(*facts.pool, operation.changes());
  const auto amount = [&](const JsonKey& key, std::optional<int64_t> value) {
    if (value) return AddAmount(key, *value);
    object_.Null(key);
  };
  const auto minus = [](int64_t value) {
    return static_cast<int64_t>(0 - static_cast<uint64_t>(value));
  };
  using Amount = std::optional<int64_t>;
  AddPool("liquidity_pool_id", "liquidity_pool_id_strkey", *facts.pool);
  if (change) {
    AddAsset(kAssetA, ledger::PartsOf(change->parameters.assetA()));
    AddAsset(kAssetB, ledger::PartsOf(change->parameters.assetB()));
  } else {
    for (const AssetKeys* keys : {&kAssetA, &kAssetB}) {
      object_.Null(keys->type);
      object_.Null(keys->id);
    }
  }
  if (facts.type == OperationType::LIQUIDITY_POOL_DEPOSIT) {
    AddAmount("reserve_a_max_amount", *facts.max_amount_a);
    AddAmount("reserve_b_max_amount", *facts.max_amount_b);
    amount("reserve_a_deposit_amount", change ? Amount(change->reserve_a) : Amount());
    amount("reserve_b_deposit_amount", change ? Amount(change->reserve_b) : Amount());
    amount("shares_received", change ? Amount(change->shares) : Amount());
    AddPrice("min_price", "min_price_r", *facts.min_price);
    AddPrice("max_price", "max_price_r", *facts.max_price);
  } else {
    AddAmount("reserve_a_min_amount", *facts.min_amount_a);
    AddAmount("reserve_b_min_amount", *facts.min_amount_b);
    amount("reserve_a_withdraw_amount", change ? Amount(minus(change->reserve_a)) : Amount());
    amount("reserve_b_withdraw_amount", change ? Amount(minus(change->reserve_b)) : Amount());
    AddAmount("shares", *facts.amount);
  }
}

void OperationDetails::AddPreimage(const xdr::ContractIDPreimage& preimage) {
  switch (preimage.type()) {
    case xdr::ContractIDPreimageType::CONTRACT_ID_PREIMAGE_FROM_ADDRESS:
      object_.String("from", "address");
      scratch_.clear();
      AppendAddressText(preimage.fromAddress().address(), &keys_, &scratch_);
      object_.String("address", scratch_);
      return;
    case xdr::ContractIDPreimageType::CONTRACT_ID_PREIMAGE_FROM_ASSET:
      object_.String("from", "asset");
      AddCanonicalAsset("asset", ledger::PartsOf(preimage.fromAsset()));
      return;
  }
}

// What the transaction says it will touch. A transaction without Soroban data touches nothing.
void OperationDetails::AddFootprint(const AppliedTransaction& transaction) {
  std::string* const out = object_.Value("ledger_key_hash");
  *out += '[';
  if (const auto data = transaction.soroban_data()) {
    const xdr::LedgerFootprint footprint = data->resources().footprint();
    for (const auto& keys : {footprint.readOnly(), footprint.readWrite()}) {
      for (const xdr::LedgerKey key : keys) {
        if (out->back() != '[') *out += ',';
        sha_.Update(key.wire());
        std::array<char, 2 + 2 * 32> hash;
        hash.front() = hash.back() = '"';
        text::WriteHex(sha_.Finish(), hash.data() + 1);
        out->append(hash.data(), hash.size());
      }
    }
  }
  *out += ']';
}

void OperationDetails::AddNoCodeHash() {
  object_.Null("contract_code_hash");  // stellar-etl's is always null
}

void OperationDetails::AddFootprintContract(const AppliedTransaction& transaction) {
  const auto contract = FootprintContract(transaction);
  object_.String("contract_id", contract ? keys_.Contract(*contract) : std::string_view());
}

// Address and name of a called function, then the arguments: each as base64 of its XDR, in Go's
// text, and in SEP-51's form.
void OperationDetails::AddParameters(const xdr::HostFunction& function,
                                     std::string_view arguments_json) {
  size_t made = 0;
  xdr::List<xdr::SCVal> arguments;
  if (const auto call = function.ifInvokeContract()) {
    // XDR of an SCVal of `type`, of which `wire` is the content.
    const auto make = [&](xdr::SCValType type, xdr::Bytes wire) {
      std::vector<uint8_t>& out = made_parameters_[made++];
      out.assign({0, 0, 0, static_cast<uint8_t>(type)});
      out.insert(out.end(), wire.begin(), wire.end());
    };
    make(xdr::SCValType::SCV_ADDRESS, call->contractAddress().wire());
    // The name's length and padding lie beside it.
    const std::string_view name = call->functionName();
    make(xdr::SCValType::SCV_SYMBOL,
         {reinterpret_cast<const uint8_t*>(name.data()) - 4, 4 + (name.size() + 3) / 4 * 4});
    arguments = call->args();
  } else if (const auto create = function.ifCreateContractV2()) {
    arguments = create->constructorArgs();
  }
  // Calls append(parameter, out) for each that was made, with commas between them.
  const auto append_made = [&](std::string* out, auto&& append) {
    for (size_t i = 0; i < made; ++i) {
      if (i != 0) *out += ',';
      append(*xdr::SCVal::Check(made_parameters_[i]), out);
    }
  };
  // Writes the list `key`, of each parameter what append(parameter, out) does.
  const auto list = [&](const JsonKey& key, auto&& append) {
    std::string* const out = object_.Value(key);
    *out += '[';
    append_made(out, append);
    bool first = made == 0;
    for (const xdr::SCVal argument : arguments) {
      if (!first) *out += ',';
      first = false;
      append(argument, out);
    }
    *out += ']';
  };
  const auto begin_typed = [](const xdr::SCVal& value, std::string* out) {
    out->append(R"({"type":")").append(ScValTypeName(value.type())).append(R"(","value":)");
  };
  base64_.assign(1, '[');
  list("parameters", [&](const xdr::SCVal& value, std::string* out) {
    if (base64_.size() > 1) base64_ += ',';
    const size_t begin = base64_.size();
    AppendQuotedBase64(value.wire(), &base64_);
    begin_typed(value, out);
    out->append(base64_, begin).append("}");
  });
  base64_ += ']';
  list("parameters_decoded", [&](const xdr::SCVal& value, std::string* out) {
    begin_typed(value, out);
    scratch_.clear();
    AppendScValText(value, &keys_, &scratch_);
    AppendJsonString(scratch_, out);
    *out += '}';
  });
  object_.Raw("parameters_json", base64_);
  std::string* const out = object_.Value("parameters_json_decoded");
  *out += '[';
  append_made(out, [](const xdr::SCVal& value, std::string* to) {
    xdr::AppendJson(xdr::SCVal::Info(), value.wire(), *to);
  });
  if (made != 0 && arguments.size() != 0) *out += ',';
  out->append(arguments_json.substr(1));  // what follows its bracket
}

void OperationDetails::AddBalanceChanges(const AppliedTransaction& transaction,
                                         const AppliedOperation& operation) {
  std::string* const out = object_.Value("asset_balance_changes");
  const auto address = [&](std::string_view lead, const std::optional<xdr::SCAddress>& address) {
    if (!address) return;
    out->append(lead).append("\"");
    AppendAddressText(*address, &keys_, out);
    out->append("\",");
  };
  *out += '[';
  for (const xdr::ContractEvent event : operation.events()) {
    const auto change = balance_changes_.Of(event, transaction.ledger().network_id());
    if (!change) continue;
    if (out->back() != '[') *out += ',';
    *out += R"({"amount":")";
    std::array<char, kMaxUnits> amount;
    const auto stroops =
        static_cast<unsigned __int128>(change->amount.hi()) << 64 | change->amount.lo();
    out->append(amount.data(), WriteUnits(static_cast<__int128>(stroops), true, amount.data()));
    *out += R"(",)";
    if (change->asset.issuer) {
      AppendAssetMembers(change->asset, out);
      *out += ',';
    } else {
      *out += R"("asset_type":"native",)";
    }
    address(R"("from":)", change->from);
    address(R"("to":)", change->to);
    out->append(R"("type":")").append(change->type).append(R"("})");
  }
  *out += ']';
}

void OperationDetails::AddHostFunction(const AppliedTransaction& transaction,
                                       const AppliedOperation& operation,
                                       const xdr::HostFunction& function,
                                       std::string_view arguments_json) {
  static const EnumNames names("HostFunctionType", EnumNames::Style::kGo);
  const std::string_view name = names[static_cast<int32_t>(function.type())];
  switch (function.type()) {
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_INVOKE_CONTRACT:
      AddBalanceChanges(transaction, operation);
      AddNoCodeHash();
      scratch_.clear();
      AppendAddressText(function.invokeContract().contractAddress(), &keys_, &scratch_);
      object_.Plain("contract_id", scratch_);
      object_.Plain("function", name);
      AddFootprint(transaction);
      AddParameters(function, arguments_json);
      object_.Plain("type", "invoke_contract");
      return;
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_CREATE_CONTRACT:
      AddPreimage(function.createContract().contractIDPreimage());
      AddNoCodeHash();
      AddFootprintContract(transaction);
      object_.Plain("function", name);
      AddFootprint(transaction);
      object_.Plain("type", "create_contract");
      return;
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM:
      AddNoCodeHash();
      object_.Plain("function", name);
      AddFootprint(transaction);
      object_.Plain("type", "upload_wasm");
      return;
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_CREATE_CONTRACT_V2:
      AddPreimage(function.createContractV2().contractIDPreimage());
      AddNoCodeHash();
      AddFootprintContract(transaction);
      object_.Plain("function", name);
      AddFootprint(transaction);
      AddParameters(function, arguments_json);
      object_.Plain("type", "create_contract_v2");
      return;
  }
}

std::string_view OperationDetails::Text(const AppliedTransaction& transaction,
                                        const AppliedOperation& operation,
                                        const OperationFacts& facts,
                                        const std::optional<xdr::uint256>& sponsor,
                                        std::string_view arguments_json) {
  static constexpr AssetKeys kAsset = {"asset_code", "asset_id", "asset_issuer", "asset_type"};
  static constexpr AssetKeys kSourceAsset = {"source_asset_code", "source_asset_id",
                                             "source_asset_issuer", "source_asset_type"};
  static constexpr AccountKeys kFrom = {"from", "from_muxed", "from_muxed_id"};
  static constexpr AccountKeys kTo = {"to", "to_muxed", "to_muxed_id"};
  static constexpr std::string_view kNoAmount = R"("0.0000000")";  // stellar-etl's, a text
  object_.Clear();
  // In the order of the keys, so far as one order does for all operations of a type.
  switch (facts.type) {
    case OperationType::CREATE_ACCOUNT:
      AddKey("account", facts.destination->ed25519);
      AddAccount({"funder", "funder_muxed", "funder_muxed_id"}, operation.source());
      AddAmount("starting_balance", *facts.starting_balance);
      break;
    case OperationType::PAYMENT:
      AddAmount("amount", *facts.amount);
      AddAsset(kAsset, *facts.asset);
      AddAccount(kFrom, operation.source());
      AddAccount(kTo, *facts.destination);
      break;
    case OperationType::PATH_PAYMENT_STRICT_RECEIVE:
      AddAmount("amount", *facts.amount);
      AddAsset(kAsset, *facts.asset);
      AddAccount(kFrom, operation.source());
      AddPath(*facts.path);
      if (facts.send_amount) {
        AddAmount("source_amount", *facts.send_amount);
      } else {
        object_.Raw("source_amount", kNoAmount);
      }
      AddAsset(kSourceAsset, *facts.send_asset);
      AddAmount("source_max", *facts.send_max);
      AddAccount(kTo, *facts.destination);
      break;
    case OperationType::PATH_PAYMENT_STRICT_SEND:
      if (facts.amount) {
        AddAmount("amount", *facts.amount);
      } else {
        object_.Raw("amount", kNoAmount);
      }
      AddAsset(kAsset, *facts.asset);
      AddAmountText("destination_min", *facts.dest_min);
      AddAccount(kFrom, operation.source());
      AddPath(*facts.path);
      AddAmount("source_amount", *facts.send_amount);
      AddAsset(kSourceAsset, *facts.send_asset);
      AddAccount(kTo, *facts.destination);
      break;
    case OperationType::MANAGE_SELL_OFFER:
    case OperationType::MANAGE_BUY_OFFER:
    case OperationType::CREATE_PASSIVE_SELL_OFFER:
      AddOffer(facts);
      break;
    case OperationType::SET_OPTIONS:
      AddOptions(facts);
      break;
    case OperationType::CHANGE_TRUST:
      if (facts.pool_parameters) {
        object_.Plain("asset_type", ledger::AssetTypeName(facts.asset->type));
        AddAmount("limit", *facts.trust_limit);
        AddPool("liquidity_pool_id", "liquidity_pool_id_strkey",
                ledger::PoolId(*facts.pool_parameters, sha_));
      } else {
        AddAsset(kAsset, *facts.asset);
        AddAmount("limit", *facts.trust_limit);
        if (facts.trustee) {
          AddKey("trustee", *facts.trustee);
        } else {
          object_.Null("trustee");
        }
      }
      AddAccount({"trustor", "trustor_muxed", "trustor_muxed_id"}, operation.source());
      break;
    case OperationType::ALLOW_TRUST:
      AddAsset(kAsset, *facts.asset);
      object_.Raw("authorize", (*facts.authorize & 1) != 0 ? "true" : "false");
      if ((*facts.authorize & 2) != 0) object_.Raw("authorize_to_maintain_liabilities", "true");
      if ((*facts.authorize & 4) != 0) object_.Raw("clawback_enabled", "true");
      AddAccount({"trustee", "trustee_muxed", "trustee_muxed_id"}, operation.source());
      AddKey("trustor", *facts.trustor);
      break;
    case OperationType::ACCOUNT_MERGE:
      AddAccount({"account", "account_muxed", "account_muxed_id"}, operation.source());
      AddAccount({"into", "into_muxed", "into_muxed_id"}, *facts.destination);
      break;
    case OperationType::INFLATION:
      break;
    case OperationType::MANAGE_DATA:
      object_.String("name", *facts.data_name);
      if (facts.data_value) {
        AppendQuotedBase64(*facts.data_value, object_.Value("value"));
      } else {
        object_.Null("value");
      }
      break;
    case OperationType::BUMP_SEQUENCE:
      scratch_.clear();
      AppendJsonNumber(*facts.bump_to, &scratch_);
      object_.String("bump_to", scratch_);
      break;
    case OperationType::CREATE_CLAIMABLE_BALANCE:
      AddAmount("amount", *facts.amount);
      AddCanonicalAsset("asset", *facts.asset);
      AddClaimants(operation.body().createClaimableBalanceOp().claimants());
      break;
    case OperationType::CLAIM_CLAIMABLE_BALANCE:
      AddBalance("balance_id", "balance_id_strkey", *facts.balance_id);
      AddAccount({"claimant", "claimant_muxed", "claimant_muxed_id"}, operation.source());
      break;
    case OperationType::BEGIN_SPONSORING_FUTURE_RESERVES:
      AddKey("sponsored_id", *facts.sponsored);
      break;
    case OperationType::END_SPONSORING_FUTURE_RESERVES:
      if (facts.sponsor) {
        AddAccount({"begin_sponsor", "begin_sponsor_muxed", "begin_sponsor_muxed_id"},
                   *facts.sponsor);
      }
      break;
    case OperationType::REVOKE_SPONSORSHIP:
      AddRevocation(operation.body().revokeSponsorshipOp());
      break;
    case OperationType::CLAWBACK:
      AddAmount("amount", *facts.amount);
      AddAsset(kAsset, *facts.asset);
      AddAccount(kFrom, *facts.from);
      break;
    case OperationType::CLAWBACK_CLAIMABLE_BALANCE:
      AddBalance("balance_id", "balance_id_strkey", *facts.balance_id);
      break;
    case OperationType::SET_TRUST_LINE_FLAGS:
      AddAsset(kAsset, *facts.asset);
      AddFlags(kTrustLineFlags, "clear_flags", "clear_flags_s", facts.clear_flags, &object_);
      AddFlags(kTrustLineFlags, "set_flags", "set_flags_s", facts.set_flags, &object_);
      AddKey("trustor", *facts.trustor);
      break;
    case OperationType::LIQUIDITY_POOL_DEPOSIT:
    case OperationType::LIQUIDITY_POOL_WITHDRAW:
      AddPoolReserves(facts, operation);
      break;
    case OperationType::INVOKE_HOST_FUNCTION:
      AddHostFunction(transaction, operation,
                      operation.body().invokeHostFunctionOp().hostFunction(), arguments_json);
      break;
    case OperationType::EXTEND_FOOTPRINT_TTL:
      AddNoCodeHash();
      AddFootprintContract(transaction);
      object_.Number("extend_to", uint64_t{*facts.extend_to});
      AddFootprint(transaction);
      object_.Plain("type", "extend_footprint_ttl");
      break;
    case OperationType::RESTORE_FOOTPRINT:
      AddNoCodeHash();
      AddFootprintContract(transaction);
      AddFootprint(transaction);
      object_.Plain("type", "restore_footprint");
      break;
  }
  if (sponsor) AddKey("sponsor", *sponsor);
  return object_.Text();
}

}  // namespace stellar_arrow::tables
