// Who gave which token to whom: the token-transfer events of a ledger (CAP-67, SEP-41), read from
// the metas where core wrote them, else derived from operations, results and entry changes. Follows
// the official Go SDK's token_transfer processor. Knows no Arrow builder.
#pragma once

#include <arrow/status.h>

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/text/strkey.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger-entries.h"

namespace stellar_arrow::ledger {

class Ledger;

// What events may move; the names are those of the events' first topics.
enum class TransferType : uint8_t { kTransfer, kMint, kBurn, kClawback, kFee };

// "transfer" and so on.
std::string_view TransferTypeName(TransferType type);

// Who has a balance.
struct Holder {
  enum class Kind : uint8_t {
    kNone,
    kAccount,
    kMuxedAccount,
    kContract,
    kMuxedContract,
    kClaimableBalance,
    kLiquidityPool,
  };

  Kind kind = Kind::kNone;
  const uint8_t* key = nullptr;  // 32 bytes in the ledger's; null for kNone
  uint64_t id = 0;               // of the muxed kinds
};

// A classic asset and the contract that stands for it, formatted once. Lives in KnownAssets.
struct KnownAsset {
  xdr::AssetType type = xdr::AssetType::ASSET_TYPE_NATIVE;
  std::string code;  // valid UTF-8; empty for native
  std::array<uint8_t, 32> issuer{};
  std::string issuer_text;  // G...; empty for native
  std::string canonical;    // "native" or "CODE:ISSUER"
  // Whether the code is one that the protocol allows, so that text stands for this asset alone.
  bool plain = true;
  Hash256 contract_id{};

  bool native() const { return type == xdr::AssetType::ASSET_TYPE_NATIVE; }
};

// The assets of one network that were met, each hashed once. What is returned stays valid until the
// next Start(). Allocates for new assets only. Not thread-safe.
class KnownAssets {
 public:
  // Assets seldom change from one ledger to the next, so they are kept until they are too many.
  void Start(const Hash256& network_id);

  const KnownAsset* native() const { return native_; }
  const KnownAsset* Get(const xdr::Asset& asset);
  // The asset that an event of the contract `contract_id` names as "native" or "CODE:ISSUER"; null
  // unless the contract is truly this asset's.
  const KnownAsset* Named(std::string_view name, std::span<const uint8_t, 32> contract_id);

 private:
  struct Hasher {
    using is_transparent = void;
    size_t operator()(std::string_view bytes) const { return std::hash<std::string_view>{}(bytes); }
  };
  using Index = std::unordered_map<std::string, const KnownAsset*, Hasher, std::equal_to<>>;

  const KnownAsset* Add(const xdr::Asset& asset, const Hash256& contract_id);

  std::optional<Hash256> network_id_;
  std::deque<KnownAsset> assets_;  // stay in place while others come
  const KnownAsset* native_ = nullptr;
  Index by_xdr_;
  Index by_contract_;
  Sha256 sha_;
};

// As wide as the amounts of contracts.
__extension__ using Int128 = __int128;

// One event. Views the ledger's bytes, and the assets of the TokenTransfers it comes from.
struct TokenTransfer {
  // What tells deposits into one account apart.
  enum class MuxedKind : uint8_t { kNone, kId, kText, kBytes };

  TransferType type = TransferType::kTransfer;
  uint32_t transaction = 0;  // counts from 0 in the order of application
  uint32_t operation = 0;    // counts from 1; 0 is the transaction itself
  Holder from;               // kNone of a mint
  Holder to;                 // kNone of a burn, clawback or fee
  Int128 amount = 0;         // stroops for classic assets; refunds of fees are negative fees
  const KnownAsset* asset = nullptr;  // null for a token that is no classic asset
  const uint8_t* contract = nullptr;  // id of the token's contract, 32 bytes
  MuxedKind muxed = MuxedKind::kNone;
  uint64_t muxed_id = 0;
  std::span<const uint8_t> muxed_bytes;  // of kText and kBytes
};

// The events of one ledger at a time. Reuses its buffers. Not thread-safe.
class TokenTransfers {
 public:
  enum class Source {
    kAuto,     // kUnified where every transaction has a fee event in its meta, else kDerived
    kUnified,  // all events from metas of a core that was told to write classic ones (CAP-67)
    kDerived,  // only those of contracts from the metas
  };

  // Reads all events of `ledger`, which is paired; they are valid until the next call and while the
  // ledger is. Errors: DATA_LOSS naming ledger, transaction and path where they cannot be told.
  arrow::Status Read(const Ledger& ledger, Source source = Source::kAuto);

  // In order: the fees of all transactions; the events of operations, a transaction's refund after
  // them before protocol 23; the refunds since then.
  std::span<const TokenTransfer> transfers() const { return transfers_; }
  // How the events of the last Read() were come by.
  bool unified() const { return unified_; }

 private:
  class Reading;

  KnownAssets assets_;
  std::vector<TokenTransfer> transfers_;
  std::vector<TokenTransfer> refunds_;
  bool unified_ = false;
  // Scratch of one operation.
  struct PoolChange {
    xdr::LiquidityPoolEntry entry;
    Int128 amount_a;  // how much the reserves changed, whichever way
    Int128 amount_b;
  };
  std::vector<PoolChange> pools_;
  std::vector<xdr::ClaimableBalanceEntry> balances_;
  Sha256 sha_;
};

// What `transaction` cost its payer in the end, by the entries of the payer's account: the first
// debit less the refund. Stroops; for a Soroban transaction, whose fee has two steps.
int64_t SorobanFeePaid(const AppliedTransaction& transaction);

}  // namespace stellar_arrow::ledger
