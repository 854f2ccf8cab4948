// The column `details` of operations: what an operation says as one JSON object, with the keys that
// stellar-etl gives it, sorted. docs/differences.md lists where a value is another than its.
//
// Amounts are numbers in whole units, exact to the stroop: read as a double each is the very one
// that stellar-etl writes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/tables/asset_text.h"
#include "stellar_arrow/tables/balance_change.h"
#include "stellar_arrow/tables/json_object.h"
#include "stellar_arrow/tables/key_text.h"
#include "stellar_arrow/tables/operation_facts.h"

namespace stellar_arrow::tables {

// Appends the arguments of a called function, or of a constructor, as a JSON list, each in SEP-51's
// form.
void AppendArguments(const xdr::List<xdr::SCVal>& arguments, std::string* out);

// Writes one operation's details after another. Not thread-safe.
class OperationDetails {
 public:
  // Both must outlive this.
  OperationDetails(KeyText* keys, ledger::Sha256* sha)
      : keys_(*keys), sha_(*sha), balance_changes_(sha) {}

  // `facts`, `sponsor` (of NewSponsor) and `arguments_json` (of AppendArguments) are those of
  // `operation`, which is one of `transaction`, of a paired ledger. Valid until the next call.
  std::string_view Text(const ledger::AppliedTransaction& transaction,
                        const ledger::AppliedOperation& operation, const OperationFacts& facts,
                        const std::optional<xdr::uint256>& sponsor,
                        std::string_view arguments_json);

 private:
  struct AssetKeys;
  struct AccountKeys;

  void AddKey(const JsonKey& key, xdr::uint256 account);
  void AddAccount(const AccountKeys& keys, const ledger::Account& account);
  void AddAmount(const JsonKey& key, int64_t stroops);
  void AddAmountText(const JsonKey& key, int64_t stroops);
  void AddAsset(const AssetKeys& keys, const ledger::AssetParts& asset);
  void AddCanonicalAsset(const JsonKey& key, const ledger::AssetParts& asset);
  void AddPrice(const JsonKey& price_key, const JsonKey& ratio_key, const xdr::Price& price);
  void AddSigner(const JsonKey& key, const xdr::SignerKey& signer);
  void AddHash(const JsonKey& key, xdr::Hash hash);
  void AddPool(const JsonKey& key, const JsonKey& strkey_key, xdr::PoolID pool);
  void AddBalance(const JsonKey& key, const JsonKey& strkey_key, xdr::Hash balance);
  void AddPath(const xdr::List<xdr::Asset>& path);
  void AddOffer(const OperationFacts& facts);
  void AddOptions(const OperationFacts& facts);
  void AddClaimants(const xdr::List<xdr::Claimant>& claimants);
  void AddRevocation(const xdr::RevokeSponsorshipOp& op);
  void AddPoolReserves(const OperationFacts& facts, const ledger::AppliedOperation& operation);
  void AddHostFunction(const ledger::AppliedTransaction& transaction,
                       const ledger::AppliedOperation& operation, const xdr::HostFunction& function,
                       std::string_view arguments_json);
  void AddPreimage(const xdr::ContractIDPreimage& preimage);
  void AddFootprint(const ledger::AppliedTransaction& transaction);
  void AddNoCodeHash();
  void AddFootprintContract(const ledger::AppliedTransaction& transaction);
  void AddParameters(const xdr::HostFunction& function, std::string_view arguments_json);
  void AddBalanceChanges(const ledger::AppliedTransaction& transaction,
                         const ledger::AppliedOperation& operation);

  void AppendAssetMembers(const ledger::AssetParts& asset, std::string* out);

  KeyText& keys_;
  AssetText asset_texts_;
  ledger::Sha256& sha_;
  BalanceChanges balance_changes_;
  JsonObject object_;
  std::string scratch_;
  std::string base64_;                                   // of all parameters, as a JSON list
  std::array<std::vector<uint8_t>, 2> made_parameters_;  // XDR of address and name as SCVals
};

}  // namespace stellar_arrow::tables
