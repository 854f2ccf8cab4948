// The cells of stellar_ledger, on small ledgers of every shape that a header and a LedgerCloseMeta
// can take; the golden tests hold real ledgers against stellar-etl's rows.
#include "stellar_arrow/tables/stellar_ledger.h"

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/tables/catalog.h"
#include "tests/support/count_allocations.h"

namespace stellar_arrow::tables {
namespace {

using Buffer = std::vector<uint8_t>;

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
  // LedgerCloseValueSignature: a key of bytes `key`, and the signature 01020304.
  Writer& Signature(uint8_t key) { return U32(0).Hash(key).U32(4).U32(0x01020304); }

  const Buffer& bytes() const { return bytes_; }

 private:
  Buffer bytes_;
};

constexpr uint64_t kCloseTime = 1595895040;
constexpr uint64_t kCloseTimeMs = kCloseTime * 1000 + 789;
constexpr uint8_t kKey = 0x11;
// Public key of 32 bytes 0x11.
constexpr std::string_view kNodeId = "GAIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCF6M";

// StellarValueExt, by its discriminant.
Buffer ValueExt(uint32_t type) {
  Writer out;
  out.U32(type);
  if (type == 1) out.Signature(kKey);
  if (type == 2) out.Hash(0x77).Hash(0x78).U32(28).Signature(kKey);
  if (type == 3) out.U64(kCloseTimeMs).Signature(kKey);
  if (type == 4) out.U64(kCloseTimeMs).Hash(0x77).Hash(0x78).U32(28).Signature(kKey);
  return out.bytes();
}

Buffer Header(const Buffer& value_ext, const Buffer& header_ext = Writer().U32(0).bytes()) {
  return Writer()
      .U32(28)          // ledgerVersion
      .Hash(0x22)       // previousLedgerHash
      .Hash(0x33)       // scpValue.txSetHash
      .U64(kCloseTime)  // scpValue.closeTime
      .U32(0)           // scpValue.upgrades
      .Append(value_ext)
      .Hash(0x44)       // txSetResultHash
      .Hash(0x55)       // bucketListHash
      .U32(0xfffffffe)  // ledgerSeq
      .U64(1)           // totalCoins
      .U64(2)           // feePool
      .U32(3)           // inflationSeq
      .U64(UINT64_MAX)  // idPool
      .U32(100)         // baseFee
      .U32(5000000)     // baseReserve
      .U32(1000)        // maxTxSetSize
      .Hash(0)          // skipList
      .Hash(0)
      .Hash(0)
      .Hash(0)
      .Append(header_ext)
      .bytes();
}

// LedgerCloseMeta of version `version` without transactions. `ext` and `keys` (XDR LedgerKeys,
// `key_count` of them) are for versions from 1 on.
Buffer CloseMeta(uint32_t version, const Buffer& header,
                 const Buffer& ext = Writer().U32(0).bytes(), uint32_t key_count = 0,
                 const Buffer& keys = {}) {
  Writer out;
  out.U32(version);
  if (version > 0) out.Append(ext);
  out.Hash(0x66).Append(header).U32(0);
  if (version > 0) out.U32(1);
  out.Hash(0x22).U32(0);     // the set: the hash before, and no transactions
  out.U32(0).U32(0).U32(0);  // txProcessing, upgradesProcessing, scpInfo
  if (version > 0) out.U64(123456789).U32(key_count).Append(keys);
  if (version == 1) out.U32(0);  // unused
  return out.bytes();
}

std::shared_ptr<arrow::RecordBatch> RowOf(const Buffer& wire) {
  ledger::Ledger ledger;
  const arrow::Status opened = ledger.Open(wire);
  EXPECT_TRUE(opened.ok()) << opened;
  const auto appender =
      StellarLedgerTable().MakeAppender({}, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_TRUE(appender->Append(ledger).ok());
  auto batch = appender->Finish().ValueOrDie();
  EXPECT_TRUE(batch->ValidateFull().ok());
  EXPECT_EQ(batch->num_rows(), 1);
  return batch;
}

template <typename Array>
const Array& Column(const arrow::RecordBatch& batch, const std::string& name) {
  return static_cast<const Array&>(*batch.GetColumnByName(name));
}

std::string Text(const arrow::RecordBatch& batch, const std::string& name) {
  return batch.GetColumnByName(name)->GetScalar(0).ValueOrDie()->ToString();
}

bool IsNull(const arrow::RecordBatch& batch, const std::string& name) {
  return batch.GetColumnByName(name)->IsNull(0);
}

int64_t CloseMicros(const arrow::RecordBatch& batch) {
  return Column<arrow::TimestampArray>(batch, "ledger_close_time").Value(0);
}

std::vector<std::string> Texts(const arrow::RecordBatch& batch, const std::string& name) {
  const auto& list = Column<arrow::ListArray>(batch, name);
  const auto& values = static_cast<const arrow::StringArray&>(*list.values());
  std::vector<std::string> out;
  for (int64_t i = list.value_offset(0); i < list.value_offset(1); ++i) {
    out.push_back(values.GetString(i));
  }
  return out;
}

TEST(StellarLedger, NamesTheSignerOfEveryKindOfValueThatHasOne) {
  for (const uint32_t type : {1u, 2u, 3u, 4u}) {
    const auto row = RowOf(CloseMeta(2, Header(ValueExt(type))));
    EXPECT_EQ(Text(*row, "node_id"), kNodeId) << type;
    EXPECT_EQ(Column<arrow::BinaryArray>(*row, "signature").GetView(0), "\x01\x02\x03\x04") << type;
  }
  const auto basic = RowOf(CloseMeta(2, Header(ValueExt(0))));
  EXPECT_TRUE(IsNull(*basic, "node_id"));
  EXPECT_TRUE(IsNull(*basic, "signature"));
}

TEST(StellarLedger, KeepsTheMillisecondsOfCloseTimesThatHaveThem) {
  for (const uint32_t type : {0u, 1u, 2u}) {
    EXPECT_EQ(CloseMicros(*RowOf(CloseMeta(2, Header(ValueExt(type))))), kCloseTime * 1'000'000)
        << type;
  }
  for (const uint32_t type : {3u, 4u}) {
    EXPECT_EQ(CloseMicros(*RowOf(CloseMeta(2, Header(ValueExt(type))))), kCloseTimeMs * 1'000)
        << type;
  }
}

// A value of type 2 or 4 closes a ledger without the set that it proposed.
TEST(StellarLedger, ReadsTheSetsHashFromTheValueAndNotFromWhatWasProposed) {
  for (const uint32_t type : {0u, 1u, 2u, 3u, 4u}) {
    const auto row = RowOf(CloseMeta(2, Header(ValueExt(type))));
    EXPECT_EQ(Column<arrow::FixedSizeBinaryArray>(*row, "tx_set_hash").GetView(0),
              std::string(32, '\x33'));
  }
}

TEST(StellarLedger, ReadsEveryNumberAndHashOfTheHeader) {
  const auto row = RowOf(CloseMeta(1, Header(ValueExt(1))));
  const std::pair<std::string, std::string> cells[] = {
      {"ledger_sequence", "4294967294"},
      {"transaction_count", "0"},
      {"operation_count", "0"},
      {"successful_transaction_count", "0"},
      {"failed_transaction_count", "0"},
      {"protocol_version", "28"},
      {"base_fee", "100"},
      {"base_reserve", "5000000"},
      {"max_tx_set_size", "1000"},
      {"close_time_resolution", "1"},
      {"total_coins", "1"},
      {"fee_pool", "2"},
      {"inflation_seq", "3"},
      {"id_pool", "18446744073709551615"},
  };
  for (const auto& [name, value] : cells) EXPECT_EQ(Text(*row, name), value) << name;
  const std::pair<std::string, char> hashes[] = {
      {"ledger_hash", '\x66'},        {"previous_ledger_hash", '\x22'}, {"tx_set_hash", '\x33'},
      {"tx_set_result_hash", '\x44'}, {"bucket_list_hash", '\x55'},
  };
  for (const auto& [name, fill] : hashes) {
    EXPECT_EQ(Column<arrow::FixedSizeBinaryArray>(*row, name).GetView(0), std::string(32, fill))
        << name;
  }
}

// The sequence's top bit becomes the sign's: SEP-35 has no room for such ledgers, but no bit is
// lost.
TEST(StellarLedger, MakesTheIdOfAllBitsOfTheSequence) {
  const auto row = RowOf(CloseMeta(1, Header(ValueExt(1))));
  EXPECT_EQ(static_cast<uint64_t>(Column<arrow::Int64Array>(*row, "id").Value(0)),
            uint64_t{0xfffffffe} << 32);
}

TEST(StellarLedger, HasNullsWhereTheLedgerHasNoSuchPart) {
  const auto first = RowOf(CloseMeta(0, Header(ValueExt(0))));
  for (const std::string name : {"header_flags", "node_id", "signature", "soroban_fee_write_1kb",
                                 "total_byte_size_of_live_soroban_state"}) {
    EXPECT_TRUE(IsNull(*first, name)) << name;
  }
  EXPECT_EQ(Text(*first, "evicted_keys_count"), "0");
  EXPECT_TRUE(Texts(*first, "evicted_ledger_keys_type").empty());
  for (const uint32_t version : {1u, 2u}) {
    const auto row = RowOf(CloseMeta(version, Header(ValueExt(1))));
    EXPECT_TRUE(IsNull(*row, "header_flags"));
    EXPECT_TRUE(IsNull(*row, "soroban_fee_write_1kb"));
    EXPECT_EQ(Text(*row, "total_byte_size_of_live_soroban_state"), "123456789");
  }
}

TEST(StellarLedger, ReadsTheExtensionsOfHeaderAndMeta) {
  const Buffer flags = Writer().U32(1).U32(5).U32(0).bytes();
  const Buffer fee = Writer().U32(1).U32(0).U64(static_cast<uint64_t>(-7)).bytes();
  for (const uint32_t version : {1u, 2u}) {
    const auto row = RowOf(CloseMeta(version, Header(ValueExt(1), flags), fee));
    EXPECT_EQ(Text(*row, "header_flags"), "5");
    EXPECT_EQ(Text(*row, "soroban_fee_write_1kb"), "-7");
    EXPECT_EQ(Text(*row, "total_byte_size_of_live_soroban_state"), "123456789");
  }
}

TEST(StellarLedger, ListsEvictedKeysAsStellarEtlWritesThem) {
  const Buffer code = Writer().U32(7).Hash(0x99).bytes();
  const Buffer ttl = Writer().U32(9).Hash(0xaa).bytes();
  for (const uint32_t version : {1u, 2u}) {
    const auto row = RowOf(CloseMeta(version, Header(ValueExt(1)), Writer().U32(0).bytes(), 2,
                                     Writer().Append(code).Append(ttl).bytes()));
    EXPECT_EQ(Text(*row, "evicted_keys_count"), "2");
    EXPECT_THAT(Texts(*row, "evicted_ledger_keys_type"),
                testing::ElementsAre("LedgerEntryTypeContractCode", "LedgerEntryTypeTtl"));
    EXPECT_THAT(Texts(*row, "evicted_ledger_keys_hash"),
                testing::ElementsAre("AAAAB5mZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZ",
                                     "AAAACaqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"));
  }
}

TEST(StellarLedger, CarriesTheBytesOfLedgerAndHeader) {
  for (const uint32_t version : {0u, 1u, 2u}) {
    const Buffer header = Header(ValueExt(4));
    const Buffer wire = CloseMeta(version, header);
    const auto row = RowOf(wire);
    EXPECT_EQ(Column<arrow::BinaryArray>(*row, "ledger_close_meta_xdr").GetView(0),
              std::string(wire.begin(), wire.end()));
    EXPECT_EQ(Column<arrow::BinaryArray>(*row, "ledger_header_xdr").GetView(0),
              std::string(header.begin(), header.end()));
  }
}

TEST(StellarLedger, AllocatesNothingForARowInBuffersThatAreLargeEnough) {
  const Buffer wire = CloseMeta(2, Header(ValueExt(4)));
  ledger::Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  const auto appender =
      StellarLedgerTable().MakeAppender({}, arrow::default_memory_pool()).ValueOrDie();
  constexpr int kRows = 1000;
  for (int i = 0; i < kRows; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  ASSERT_TRUE(appender->Finish().ok());
  ASSERT_TRUE(appender->Append(ledger).ok());  // reserves what the batch before needed
  const int64_t allocations = support::Allocations();
  const int64_t pool_allocations = arrow::default_memory_pool()->num_allocations();
  for (int i = 1; i < kRows; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  EXPECT_EQ(support::Allocations(), allocations);
  EXPECT_EQ(arrow::default_memory_pool()->num_allocations(), pool_allocations);
}

}  // namespace
}  // namespace stellar_arrow::tables
