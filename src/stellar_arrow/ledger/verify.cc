#include "stellar_arrow/ledger/verify.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/xdr/generated/marked_walk.h"

namespace stellar_arrow::ledger {
namespace {

using xdr::marked::ReadAt;

constexpr std::array<std::pair<VerifyLevel, std::string_view>, 3> kLevels = {{
    {VerifyLevel::kStructure, "structure"},
    {VerifyLevel::kChain, "chain"},
    {VerifyLevel::kFull, "full"},
}};

bool Equal(xdr::Bytes a, xdr::Bytes b) { return std::ranges::equal(a, b); }

// "v1.ledgerHeader.header" and the like.
std::string PathIn(int32_t meta_version, std::string_view path) {
  return "v" + std::to_string(meta_version) + "." + std::string(path);
}

void CheckHash(const Ledger& ledger, std::string_view check, std::string_view path, xdr::Bytes want,
               xdr::Bytes got, std::vector<Fault>* faults) {
  if (Equal(want, got)) return;
  faults->push_back({ledger.sequence(), std::string(check), PathIn(ledger.meta_version(), path),
                     text::EncodeHex(want), text::EncodeHex(got)});
}

void VerifyTransactionSet(const Ledger& ledger, Sha256& sha, std::vector<Fault>* faults) {
  constexpr std::string_view kHashPath = "ledgerHeader.header.scpValue.txSetHash";
  const xdr::LedgerHeader header = ledger.header();
  CheckHash(ledger, "tx_set_previous_hash", "txSet.previousLedgerHash", header.previousLedgerHash(),
            ledger.transaction_set_previous_hash(), faults);
  const xdr::Hash stated = header.scpValue().txSetHash();
  if (IsEmptySetByDecree(header.scpValue())) {
    CheckHash(ledger, "tx_set_hash", kHashPath, Hash256{}, stated, faults);
    if (!ledger.envelopes().empty()) {
      faults->push_back({ledger.sequence(), "tx_set_hash", PathIn(ledger.meta_version(), "txSet"),
                         "no transactions, as the header's value is an empty set",
                         std::to_string(ledger.envelopes().size()) + " transactions"});
    }
    return;
  }
  CheckHash(ledger, "tx_set_hash", kHashPath, stated,
            TransactionSetHash(ledger, ledger.transaction_set_previous_hash(), sha), faults);
}

void VerifyResultSet(const Ledger& ledger, Sha256& sha, std::vector<Fault>* faults) {
  const auto count = static_cast<uint32_t>(ledger.transaction_count());
  const uint8_t count_word[4] = {static_cast<uint8_t>(count >> 24),
                                 static_cast<uint8_t>(count >> 16),
                                 static_cast<uint8_t>(count >> 8), static_cast<uint8_t>(count)};
  sha.Update(count_word);
  for (const ResultSpan& result : ledger.results()) {
    sha.Update({result.pair, static_cast<size_t>(result.fee_changes - result.pair)});
  }
  CheckHash(ledger, "result_set_hash", "ledgerHeader.header.txSetResultHash",
            ledger.header().txSetResultHash(), sha.Finish(), faults);
}

// The hash of the transaction inside a fee bump.
Hash256 InnerHash(const EnvelopeSpan& envelope, const Network& network, Sha256& sha) {
  static constexpr uint8_t kTransaction[4] = {0, 0, 0, 2};  // EnvelopeType ENVELOPE_TYPE_TX
  const auto inner = ReadAt<xdr::TransactionEnvelope>(envelope.begin).feeBump().tx().innerTx();
  const xdr::Bytes transaction = inner.v1().tx().wire();
  sha.Update(network.id);
  sha.Update(kTransaction);
  sha.Update(transaction);
  return sha.Finish();
}

// `network` may be null where there are no envelopes.
void VerifyTransactions(Ledger& ledger, const Network* network, Sha256& sha,
                        std::vector<Fault>* faults) {
  if (ledger.envelopes().size() != ledger.transaction_count()) {
    faults->push_back({ledger.sequence(), "transaction_hash",
                       PathIn(ledger.meta_version(), "txProcessing"),
                       std::to_string(ledger.envelopes().size()) + " results, one per envelope",
                       std::to_string(ledger.transaction_count()) + " results"});
    return;
  }
  if (network == nullptr) return;
  if (const arrow::Status paired = ledger.Pair(*network, sha); !paired.ok()) {
    faults->push_back({ledger.sequence(), "transaction_hash",
                       PathIn(ledger.meta_version(), "txProcessing"),
                       "an envelope for every result", paired.message()});
    return;
  }
  for (size_t i = 0; i < ledger.transaction_count(); ++i) {
    const EnvelopeSpan& envelope = ledger.envelopes()[ledger.envelope_index(i)];
    const auto result = ReadAt<xdr::TransactionResultPair>(ledger.results()[i].pair);
    const std::string path = "txProcessing[" + std::to_string(i) + "].result";
    const bool fee_bump = ReadAt<xdr::TransactionEnvelope>(envelope.begin).type() ==
                          xdr::EnvelopeType::ENVELOPE_TYPE_TX_FEE_BUMP;
    const auto inner = result.result().result().ifInnerResultPair();
    if (inner && !fee_bump) {
      faults->push_back({ledger.sequence(), "transaction_hash", PathIn(ledger.meta_version(), path),
                         "a result without inner result, as the envelope is no fee bump",
                         "an inner result"});
    } else if (inner) {
      CheckHash(ledger, "transaction_hash", path + ".result.result.innerResultPair.transactionHash",
                inner->transactionHash(), InnerHash(envelope, *network, sha), faults);
    }
  }
}

}  // namespace

std::string Fault::ToString() const {
  return Concat("ledger ", ledger, ": ", check, ": ", path, ": want ", want, ", got ", got);
}

arrow::Result<VerifyLevel> ParseVerifyLevel(std::string_view text) {
  for (const auto& [level, name] : kLevels) {
    if (name == text) return level;
  }
  return Error(ErrorCode::kInvalidArgument, "unknown verification level '", text,
               "': one of structure, chain, full");
}

std::string_view VerifyLevelName(VerifyLevel level) {
  for (const auto& [known, name] : kLevels) {
    if (known == level) return name;
  }
  return "?";
}

arrow::Result<Anchor> ParseAnchor(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::kInvalidArgument, "anchor '", text, "': ", why,
                 "; an anchor is SEQ:HASH, a ledger's number and its hash as 64 hex digits");
  };
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return refuse("no ':'");
  Anchor anchor;
  const std::string_view number = text.substr(0, colon);
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), anchor.sequence);
  if (error != std::errc() || end != number.data() + number.size()) {
    return refuse("the ledger's number is not a decimal uint32");
  }
  if (!text::DecodeHex(text.substr(colon + 1), anchor.hash)) {
    return refuse("the hash is not 64 hex digits");
  }
  return anchor;
}

