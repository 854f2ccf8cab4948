// Ledgers in new places still prove themselves, and nothing else of them changes.
#include "stellar_arrow/ledger/relink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/batch.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/verify.h"

namespace stellar_arrow::ledger {
namespace {

using Buffer = std::vector<uint8_t>;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint32_t kFirst = 30822015;

// The one ledger of a lake's object.
Buffer LakeLedger(const std::string& object) {
  std::ifstream file(SAS_TEST_DATA "/" + object, std::ios::binary);
  const std::string stored((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  Buffer batch(size_t{4} << 20);
  const size_t size = ZSTD_decompress(batch.data(), batch.size(), stored.data(), stored.size());
  EXPECT_FALSE(ZSTD_isError(size)) << object;
  batch.resize(size);
  const BatchHead head = ReadBatchHead(batch).ValueOrDie();
  return {head.ledgers.begin(), head.ledgers.end()};
}

// The six linked ledgers of the public network: LedgerCloseMeta V0, legacy sets.
std::vector<Buffer> PubnetLedgers() {
  std::vector<Buffer> ledgers;
  for (const char* name : {"FE29B180--30822015", "FE29B17F--30822016", "FE29B17E--30822017",
                           "FE29B17D--30822018", "FE29B17C--30822019", "FE29B17B--30822020"}) {
    ledgers.push_back(
        LakeLedger(Concat("pubnet-lake/FE2A45FF--30784000-30847999/", name, ".xdr.zst")));
  }
  return ledgers;
}

// XDR, by hand: what these tests say about bytes must not come from what they test.
class Writer {
 public:
  Writer& U32(uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<uint8_t>(value >> shift));
    }
    return *this;
  }
  Writer& U64(uint64_t value) {
    return U32(static_cast<uint32_t>(value >> 32)).U32(static_cast<uint32_t>(value));
  }
  Writer& Hash(uint8_t fill) {
    bytes_.insert(bytes_.end(), 32, fill);
    return *this;
  }
  Writer& Append(const Buffer& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  // LedgerCloseValueSignature.
  Writer& Signature() { return U32(0).Hash(0x11).U32(4).U32(0x01020304); }

  const Buffer& bytes() const { return bytes_; }

 private:
  Buffer bytes_;
};

// A ledger without transactions whose value is of type `type` (StellarValueType). Its hashes are
// fillers. `time` counts seconds, or milliseconds where the type states them.
Buffer EmptyLedger(uint32_t version, uint32_t type, uint64_t time) {
  const bool fine = type == 3 || type == 4;
  Writer value;
  value.Hash(type == 2 || type == 4 ? 0 : 0x33).U64(fine ? time / 1000 : time).U32(0).U32(type);
  if (fine) value.U64(time);
  if (type == 2 || type == 4) value.Hash(0x77).Hash(0x78).U32(27);
  if (type != 0) value.Signature();
  Writer out;
  out.U32(version);
  if (version > 0) out.U32(0);                                                // ext
  out.Hash(0x66);                                                             // ledgerHeader.hash
  out.U32(28).Hash(0x22).Append(value.bytes()).Hash(0x44).Hash(0x55).U32(7);  // ... ledgerSeq
  out.U64(1).U64(2).U32(3).U64(4).U32(100).U32(5000000).U32(1000);
  out.Hash(1).Hash(2).Hash(3).Hash(4).U32(0);  // skipList, ext
  out.U32(0);                                  // LedgerHeaderHistoryEntry.ext
  if (version > 0) out.U32(1);                 // the set's v
  out.Hash(0x23).U32(0);                       // another hash before than the header's; empty
  out.U32(0).U32(0).U32(0);                    // txProcessing, upgradesProcessing, scpInfo
  if (version > 0) out.U64(0).U32(0);          // live Soroban state, evictedKeys
  if (version == 1) out.U32(0);                // unused
  return out.bytes();
}

struct Placed {
  uint32_t sequence;
  Buffer wire;
};

arrow::Result<Placed> TryNext(Relinker& relinker, const Buffer& wire) {
  Ledger ledger;
  ARROW_RETURN_NOT_OK(ledger.Open(wire));
  ARROW_ASSIGN_OR_RAISE(const Relinked relinked, relinker.Next(ledger));
  return Placed{relinked.sequence, {relinked.wire.begin(), relinked.wire.end()}};
}

Placed Next(Relinker& relinker, const Buffer& wire) { return TryNext(relinker, wire).ValueOrDie(); }

std::vector<uint64_t> CloseTimes(Relinker& relinker, const std::vector<Buffer>& ledgers) {
  std::vector<uint64_t> times;
  for (const Buffer& wire : ledgers) {
    const Buffer placed = Next(relinker, wire).wire;
    Ledger ledger;
    EXPECT_TRUE(ledger.Open(placed).ok());
    times.push_back(ledger.header().scpValue().closeTime());
  }
  return times;
}

Buffer Copy(xdr::Bytes bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Relinker, LeavesLinkedLedgersThatBeginWhereTheyDidAsTheyAre) {
  Relinker relinker(kFirst);
  uint32_t sequence = kFirst;
  for (const Buffer& wire : PubnetLedgers()) {
    const Placed placed = Next(relinker, wire);
    EXPECT_EQ(placed.sequence, sequence++);
    EXPECT_TRUE(placed.wire == wire) << placed.sequence;
  }
}

TEST(Relinker, MakesAChainThatIsProvenInFullOutOfRepetitions) {
  const Network network = Network::FromNameOrPassphrase("pubnet").ValueOrDie();
  const std::vector<Buffer> ledgers = PubnetLedgers();
  Relinker relinker(1000);
  Sha256 sha;
  std::vector<Fault> faults;
  Hash256 previous{};
  uint64_t previous_time = 0;
  for (uint32_t i = 0; i < 3 * ledgers.size(); ++i) {
    const Buffer& wire = ledgers[i % ledgers.size()];
    const Placed placed = Next(relinker, wire);
    Ledger before, after;
    ASSERT_TRUE(before.Open(wire).ok());
    ASSERT_TRUE(after.Open(placed.wire).ok());
    EXPECT_EQ(after.sequence(), 1000 + i);
    VerifyLedger(after, VerifyLevel::kFull, &network, sha, &faults);
    if (i > 0) VerifyLink(LinkOf(after), 1000 + i - 1, previous, &faults);
    std::ranges::copy(after.hash(), previous.begin());
    const uint64_t time = after.header().scpValue().closeTime();
    EXPECT_GT(time, previous_time);
    previous_time = time;
    // From the set's envelopes on every byte is as it was.
    const auto set = static_cast<ptrdiff_t>(before.transaction_set_wire().data() - wire.data());
    EXPECT_TRUE(std::equal(wire.begin() + set + 32, wire.end(), placed.wire.begin() + set + 32,
                           placed.wire.end()));
  }
  EXPECT_TRUE(faults.empty()) << faults.front().ToString();
}

TEST(Relinker, ChangesOnlyWhatDependsOnTheLedgersPlace) {
  for (const uint32_t version : {0, 1, 2}) {
    for (const uint32_t type : {0, 1, 2, 3, 4}) {
      SCOPED_TRACE(Concat("V", version, ", value ", type));
      const uint64_t time = type >= 3 ? 5'000'250 : 5'000;
      const Buffer wire = EmptyLedger(version, type, time);
      Relinker relinker(41);
      const Buffer first = Next(relinker, wire).wire;
      const Placed second = Next(relinker, wire);
      Ledger before, after, linked_to;
      ASSERT_TRUE(before.Open(wire).ok());
      ASSERT_TRUE(linked_to.Open(first).ok());
      ASSERT_TRUE(after.Open(second.wire).ok());

      // What shall have changed, put into the ledger as it was, makes it equal.
      Buffer want = wire;
      const auto put = [&](const uint8_t* field, const Buffer& bytes) {
        std::ranges::copy(bytes, want.begin() + (field - wire.data()));
      };
      const xdr::LedgerHeader header = before.header();
      const xdr::StellarValue value = header.scpValue();
      const Buffer previous = Copy(linked_to.hash());
      put(header.previousLedgerHash().data(), previous);
      put(before.transaction_set_previous_hash().data(), previous);
      put(value.txSetHash().data() + 32,
          Writer().U64(type >= 3 ? time / 1000 + 1 : time + 1).bytes());
      if (type == 2) put(value.ext().proposedValue().previousLedgerHash().data(), previous);
      if (type == 3) put(value.ext().wire().data() + 4, Writer().U64(time + 1000).bytes());
      if (type == 4) {
        put(value.ext().wire().data() + 4, Writer().U64(time + 1000).bytes());
        put(value.ext().proposedMsValue().previousLedgerHash().data(), previous);
      }
      if (type != 2 && type != 4) {
        const Buffer set =
            version == 0 ? previous : Writer().U32(1).Append(previous).U32(0).bytes();
        put(value.txSetHash().data(), Copy(Sha256Of(set)));
      }
      put(header.bucketListHash().data() + 32, Writer().U32(42).bytes());
      const auto begin = header.wire().data() - wire.data();
      put(before.hash().data(), Copy(Sha256Of({want.data() + begin, header.wire().size()})));
      EXPECT_TRUE(second.wire == want);
      EXPECT_EQ(second.sequence, 42u);

      // And the checks agree, but for the results, whose hash is a filler.
      Sha256 sha;
      std::vector<Fault> faults;
      VerifyLedger(after, VerifyLevel::kFull, nullptr, sha, &faults);
      ASSERT_EQ(faults.size(), 1u);
      EXPECT_EQ(faults[0].check, "result_set_hash");
    }
  }
}

TEST(Relinker, KeepsTheHashBeforeTheFirstLedger) {
  Relinker relinker(2);
  const Buffer wire = Next(relinker, EmptyLedger(1, 2, 10)).wire;
  Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  EXPECT_EQ(Copy(ledger.header().previousLedgerHash()), Buffer(32, 0x22));
  EXPECT_EQ(Copy(ledger.transaction_set_previous_hash()), Buffer(32, 0x22));
  EXPECT_EQ(Copy(ledger.header().scpValue().ext().proposedValue().previousLedgerHash()),
            Buffer(32, 0x22));
}

TEST(Relinker, KeepsStepsBetweenCloseTimesAndTakesASecondWhereTheyDoNotRise) {
  Relinker relinker(2);
  const std::vector<Buffer> ledgers = {EmptyLedger(0, 0, 100), EmptyLedger(0, 0, 107),
                                       EmptyLedger(0, 0, 107), EmptyLedger(0, 0, 112)};
  EXPECT_THAT(CloseTimes(relinker, ledgers), ElementsAre(100, 107, 108, 113));
  EXPECT_THAT(CloseTimes(relinker, ledgers), ElementsAre(114, 121, 122, 127));
}

TEST(Relinker, CountsCloseTimesInMillisecondsWhereLedgersDo) {
  Relinker relinker(2);
  const auto milliseconds = [&](uint64_t time) {
    const Buffer wire = Next(relinker, EmptyLedger(2, 3, time)).wire;
    Ledger ledger;
    EXPECT_TRUE(ledger.Open(wire).ok());
    const auto value = ledger.header().scpValue();
    EXPECT_EQ(value.closeTime(), value.ext().signedMsValue().closeTimeMs() / 1000);
    return value.ext().signedMsValue().closeTimeMs();
  };
  EXPECT_EQ(milliseconds(7'250), 7'250u);
  EXPECT_EQ(milliseconds(7'900), 7'900u);  // in the same second
  EXPECT_EQ(milliseconds(7'900), 8'900u);
  EXPECT_EQ(milliseconds(7'250), 9'900u);
  // A ledger of whole seconds comes at the next whole one.
  EXPECT_THAT(CloseTimes(relinker, {EmptyLedger(2, 1, 8)}), ElementsAre(11));
  EXPECT_EQ(milliseconds(8'300), 11'300u);
}

TEST(Relinker, RefusesWhatHasNoNumberOrNoTimeAndNamesTheLedger) {
  Relinker at_end(UINT32_MAX);
  const Buffer wire = EmptyLedger(0, 0, 1);
  EXPECT_EQ(Next(at_end, wire).sequence, UINT32_MAX);
  const arrow::Status no_number = TryNext(at_end, wire).status();
  EXPECT_EQ(CodeOf(no_number), ErrorCode::kOutOfRange);
  EXPECT_THAT(no_number.message(), HasSubstr("ledger 7"));

  for (const auto& [type, time] :
       {std::pair<uint32_t, uint64_t>{0, UINT64_MAX}, {0, UINT64_MAX / 1000}, {3, UINT64_MAX}}) {
    Relinker relinker(2);
    const arrow::Status no_time = TryNext(relinker, EmptyLedger(0, type, time)).status();
    EXPECT_EQ(CodeOf(no_time), ErrorCode::kOutOfRange) << type << " " << time;
    EXPECT_THAT(no_time.message(), HasSubstr("close time"));
    // The chain goes on as if it had not been there.
    EXPECT_EQ(Next(relinker, wire).sequence, 2u);
  }
}

}  // namespace
}  // namespace stellar_arrow::ledger
