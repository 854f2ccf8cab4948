#include "fuzz/ledger_claims.h"

#include <arrow/api.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/relink.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/ledger/token_transfer.h"
#include "stellar_arrow/ledger/verify.h"
#include "stellar_arrow/tables/catalog.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger.h"

namespace stellar_arrow::fuzz {
namespace {

using ledger::Ledger;
using ledger::Network;
using ledger::Sha256;
using xdr::Bytes;
using Buffer = std::vector<uint8_t>;

constexpr std::string_view kPassphrase = "Public Global Stellar Network ; September 2015";

void RequireRefusal(const arrow::Status& status) {
  Require(CodeOf(status) == ErrorCode::kDataLoss, "a bad ledger is data loss", status.ToString());
}

// Every part of a transaction that can be asked for lies in the ledger.
void ReadTransaction(const ledger::AppliedTransaction& transaction) {
  const Bytes wire = transaction.ledger().wire();
  const auto inside = [&](Bytes part) {
    Require(part.empty() || (part.data() >= wire.data() &&
                             part.data() + part.size() <= wire.data() + wire.size()),
            "a part lies in its ledger");
  };
  inside(transaction.envelope_wire());
  inside(transaction.result_wire());
  inside(transaction.meta_wire());
  inside(transaction.envelope().wire());
  for (const xdr::DecoratedSignature& signature : transaction.fee_bump_signatures()) {
    inside(signature.wire());
  }
  inside(transaction.signatures().wire());
  inside(transaction.memo().wire());
  inside(transaction.fee_changes().wire());
  if (const auto changes = transaction.post_fee_changes()) inside(changes->wire());
  if (const auto changes = transaction.changes_after()) inside(changes->wire());
  if (const auto results = transaction.operation_results()) inside(results->wire());
  if (const auto data = transaction.soroban_data()) {
    inside(data->wire());
    const auto declared = transaction.declared_resources();
    Require(declared && declared->resource_fee == data->resourceFee() &&
                declared->instructions == data->resources().instructions(),
            "declared resources are those of the Soroban data");
  }
  if (const auto conditions = transaction.conditions(); conditions.v2) {
    inside(conditions.v2->wire());
  }
  (void)transaction.fee_source();
  (void)transaction.fee_bid();
  (void)transaction.inner_fee_bid();
  (void)transaction.inner_hash();
  (void)transaction.source();
  (void)transaction.sequence_number();
  (void)transaction.soroban_meta();
  (void)transaction.soroban_meta_v2();
  (void)ledger::SorobanFeePaid(transaction);
  const ledger::MetaParts parts = transaction.meta_parts();
  Require(transaction.operations().size() == transaction.operation_count(),
          "operations are counted");
  size_t index = 0;
  for (const xdr::Operation& read : transaction.operations()) {
    const ledger::AppliedOperation operation = transaction.operation(index);
    Require(std::ranges::equal(operation.wire(), read.wire()),
            "an operation lies where it is read");
    inside(operation.meta_wire());
    inside(operation.body().wire());
    Require(operation.has_meta() == (index < parts.operation_count()),
            "an operation has a meta where there is one");
    for (const xdr::LedgerEntryChange& change : operation.changes()) inside(change.wire());
    for (const xdr::ContractEvent& event : operation.events()) inside(event.wire());
    if (const auto result = operation.result()) inside(result->wire());
    (void)operation.source();
    ++index;
  }
}

// The rows of `ledger`, made twice over by the same appender. A ledger may be refused.
void FillTable(const tables::Table& table, const Ledger& ledger) {
  auto made = table.MakeAppender({}, arrow::system_memory_pool());
  Require(made.ok(), "a table has an appender", made.status().ToString());
  tables::TableAppender& appender = **made;
  for (int round = 0; round < 2; ++round) {
    if (const arrow::Status status = appender.Append(ledger); !status.ok()) {
      RequireRefusal(status);
      Require(round == 0, "what is refused is refused at once", status.ToString());
      return;
    }
  }
  const int64_t rows = appender.rows();
  const auto batch = appender.Finish();
  Require(batch.ok(), "a batch is finished", batch.status().ToString());
  const arrow::Status valid = (*batch)->ValidateFull();
  Require(valid.ok(), "a batch is valid", valid.ToString());
  Require((*batch)->num_rows() == rows && rows % 2 == 0, "rows are counted", table.name());
  Require((*batch)
              ->Slice(0, rows / 2)
              ->Equals(*(*batch)->Slice(rows / 2), arrow::EqualOptions().nans_equal(true)),
          "the same ledger gives the same rows", table.name());
  if (table.one_row_per_ledger()) Require(rows == 2, "a ledger has a row", table.name());
}

// Gives each result the hash of an envelope, so that what was changed is paired again.
void Mend(const Ledger& ledger, const Network& network, Sha256& sha, Buffer& wire) {
  const size_t count = std::min(ledger.results().size(), ledger.envelopes().size());
  for (size_t i = 0; i < count; ++i) {
    const ledger::Hash256 hash = TransactionHash(ledger.envelopes()[i], network, sha);
    const auto at = ledger.results()[i].pair - ledger.wire().data();
    std::ranges::copy(hash, wire.begin() + at);  // a pair begins with the hash
  }
}

void ReadParts(const Ledger& ledger) {
  const Bytes wire = ledger.wire();
  const auto peeked =
      ledger::PeekLedger(wire.first(std::min(wire.size(), ledger::kMaxHeaderBytes)));
  Require(peeked && peeked->sequence == ledger.sequence(), "a header is found at the beginning");
  Require(ledger.header().ledgerSeq() == ledger.sequence(), "a ledger has its header's number");
  (void)ledger.close_time();
  (void)ledger.soroban_fee_write_1kb();
  (void)ledger.live_soroban_state_bytes();
  Require(ledger.successful_transaction_count() <= ledger.transaction_count(),
          "no more succeed than there are");
  for (const xdr::UpgradeEntryMeta& upgrade : ledger.upgrades()) (void)upgrade.wire();
  for (const xdr::SCPHistoryEntry& entry : ledger.scp_history()) (void)entry.wire();
  for (const xdr::LedgerKey& key : ledger.evicted_keys()) (void)key.wire();
}

void Relink(const Ledger& ledger, const Network& network, Sha256& sha) {
  constexpr uint32_t kNumber = 7;
  ledger::Relinker relinker(kNumber);
  for (uint32_t i = 0; i < 2; ++i) {
    const auto relinked = relinker.Next(ledger);
    if (!relinked.ok()) {  // past the last time there is
      Require(CodeOf(relinked.status()) == ErrorCode::kOutOfRange, "time ends",
              relinked.status().ToString());
      return;
    }
    Ledger again;
    const arrow::Status opened = again.Open(relinked->wire);
    Require(opened.ok(), "a ledger in its new place is one", opened.ToString());
    Require(again.sequence() == kNumber + i, "a ledger has the number it was given");
    std::vector<ledger::Fault> faults;
    VerifyLedger(again, ledger::VerifyLevel::kChain, &network, sha, &faults);
    Require(faults.empty(), "a ledger in its new place has its hash",
            faults.empty() ? "" : faults[0].ToString());
  }
}

}  // namespace

void ReadLedger(Bytes wire) {
  static const Network network = Network::FromPassphrase(kPassphrase);
  Sha256 sha;
  Ledger ledger;
  arrow::Status status = ledger.Open(wire);
  Require(status.ok() == xdr::LedgerCloseMeta::Check(wire).ok(),
          "what the check accepts is opened, and nothing else", status.ToString());
  if (!status.ok()) return RequireRefusal(status);
  ReadParts(ledger);
  std::vector<ledger::Fault> faults;
  VerifyLedger(ledger, ledger::VerifyLevel::kFull, &network, sha, &faults);
  for (const ledger::Fault& fault : faults) (void)fault.ToString();
  Relink(ledger, network, sha);

  Buffer mended(wire.begin(), wire.end());
  Mend(ledger, network, sha, mended);
  const size_t size = mended.size();
  mended.insert(mended.end(), 4, 0xff);  // what follows is not looked at
  const auto taken = ledger.OpenPrefix(mended);
  Require(taken.ok() && *taken == size, "a ledger ends where it did");
  status = ledger.Pair(network, sha);
  if (!status.ok()) return RequireRefusal(status);
  for (size_t i = 0; i < ledger.transaction_count(); ++i) ReadTransaction(ledger.transaction(i));
  for (const tables::Table* table : tables::Catalog()) FillTable(*table, ledger);
  ledger::TokenTransfers transfers;
  for (const auto source :
       {ledger::TokenTransfers::Source::kUnified, ledger::TokenTransfers::Source::kDerived}) {
    status = transfers.Read(ledger, source);
    if (!status.ok()) RequireRefusal(status);
  }
}

}  // namespace stellar_arrow::fuzz