void VerifyLedger(Ledger& ledger, VerifyLevel level, const Network* network, Sha256& sha,
                  std::vector<Fault>* faults) {
  if (level == VerifyLevel::kStructure) return;
  sha.Update(ledger.header().wire());
  CheckHash(ledger, "header_hash", "ledgerHeader.hash", ledger.hash(), sha.Finish(), faults);
  if (level == VerifyLevel::kChain) return;
  VerifyTransactionSet(ledger, sha, faults);
  VerifyResultSet(ledger, sha, faults);
  VerifyTransactions(ledger, network, sha, faults);
}

LedgerLink LinkOf(const Ledger& ledger) {
  LedgerLink link{.sequence = ledger.sequence(), .meta_version = ledger.meta_version()};
  std::ranges::copy(ledger.hash(), link.hash.begin());
  std::ranges::copy(ledger.header().previousLedgerHash(), link.previous_hash.begin());
  return link;
}

void VerifyLink(const LedgerLink& link, uint32_t previous_sequence, const Hash256& previous_hash,
                std::vector<Fault>* faults) {
  if (link.sequence != previous_sequence + 1) {
    faults->push_back({link.sequence, "sequence",
                       PathIn(link.meta_version, "ledgerHeader.header.ledgerSeq"),
                       std::to_string(previous_sequence + 1), std::to_string(link.sequence)});
    return;  // it cannot be linked to a ledger that is not the one before
  }
  if (link.previous_hash == previous_hash) return;
  faults->push_back({link.sequence, "previous_ledger_hash",
                     PathIn(link.meta_version, "ledgerHeader.header.previousLedgerHash"),
                     text::EncodeHex(previous_hash), text::EncodeHex(link.previous_hash)});
}

void VerifyAnchor(const Ledger& ledger, const Anchor& anchor, std::vector<Fault>* faults) {
  if (ledger.sequence() != anchor.sequence) return;
  CheckHash(ledger, "anchor", "ledgerHeader.hash", anchor.hash, ledger.hash(), faults);
}

std::optional<size_t> ProveNetwork(const Ledger& ledger, std::span<const Network> candidates,
                                   Sha256& sha) {
  // One envelope is proof enough, but a damaged one must not speak against its network.
  constexpr size_t kEnvelopesTried = 8;
  for (const EnvelopeSpan& envelope :
       ledger.envelopes().first(std::min(ledger.envelopes().size(), kEnvelopesTried))) {
    for (size_t i = 0; i < candidates.size(); ++i) {
      const Hash256 hash = TransactionHash(envelope, candidates[i], sha);
      for (const ResultSpan& result : ledger.results()) {
        if (Equal(hash, ReadAt<xdr::TransactionResultPair>(result.pair).transactionHash())) {
          return i;
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace stellar_arrow::ledger
