// One view over all versions of ledgers, and what hostile bytes make of it.
#include "stellar_arrow/ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/batch.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/ledger/toid.h"
#include "stellar_arrow/ledger/verify.h"
#include "stellar_arrow/text/hex.h"
#include "tests/support/count_allocations.h"

namespace stellar_arrow::ledger {
namespace {

using Buffer = std::vector<uint8_t>;

Buffer Unzip(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  const std::string stored((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  Buffer out(size_t{4} << 20);
  const size_t size = ZSTD_decompress(out.data(), out.size(), stored.data(), stored.size());
  EXPECT_FALSE(ZSTD_isError(size)) << path;
  out.resize(size);
  return out;
}

// The one ledger of a lake's object.
Buffer LakeLedger(const std::string& path) {
  const Buffer batch = Unzip(std::string(SAS_TEST_DATA) + "/" + path);
  const BatchHead head = ReadBatchHead(batch).ValueOrDie();
  return {head.ledgers.begin(), head.ledgers.end()};
}

Buffer PubnetLedger() {
  return LakeLedger("pubnet-lake/FE2A45FF--30784000-30847999/FE29B180--30822015.xdr.zst");
}

Buffer SmallPubnetLedger() {
  return LakeLedger("pubnet-lake/FE2A45FF--30784000-30847999/FE29B17D--30822018.xdr.zst");
}

Buffer TestnetLedger() { return LakeLedger("galexie-lake/FFFFFC18--999.xdr.zst"); }

// A frame of a load-test stream: LCM V2, a parallel phase, 100 Soroban transactions.
Buffer LoadTestLedger() {
  const Buffer stream =
      Unzip(std::string(SAS_TEST_DATA) + "/corpora/load-test-ledgers-v24.xdr.zstd");
  size_t position = 0;
  for (int frame = 0;; ++frame) {
    const size_t size = size_t{stream[position] & 0x7fu} << 24 |
                        size_t{stream[position + 1]} << 16 | size_t{stream[position + 2]} << 8 |
                        stream[position + 3];
    position += 4;
    if (frame == 1)
      return {stream.begin() + static_cast<ptrdiff_t>(position),
              stream.begin() + static_cast<ptrdiff_t>(position + size)};
    position += size;
  }
}

std::string Hex(xdr::Bytes bytes) { return text::EncodeHex(bytes); }

const Network& Pubnet() {
  static const Network network = Network::FromNameOrPassphrase("pubnet").ValueOrDie();
  return network;
}

const Network& Testnet() {
  static const Network network = Network::FromNameOrPassphrase("testnet").ValueOrDie();
  return network;
}

std::vector<Fault> FullFaults(Ledger& ledger, const Network& network) {
  Sha256 sha;
  std::vector<Fault> faults;
  VerifyLedger(ledger, VerifyLevel::kFull, &network, sha, &faults);
  return faults;
}

TEST(Ledger, ReadsTheWorkedExample) {
  const Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  EXPECT_EQ(ledger.meta_version(), 0);
  EXPECT_EQ(ledger.sequence(), 30822015u);
  EXPECT_EQ(Hex(ledger.hash()), "a6b49d468a1ed1a9e40aa9f66e512b188b14800a4f012f6223970c89f35244d1");
  EXPECT_EQ(Hex(ledger.header().previousLedgerHash()),
            "2552cfc4f82dd6a0248f8d4ba8c70574e48f64cea0cb587b71fb248af028df09");
  EXPECT_EQ(ledger.header().wire().data(), wire.data() + 36);
  EXPECT_EQ(ledger.header().wire().size(), 324u);
  EXPECT_EQ(ledger.transaction_set_wire().data(), wire.data() + 364);
  EXPECT_EQ(ledger.transaction_set_wire().size(), 26928u - 364u);
  EXPECT_EQ(ledger.header().scpValue().closeTime(), 1595895040u);
  EXPECT_EQ(ledger.header().totalCoins(), 1054439020873472865);
  EXPECT_EQ(ledger.header().feePool(), 18168300436601);
  EXPECT_EQ(ledger.transaction_count(), 57u);
  EXPECT_EQ(ledger.successful_transaction_count(), 46u);
  EXPECT_EQ(ledger.tx_set_operation_count(), 175u);
  EXPECT_EQ(ledger.operation_count(), 159u);
  EXPECT_EQ(ledger.total_fee_charged(), 17500);
  EXPECT_EQ(ledger.soroban_operation_count(), 0u);
  EXPECT_TRUE(ledger.evicted_keys().empty());
  EXPECT_FALSE(ledger.live_soroban_state_bytes().has_value());
  EXPECT_FALSE(ledger.soroban_fee_write_1kb().has_value());
  EXPECT_TRUE(ledger.upgrades().empty());
  EXPECT_TRUE(ledger.scp_history().empty());
  EXPECT_EQ(ledger.wire().size(), wire.size());
}

TEST(Ledger, PairsByHashAndNotByPlace) {
  const Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  Sha256 sha;
  ASSERT_TRUE(ledger.Pair(Pubnet(), sha).ok());
  EXPECT_EQ(ledger.envelope_index(0), 46u);
  EXPECT_EQ(ledger.envelope_index(1), 47u);
  EXPECT_EQ(ledger.envelope_index(42), 0u);
  EXPECT_EQ(ledger.envelopes()[0].begin, wire.data() + 400);
  EXPECT_EQ(ledger.envelopes()[0].end, wire.data() + 1824);
  EXPECT_EQ(ledger.envelopes()[0].outer_signatures, wire.data() + 1748);
  EXPECT_EQ(Hex(TransactionHash(ledger.envelopes()[0], Pubnet(), sha)),
            "f2b6d30c51aa4a4b3f7392b7f554d9d53eb37dec2c3148001f3fbd9f5b74e988");
  size_t operations = 0;
  size_t results = 0;
  for (size_t i = 0; i < ledger.transaction_count(); ++i) {
    const AppliedTransaction transaction = ledger.transaction(i);
    EXPECT_EQ(transaction.application_order(), i + 1);
    operations += transaction.operations().size();
    if (transaction.successful()) {
      ASSERT_TRUE(transaction.operation_results().has_value());
      results += transaction.operation_results()->size();
      EXPECT_EQ(transaction.meta_parts().operation_count(), transaction.operations().size());
    } else {
      EXPECT_EQ(transaction.meta_parts().operation_count(), 0u);
    }
    EXPECT_EQ(transaction.meta().v(), 4);
    EXPECT_EQ(transaction.meta_parts().events.size(), 1u);  // its fee
    EXPECT_FALSE(transaction.post_fee_changes().has_value());
    EXPECT_FALSE(transaction.fee_changes().empty());
    EXPECT_FALSE(transaction.is_fee_bump());
  }
  EXPECT_EQ(operations, 175u);
  EXPECT_EQ(results, 159u);
}

TEST(Ledger, ReadsLaterVersionsToo) {
  Ledger ledger;
  const Buffer testnet = TestnetLedger();
  ASSERT_TRUE(ledger.Open(testnet).ok());
  EXPECT_EQ(ledger.meta_version(), 1);
  EXPECT_EQ(ledger.sequence(), 999u);
  EXPECT_EQ(ledger.live_soroban_state_bytes(), 402992u);
  EXPECT_EQ(ledger.tx_set_operation_count(), 7u);
  EXPECT_THAT(FullFaults(ledger, Testnet()), testing::IsEmpty());

  const Buffer load_test = LoadTestLedger();
  ASSERT_TRUE(ledger.Open(load_test).ok());
  EXPECT_EQ(ledger.meta_version(), 2);
  EXPECT_EQ(ledger.transaction_count(), 100u);
  EXPECT_EQ(ledger.soroban_operation_count(), ledger.tx_set_operation_count());
  Sha256 sha;
  const Network network = Network::FromNameOrPassphrase("load test network").ValueOrDie();
  ASSERT_TRUE(ledger.Pair(network, sha).ok());
  uint32_t events = 0;
  for (size_t i = 0; i < ledger.transaction_count(); ++i) {
    const MetaParts parts = ledger.transaction(i).meta_parts();
    EXPECT_TRUE(ledger.transaction(i).post_fee_changes().has_value());
    for (const xdr::OperationMetaV2 operation : parts.operations_v2) {
      events += static_cast<uint32_t>(operation.events().size());
    }
  }
  EXPECT_EQ(ledger.contract_event_count(), events);
}

// They are read from their end; the views walk over what stands before them.
TEST(Ledger, KnowsWhatSorobanTransactionsDeclare) {
  const Buffer wire = LoadTestLedger();
  Ledger ledger;
  Sha256 sha;
  ASSERT_TRUE(ledger.Open(wire).ok());
  const Network network = Network::FromNameOrPassphrase("load test network").ValueOrDie();
  ASSERT_TRUE(ledger.Pair(network, sha).ok());
  for (size_t i = 0; i < ledger.transaction_count(); ++i) {
    const auto data = ledger.transaction(i).soroban_data();
    const auto declared = ledger.transaction(i).declared_resources();
    ASSERT_TRUE(data && declared);
    EXPECT_EQ(declared->instructions, data->resources().instructions());
    EXPECT_EQ(declared->disk_read_bytes, data->resources().diskReadBytes());
    EXPECT_EQ(declared->write_bytes, data->resources().writeBytes());
    EXPECT_EQ(declared->resource_fee, data->resourceFee());
  }
  const Buffer classic = PubnetLedger();
  ASSERT_TRUE(ledger.Open(classic).ok());
  ASSERT_TRUE(ledger.Pair(Pubnet(), sha).ok());
  EXPECT_FALSE(ledger.transaction(0).declared_resources().has_value());
}

TEST(Ledger, AllocatesNothingOnceItHasSeenALedgerOfTheSize) {
  const Buffer big = PubnetLedger();
  const Buffer small = SmallPubnetLedger();
  Ledger ledger;
  Sha256 sha;
  std::vector<Fault> faults;
  const auto read = [&](const Buffer& wire) {
    EXPECT_TRUE(ledger.Open(wire).ok());
    EXPECT_TRUE(ledger.Pair(Pubnet(), sha).ok());
    VerifyLedger(ledger, VerifyLevel::kChain, nullptr, sha, &faults);
  };
  read(big);
  const int64_t before = support::Allocations();
  read(small);
  read(big);
  EXPECT_EQ(support::Allocations(), before);
}

TEST(Ledger, NamesLedgerPathAndByteOfWhatItRefuses) {
  Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  // The code of the fourth result: behind the transaction's hash and fee.
  const size_t offset = static_cast<size_t>(ledger.results()[3].pair - wire.data()) + 40;
  wire[offset + 3] = 99;
  wire[offset] = wire[offset + 1] = wire[offset + 2] = 0;
  const arrow::Status status = ledger.Open(wire);
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss);
  ASSERT_NE(DetailOf(status), nullptr);
  EXPECT_EQ(DetailOf(status)->ledger(), 30822015u);
  EXPECT_EQ(status.message(),
            "ledger 30822015: v0.txProcessing[3].result.result.result.code at byte " +
                std::to_string(offset) + ": unknown enum value (99 of TransactionResultCode)");
}

TEST(Ledger, SaysWhereItsProtocolIsNewerThanWhatIsKnown) {
  Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  const auto set_version = [&](uint8_t version) { wire[36 + 3] = version; };
  wire[static_cast<size_t>(ledger.results()[3].pair - wire.data()) + 43] = 99;
  set_version(kNewestProtocol);
  EXPECT_THAT(ledger.Open(wire).message(), testing::Not(testing::HasSubstr("newer")));
  set_version(kNewestProtocol + 1);
  EXPECT_THAT(ledger.Open(wire).message(),
              testing::HasSubstr("the ledger is of protocol 29, and this release knows"));
}

TEST(Ledger, RefusesTruncationAtEveryLength) {
  const Buffer wire = TestnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  for (size_t size = 0; size < wire.size(); ++size) {
    // A buffer of its own, so that a sanitizer sees a read behind its end.
    const Buffer cut(wire.begin(), wire.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(ledger.Open(cut).ok()) << size;
  }
}

TEST(Ledger, RefusesTrailingBytes) {
  Buffer wire = TestnetLedger();
  wire.insert(wire.end(), 4, 0);
  Ledger ledger;
  EXPECT_THAT(ledger.Open(wire).message(), testing::HasSubstr("bytes follow the value's end"));
  EXPECT_EQ(ledger.OpenPrefix(wire).ValueOrDie(), wire.size() - 4);
}

// What a single flipped bit in [begin, end) gets past, in bytes from the ledger's start.
std::vector<size_t> AcceptedFlips(const Buffer& original, const Network& network, size_t begin,
                                  size_t end, size_t step) {
  std::vector<size_t> accepted;
  Ledger ledger;
  for (size_t bit = begin * 8; bit < end * 8; bit += step) {
    const auto wire = std::make_unique<uint8_t[]>(original.size());
    std::memcpy(wire.get(), original.data(), original.size());
    wire[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    if (ledger.Open({wire.get(), original.size()}).ok() && FullFaults(ledger, network).empty()) {
      accepted.push_back(bit / 8);
    }
  }
  return accepted;
}

// Header, set and results are proven at level full; the rest is metas, of which no hash is known.
void ExpectFlipsCaught(const Buffer& wire, const Network& network, size_t step) {
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  ASSERT_THAT(FullFaults(ledger, network), testing::IsEmpty());
  const auto offset = [&](const uint8_t* p) { return static_cast<size_t>(p - wire.data()); };
  const auto set = ledger.transaction_set_wire();
  const size_t first_result = ledger.results().empty() ? 0 : offset(ledger.results()[0].pair);
  std::vector<std::pair<size_t, size_t>> proven = {
      {0, offset(set.data() + set.size())},  // version, header and set
      {offset(set.data() + set.size()), first_result}};
  for (const ResultSpan& result : ledger.results()) {
    proven.emplace_back(offset(result.pair), offset(result.fee_changes));
  }
  for (const auto& [begin, end] : proven) {
    EXPECT_THAT(AcceptedFlips(wire, network, begin, end, step), testing::IsEmpty());
  }
}

TEST(Verify, CatchesEveryFlippedBitOfAGeneralizedSetsLedger) {
  ExpectFlipsCaught(TestnetLedger(), Testnet(), 1);
}

TEST(Verify, CatchesFlippedBitsAllOverALegacySetsLedger) {
  ExpectFlipsCaught(SmallPubnetLedger(), Pubnet(), 61);  // a prime: all places of bits in bytes
}

TEST(Verify, ReadsNothingOutsideTheBytesWhicheverBitIsFlipped) {
  const Buffer wire = TestnetLedger();
  AcceptedFlips(wire, Testnet(), 0, wire.size(), 1);  // a sanitizer would stop it
}

TEST(Verify, RefusesAnotherNetworksPassphrase) {
  const Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  const std::vector<Fault> faults = FullFaults(ledger, Testnet());
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].check, "transaction_hash");
  Sha256 sha;
  const Network candidates[] = {Testnet(), Pubnet()};
  EXPECT_EQ(ProveNetwork(ledger, candidates, sha), 1u);
}

TEST(Verify, ProvesTheNetworkThoughAnEnvelopeIsDamaged) {
  Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  wire[static_cast<size_t>(ledger.envelopes()[0].outer_signatures - wire.data()) - 5] ^= 1;
  wire[500] ^= 1;  // in the first envelope's transaction
  ASSERT_TRUE(ledger.Open(wire).ok());
  Sha256 sha;
  const Network candidates[] = {Testnet(), Pubnet()};
  EXPECT_EQ(ProveNetwork(ledger, candidates, sha), 1u);
  EXPECT_EQ(ProveNetwork(ledger, std::span(candidates).first(1), sha), std::nullopt);
}

TEST(Verify, RefusesATransactionThatIsAppliedTwice) {
  Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  const auto hash = [&](size_t i) {
    return wire.begin() + (ledger.results()[i].pair - wire.data());
  };
  std::copy_n(hash(0), 32, hash(1));
  ASSERT_TRUE(ledger.Open(wire).ok());
  Sha256 sha;
  EXPECT_THAT(ledger.Pair(Pubnet(), sha).message(),
              testing::HasSubstr("v0.txProcessing[1].result.transactionHash"));
  EXPECT_FALSE(ledger.paired());
}

TEST(Verify, RefusesResultsOfNoTransactionsWhateverTheNetwork) {
  Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  const xdr::Bytes set = ledger.transaction_set_wire();
  const auto begin = wire.begin() + (set.data() - wire.data()) + 32;  // its count of envelopes
  std::fill_n(begin, 4, uint8_t{0});
  wire.erase(begin + 4, begin + static_cast<ptrdiff_t>(set.size()) - 32);
  ASSERT_TRUE(ledger.Open(wire).ok());
  ASSERT_EQ(ledger.envelopes().size(), 0u);
  for (const Network* network : {static_cast<const Network*>(nullptr), &Pubnet()}) {
    Sha256 sha;
    std::vector<Fault> faults;
    VerifyLedger(ledger, VerifyLevel::kFull, network, sha, &faults);
    EXPECT_EQ(faults.back().check, "transaction_hash");
  }
}

// The testnet ledger with an empty set that consensus agreed on instead of the proposed one.
Buffer LedgerOfAnEmptySetByDecree(bool keep_transactions) {
  const Buffer wire = TestnetLedger();
  Ledger ledger;
  EXPECT_TRUE(ledger.Open(wire).ok());
  constexpr size_t kHash = 8, kHeader = 40;          // of a V1 or V2 without extension
  constexpr size_t kSetHash = kHeader + 36;          // behind version and previous hash
  constexpr size_t kValueType = kSetHash + 32 + 12;  // behind close time and no upgrades
  constexpr size_t kProposed = 32 + 32 + 4;          // hashes, version; then the signature as ever
  const auto offset = [&](const uint8_t* p) { return p - wire.data(); };
  const size_t header_size = ledger.header().wire().size() + kProposed;
  Buffer out(wire.begin(), wire.begin() + kValueType);
  const auto put_word = [&out](uint8_t word) {
    out.insert(out.end(), 3, uint8_t{0});
    out.push_back(word);
  };
  std::fill_n(out.begin() + kSetHash, 32, uint8_t{0});
  put_word(2);  // STELLAR_VALUE_EMPTY_TX_SET
  out.insert(out.end(), kProposed, 0xee);
  const xdr::Bytes set = ledger.transaction_set_wire();
  const auto rest = wire.begin() + kValueType + 4;
  if (keep_transactions) {
    out.insert(out.end(), rest, wire.end());
  } else {
    out.insert(out.end(), rest, wire.begin() + offset(set.data()) + 36);  // version, previous hash
    for (const uint8_t word : {2, 0, 0, 0, 0}) put_word(word);
    out.insert(out.end(), 4, 0);  // no results
    const auto end = ledger.results().empty() ? offset(set.data() + set.size()) + 4
                                              : offset(ledger.results().back().end);
    out.insert(out.end(), wire.begin() + end, wire.end());
    const uint8_t no_results[4] = {0, 0, 0, 0};
    std::ranges::copy(Sha256Of(no_results),
                      out.begin() + kValueType + 4 + kProposed + 36 + 68);  // signature
  }
  std::ranges::copy(Sha256Of({out.data() + kHeader, header_size}), out.begin() + kHash);
  return out;
}

TEST(Verify, TakesAnEmptySetByDecreeOnlyIfItIsEmptyAndItsHashZero) {
  Ledger ledger;
  Buffer wire = LedgerOfAnEmptySetByDecree(false);
  ASSERT_TRUE(ledger.Open(wire).ok());
  EXPECT_EQ(ledger.header().scpValue().ext().v(),
            xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET);
  EXPECT_THAT(FullFaults(ledger, Testnet()), testing::IsEmpty());
  wire[40 + 36] = 1;  // the set's hash
  std::ranges::copy(Sha256Of({wire.data() + 40, ledger.header().wire().size()}), wire.begin() + 8);
  ASSERT_TRUE(ledger.Open(wire).ok());
  std::vector<Fault> faults = FullFaults(ledger, Testnet());
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].check, "tx_set_hash");
  wire = LedgerOfAnEmptySetByDecree(true);
  ASSERT_TRUE(ledger.Open(wire).ok());
  ASSERT_FALSE(ledger.envelopes().empty());
  faults = FullFaults(ledger, Testnet());
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_THAT(faults[0].want, testing::HasSubstr("no transactions"));
}

TEST(Verify, TellsALinkThatDoesNotHold) {
  const Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  Hash256 previous;
  std::ranges::copy(ledger.header().previousLedgerHash(), previous.begin());
  std::vector<Fault> faults;
  VerifyLink(LinkOf(ledger), 30822014, previous, &faults);
  EXPECT_THAT(faults, testing::IsEmpty());
  VerifyLink(LinkOf(ledger), 30822013, previous, &faults);
  EXPECT_EQ(faults.back().check, "sequence");
  previous[0] ^= 1;
  VerifyLink(LinkOf(ledger), 30822014, previous, &faults);
  EXPECT_EQ(faults.back().check, "previous_ledger_hash");
  EXPECT_EQ(faults.size(), 2u);
}

TEST(Verify, HoldsAnAnchorAgainstItsLedgerOnly) {
  const Buffer wire = PubnetLedger();
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  const std::string hash = Hex(ledger.hash());
  std::vector<Fault> faults;
  VerifyAnchor(ledger, ParseAnchor("30822015:" + hash).ValueOrDie(), &faults);
  VerifyAnchor(ledger, ParseAnchor("7:" + std::string(64, '0')).ValueOrDie(), &faults);
  EXPECT_THAT(faults, testing::IsEmpty());
  VerifyAnchor(ledger, ParseAnchor("30822015:" + std::string(64, '0')).ValueOrDie(), &faults);
  EXPECT_EQ(faults.size(), 1u);
  for (const char* bad : {"", ":", "1", "1:", "1:00", "x:", "-1:", "4294967296:"}) {
    EXPECT_FALSE(ParseAnchor(std::string(bad) + (std::string(bad).size() > 4 ? hash : "")).ok());
  }
}

TEST(Ledger, RefusesDeepNestingOnAWorkersStack) {
  // A ledger whose evicted key is a contract-data key of nested vectors; built on the testnet one,
  // whose list of evicted keys is empty and followed by an empty list.
  const auto with_key = [](int vectors) {
    Buffer wire = TestnetLedger();
    const auto put = [&](uint32_t word) {
      for (int shift = 24; shift >= 0; shift -= 8) {
        wire.push_back(static_cast<uint8_t>(word >> shift));
      }
    };
    wire.erase(wire.end() - 8, wire.end());
    put(1);  // one key
    put(6);  // CONTRACT_DATA
    put(1);  // of a contract
    wire.insert(wire.end(), 32, 0);
    for (int i = 0; i < vectors; ++i) {
      for (const uint32_t word : {16u, 1u, 1u}) put(word);
    }
    put(1);  // void
    put(0);  // TEMPORARY
    put(0);  // unused
    return wire;
  };
  std::thread worker([&] {
    Ledger ledger;
    const Buffer deep = with_key(300);
    EXPECT_TRUE(ledger.Open(deep).ok());
    EXPECT_EQ(ledger.evicted_keys().size(), 1u);
    const Buffer too_deep = with_key(2000);
    EXPECT_THAT(ledger.Open(too_deep).message(), testing::HasSubstr("nested too deep"));
    const Buffer abyss = with_key(100000);
    EXPECT_FALSE(ledger.Open(abyss).ok());
  });
  worker.join();
}

TEST(Batch, RefusesHeadsThatContradictThemselves) {
  const auto head = [](uint32_t first, uint32_t last, uint32_t count) {
    Buffer wire;
    for (const uint32_t word : {first, last, count}) {
      for (int shift = 24; shift >= 0; shift -= 8) {
        wire.push_back(static_cast<uint8_t>(word >> shift));
      }
    }
    return wire;
  };
  EXPECT_TRUE(ReadBatchHead(head(5, 7, 3)).ok());
  EXPECT_FALSE(ReadBatchHead(head(5, 7, 2)).ok());
  EXPECT_FALSE(ReadBatchHead(head(7, 5, 3)).ok());
  EXPECT_FALSE(ReadBatchHead(head(0, 0xffffffff, 0)).ok());
  EXPECT_FALSE(ReadBatchHead(Buffer(11)).ok());
}

TEST(Network, KnowsNamesAndPassphrases) {
  EXPECT_EQ(Hex(Pubnet().id), "7ac33997544e3175d266bd022439b22cdb16508c01163f26e5cb2a3e1045a979");
  EXPECT_EQ(Hex(Testnet().id), "cee0302d59844d32bdca915c8203dd44b33fbb7edc19051ea37abedf28ecd472");
  EXPECT_EQ(Network::FromNameOrPassphrase("Futurenet").ValueOrDie().passphrase,
            "Test SDF Future Network ; October 2022");
  EXPECT_EQ(Network::FromNameOrPassphrase("(V) (;,,;) (V)").ValueOrDie().ToString(),
            "'(V) (;,,;) (V)'");
  EXPECT_FALSE(Network::FromNameOrPassphrase("").ok());
  EXPECT_FALSE(Network::FromNameOrPassphrase("pubnett").ok());
}

TEST(Sha256, HashesOneMessageAfterTheOther) {
  Sha256 sha;
  const uint8_t abc[] = {'a', 'b', 'c'};
  for (int i = 0; i < 2; ++i) {
    sha.Update(abc);
    EXPECT_EQ(Hex(sha.Finish()),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }
  const uint8_t no_results[4] = {0, 0, 0, 0};
  EXPECT_EQ(Hex(Sha256Of(no_results)),
            "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119");
}

TEST(Toid, MatchesTheWorkedExample) {
  EXPECT_EQ(Toid(30822015), 132379546421821440);
  EXPECT_EQ(Toid(30822015, 1), 132379546421825536);
  EXPECT_EQ(Toid(30822015, 1, 1), 132379546421825537);
}

}  // namespace
}  // namespace stellar_arrow::ledger
