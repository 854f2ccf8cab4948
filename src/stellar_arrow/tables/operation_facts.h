// What an operation says, by column rather than by type: of its body, and of its result where that
// tells more. Views into the ledger's bytes; formats and hashes nothing. What is told by entry
// changes or by the footprint is found by functions of its own, as it takes a walk.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/asset.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger.h"

namespace stellar_arrow::tables {

// Absent is what the operation's type does not have, or what this operation left out. Members of
// the result are absent unless the whole transaction succeeded. Amounts are stroops, or shares of a
// pool in the same unit.
struct OperationFacts {
  using Key = xdr::uint256;

  xdr::OperationType type = xdr::OperationType::CREATE_ACCOUNT;
  std::optional<ledger::Account> destination;
  std::optional<int64_t> amount;  // account_merge, path_payment_strict_send: of the result
  std::optional<ledger::AssetParts> asset;

  std::optional<ledger::AssetParts> send_asset;
  std::optional<int64_t> send_amount;  // path_payment_strict_receive: of the result
  std::optional<int64_t> send_max;
  std::optional<int64_t> dest_min;
  std::optional<xdr::List<xdr::Asset>> path;

  std::optional<Key> trustor;
  std::optional<Key> trustee;
  std::optional<int64_t> trust_limit;
  std::optional<uint32_t> authorize;
  std::optional<bool> authorize_to_maintain_liabilities;
  std::optional<bool> clawback_enabled;
  std::optional<uint32_t> set_flags;
  std::optional<uint32_t> clear_flags;
  std::optional<ledger::Account> from;

  std::optional<int64_t> offer_id;
  std::optional<ledger::AssetParts> buying;
  std::optional<ledger::AssetParts> selling;
  std::optional<xdr::Price> price;
  std::optional<int64_t> result_offer_id;                     // of the result
  std::optional<xdr::ManageOfferEffect> result_offer_effect;  // of the result

  std::optional<int64_t> starting_balance;
  std::optional<std::string_view> home_domain;  // any bytes
  std::optional<Key> inflation_dest;
  std::optional<uint32_t> master_weight;
  std::optional<uint32_t> threshold_low;
  std::optional<uint32_t> threshold_medium;
  std::optional<uint32_t> threshold_high;
  std::optional<xdr::SignerKey> signer_key;
  std::optional<uint32_t> signer_weight;
  std::optional<int64_t> bump_to;

  std::optional<std::string_view> data_name;  // any bytes
  std::optional<xdr::Bytes> data_value;

  std::optional<xdr::Hash> balance_id;  // create_claimable_balance: of the result
  std::optional<uint32_t> claimant_count;

  std::optional<Key> sponsored;
  std::optional<ledger::Account> sponsor;

  std::optional<xdr::PoolID> pool;
  std::optional<xdr::LiquidityPoolParameters> pool_parameters;  // change_trust, in place of `pool`
  std::optional<xdr::Price> min_price;
  std::optional<xdr::Price> max_price;
  std::optional<int64_t> max_amount_a;
  std::optional<int64_t> max_amount_b;
  std::optional<int64_t> min_amount_a;
  std::optional<int64_t> min_amount_b;

  std::optional<xdr::HostFunctionType> host_function;
  std::optional<uint32_t> auth_count;
  std::optional<xdr::ContractID> contract;                   // that is called
  std::optional<xdr::ContractIDPreimage> contract_preimage;  // that is created
  std::optional<xdr::Hash> code_hash;                        // of the created contract
  std::optional<xdr::Bytes> wasm;                            // that is uploaded
  std::optional<std::string_view> function_name;             // any bytes
  std::optional<xdr::List<xdr::SCVal>> arguments;            // of function or constructor
  std::optional<uint32_t> extend_to;
  bool contract_by_footprint = false;  // the contract is FootprintContract()
};

// Writes the facts of `operation`, one of `transaction`, to `facts`, which is as made.
void ReadFacts(const ledger::AppliedTransaction& transaction,
               const ledger::AppliedOperation& operation, OperationFacts* facts);

// The operation's own result code. Absent where no operation was tried, or where the operation was
// refused before its own rules were asked (OperationResultCode tells why).
std::optional<int32_t> InnerResultCode(const ledger::AppliedOperation& operation);

// Name of the enum that InnerResultCode() is of.
std::string_view InnerResultCodeType(xdr::OperationType type);

// How an operation changed a pool: after minus before, where an absent pool counts as empty.
struct PoolChange {
  xdr::LiquidityPoolConstantProductParameters parameters;
  int64_t reserve_a = 0;
  int64_t reserve_b = 0;
  int64_t shares = 0;
};

// Absent where the operation did not touch the pool.
std::optional<PoolChange> ChangeOf(xdr::PoolID pool, xdr::LedgerEntryChanges changes);

// Who pays the reserve of what the operation created: of the first entry, by the bytes of its key,
// that came with a sponsor; for set_options also of the signer that it set, where the sponsor is
// new.
std::optional<xdr::uint256> NewSponsor(const OperationFacts& facts,
                                       xdr::LedgerEntryChanges changes);

// The contract of the first key of contract data in the footprint, readWrite before readOnly.
std::optional<xdr::ContractID> FootprintContract(const ledger::AppliedTransaction& transaction);

}  // namespace stellar_arrow::tables
