// Token transfers against what the entries themselves say: no balance changes without an event. The
// golden tests hold every event against the official SDK's, on these ledgers and on made ones.
#include "stellar_arrow/ledger/token_transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/asset.h"
#include "stellar_arrow/ledger/batch.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/network.h"
#include "tests/support/count_allocations.h"
#include "tests/support/ledger_files.h"

namespace stellar_arrow::ledger {
namespace {

using Source = TokenTransfers::Source;

const std::vector<Network>& Networks() {
  static const std::vector<Network> networks = {
      Network::FromPassphrase("(V) (;,,;) (V)"),
      Network::FromPassphrase("load test network"),
      Network::FromPassphrase("Standalone Network ; February 2017"),
      Network::FromPassphrase("Test SDF Network ; September 2015"),
      Network::FromPassphrase("Public Global Stellar Network ; September 2015"),
  };
  return networks;
}

// Calls `visit` with every ledger of the corpora, opened and paired.
template <typename Visit>
void ForEachLedger(Visit visit) {
  Ledger ledger;
  Sha256 sha;
  support::ForEachXdr(SAS_TEST_DATA, [&](const std::string& name, xdr::Bytes wire) {
    if (const auto batch = ReadBatchHead(wire); batch.ok()) wire = batch->ledgers;
    ASSERT_TRUE(ledger.Open(wire).ok()) << name;
    for (const Network& network : Networks()) {
      if (ledger.Pair(network, sha).ok()) break;
    }
    ASSERT_TRUE(ledger.paired()) << name;
    visit(name, ledger);
  });
}

// What each holder has more of each asset. Contracts keep their balances in ways of their own.
using Gains = std::map<std::pair<std::string, std::string>, Int128>;

std::string NameOf(char kind, std::span<const uint8_t> key) {
  return kind + std::string(key.begin(), key.end());
}

std::string NameOf(const Holder& holder) {
  const std::span<const uint8_t> key(holder.key, 32);
  switch (holder.kind) {
    case Holder::Kind::kAccount:
    case Holder::Kind::kMuxedAccount:
      return NameOf('G', key);
    case Holder::Kind::kClaimableBalance:
      return NameOf('B', key);
    case Holder::Kind::kLiquidityPool:
      return NameOf('L', key);
    case Holder::Kind::kNone:
    case Holder::Kind::kContract:
    case Holder::Kind::kMuxedContract:
      break;
  }
  return "";
}

void Add(Gains& gains, const std::string& holder, const std::string& asset, Int128 amount) {
  if (holder.empty() || amount == 0) return;
  const auto [place, is_new] = gains.try_emplace({holder, asset}, 0);
  place->second += amount;
  if (place->second == 0) gains.erase(place);
}

template <typename Asset>
std::string NameOfAsset(const Asset& asset) {
  const AssetParts parts = PartsOf(asset);
  if (!parts.issuer) return "native";
  return std::string(parts.code) + ":" + std::string(text::EncodeAccount(*parts.issuer).view());
}

void AddEntry(Gains& gains, const xdr::LedgerEntry& entry, Int128 sign) {
  const xdr::LedgerEntryData data = entry.data();
  if (auto account = data.ifAccount()) {
    Add(gains, NameOf('G', account->accountID().ed25519()), "native", sign * account->balance());
  } else if (auto line = data.ifTrustLine()) {
    if (line->asset().type() == xdr::AssetType::ASSET_TYPE_POOL_SHARE) return;
    Add(gains, NameOf('G', line->accountID().ed25519()), NameOfAsset(line->asset()),
        sign * line->balance());
  } else if (auto balance = data.ifClaimableBalance()) {
    Add(gains, NameOf('B', balance->balanceID().v0()), NameOfAsset(balance->asset()),
        sign * balance->amount());
  } else if (auto pool = data.ifLiquidityPool()) {
    const auto body = pool->body().constantProduct();
    const std::string name = NameOf('L', pool->liquidityPoolID());
    Add(gains, name, NameOfAsset(body.params().assetA()), sign * body.reserveA());
    Add(gains, name, NameOfAsset(body.params().assetB()), sign * body.reserveB());
  }
}

void AddChanges(Gains& gains, const xdr::LedgerEntryChanges& changes) {
  std::optional<xdr::LedgerEntry> before;
  for (const xdr::LedgerEntryChange& change : changes) {
    if (auto created = change.ifCreated()) AddEntry(gains, *created, 1);
    if (auto restored = change.ifRestored()) AddEntry(gains, *restored, 1);
    if (auto updated = change.ifUpdated()) {
      AddEntry(gains, *before, -1);
      AddEntry(gains, *updated, 1);
    }
    if (change.ifRemoved()) AddEntry(gains, *before, -1);
    before = change.ifState();
    if (!before) before = change.ifRestored();
  }
}

Gains GainsByEntries(const AppliedTransaction& transaction) {
  Gains gains;
  const MetaParts meta = transaction.meta_parts();
  AddChanges(gains, transaction.fee_changes());
  if (meta.changes_before) AddChanges(gains, *meta.changes_before);
  for (size_t i = 0; i < transaction.operation_count(); ++i) {
    AddChanges(gains, transaction.operation(i).changes());
  }
  if (meta.changes_after) AddChanges(gains, *meta.changes_after);
  if (auto changes = transaction.post_fee_changes()) AddChanges(gains, *changes);
  return gains;
}

// Of each transaction.
std::vector<Gains> GainsByEvents(const TokenTransfers& events, size_t transactions) {
  std::vector<Gains> gains(transactions);
  for (const TokenTransfer& transfer : events.transfers()) {
    if (transfer.asset == nullptr) continue;
    Gains& of = gains[transfer.transaction];
    Add(of, NameOf(transfer.from), transfer.asset->canonical, -transfer.amount);
    Add(of, NameOf(transfer.to), transfer.asset->canonical, transfer.amount);
  }
  return gains;
}

// All of an event, to be compared with another one's.
using Told = std::tuple<uint32_t, uint32_t, TransferType, std::string, std::string, std::string,
                        Int128, std::string, TokenTransfer::MuxedKind, uint64_t, std::string>;

std::vector<Told> InOneOrder(const TokenTransfers& events) {
  std::vector<Told> told;
  for (const TokenTransfer& one : events.transfers()) {
    told.emplace_back(one.transaction, one.operation, one.type, NameOf(one.from), NameOf(one.to),
                      one.asset != nullptr ? one.asset->canonical : "", one.amount,
                      NameOf('C', {one.contract, 32}), one.muxed, one.muxed_id,
                      std::string(one.muxed_bytes.begin(), one.muxed_bytes.end()));
  }
  std::ranges::sort(told);
  return told;
}

TEST(TokenTransfers, AddUpToWhatTheEntriesOfEveryCorpusSay) {
  TokenTransfers events;
  std::map<bool, size_t> counts;  // by whether the events are from the metas
  ForEachLedger([&](const std::string& name, const Ledger& ledger) {
    const arrow::Status read = events.Read(ledger);
    ASSERT_TRUE(read.ok()) << name << ": " << read;
    counts[events.unified()] += events.transfers().size();
    const std::vector<Gains> told = GainsByEvents(events, ledger.transaction_count());
    for (size_t i = 0; i < ledger.transaction_count(); ++i) {
      EXPECT_TRUE(told[i] == GainsByEntries(ledger.transaction(i))) << name << ": " << i;
    }
  });
  EXPECT_EQ(counts, (std::map<bool, size_t>{{false, 22012}, {true, 791}}));
}

TEST(TokenTransfers, AreDerivedAsCoreItselfTellsThem) {
  TokenTransfers from_meta;
  TokenTransfers derived;
  size_t count = 0;
  ForEachLedger([&](const std::string& name, const Ledger& ledger) {
    ASSERT_TRUE(from_meta.Read(ledger).ok()) << name;
    if (!from_meta.unified()) return;
    ASSERT_TRUE(derived.Read(ledger, Source::kDerived).ok()) << name;
    EXPECT_FALSE(derived.unified());
    EXPECT_TRUE(InOneOrder(from_meta) == InOneOrder(derived)) << name;
    count += derived.transfers().size();
  });
  EXPECT_EQ(count, 791u);
}

TEST(TokenTransfers, OfMetasThatHaveNoneAreNotForcedFromThem) {
  bool refused = false;
  TokenTransfers events;
  ForEachLedger([&](const std::string& name, const Ledger& ledger) {
    if (refused || ledger.transaction_count() == 0) return;
    ASSERT_TRUE(events.Read(ledger).ok()) << name;
    if (events.unified()) return;
    const arrow::Status read = events.Read(ledger, Source::kUnified);
    EXPECT_FALSE(read.ok());
    EXPECT_THAT(read.ToString(), testing::HasSubstr(".events: no fee event"));
    refused = true;
  });
  EXPECT_TRUE(refused);
}

TEST(TokenTransfers, OfALedgerSeenBeforeAllocateNothing) {
  TokenTransfers events;
  int64_t most = 0;
  size_t count = 0;
  ForEachLedger([&](const std::string& name, const Ledger& ledger) {
    ASSERT_TRUE(events.Read(ledger).ok()) << name;
    const int64_t allocations = support::Allocations();
    ASSERT_TRUE(events.Read(ledger).ok()) << name;
    most = std::max(most, support::Allocations() - allocations);
    count += events.transfers().size();
  });
  EXPECT_EQ(most, 0);
  EXPECT_GT(count, 0u);
}

TEST(TokenTransfers, OfDamagedMetasAreToldOrRefused) {
  TokenTransfers events;
  Ledger damaged;
  Sha256 sha;
  std::mt19937 random(1);  // NOLINT: the same each time
  size_t number = 0;
  size_t told = 0;
  size_t refused = 0;
  ForEachLedger([&](const std::string& name, const Ledger& ledger) {
    if (++number % 20 != 0 || ledger.transaction_count() == 0) return;
    std::vector<uint8_t> wire(ledger.wire().begin(), ledger.wire().end());
    const uint8_t* const begin = ledger.results().front().pair;
    const auto first = static_cast<size_t>(begin - ledger.wire().data());
    const auto past = static_cast<size_t>(ledger.results().back().end - ledger.wire().data());
    for (int round = 0; round < 100; ++round) {
      // Words that stand for kinds and counts are small.
      const size_t place = (first + random() % (past - first)) / 4 * 4 + 3;
      const uint8_t before = std::exchange(wire[place], static_cast<uint8_t>(random() % 8));
      if (damaged.Open(wire).ok() && std::ranges::any_of(Networks(), [&](const Network& network) {
            return damaged.Pair(network, sha).ok();
          })) {
        for (const Source source : {Source::kAuto, Source::kUnified, Source::kDerived}) {
          const arrow::Status read = events.Read(damaged, source);
          ++(read.ok() ? told : refused);
          if (!read.ok()) {
            EXPECT_EQ(CodeOf(read), ErrorCode::kDataLoss) << name << ": " << read;
          }
        }
      }
      wire[place] = before;
    }
  });
  EXPECT_GT(told, 1000u);
  EXPECT_GT(refused, 1000u);
}

// ---- Assets.

using Key = std::array<uint8_t, 32>;

std::vector<uint8_t> AssetWire(std::string_view code, const Key& issuer) {
  const bool is_long = code.size() > 4;
  const size_t room = is_long ? 12 : 4;  // of the code
  std::vector<uint8_t> wire(4 + room + 4 + issuer.size());
  wire[3] = is_long ? 2 : 1;  // AssetType
  std::memcpy(wire.data() + 4, code.data(), code.size());
  std::memcpy(wire.data() + 4 + room + 4, issuer.data(), issuer.size());
  return wire;
}

TEST(KnownAssets, AreThoseThatTheirContractsAreTrulyOf) {
  const Network& network = Networks().back();
  Key issuer;
  issuer.fill(7);
  const std::string issuer_text(text::EncodeAccount(issuer).view());
  Sha256 sha;
  for (const bool is_known_before : {false, true}) {
    KnownAssets assets;
    assets.Start(network.id);
    for (const std::string code : {"A", "USD", "ABCD", "ABCDE", "ABCDEFGHIJKL"}) {
      const std::vector<uint8_t> wire = AssetWire(code, issuer);
      const xdr::Asset asset = *xdr::Asset::Check(wire);
      const Hash256 id = AssetContractId(asset, network.id, sha);
      const KnownAsset* const known = is_known_before ? assets.Get(asset) : nullptr;
      for (const std::string& wrong :
           {code, code + ":", ":" + issuer_text, code + "X:" + issuer_text,
            code + ":" + issuer_text + " ", std::string("native"), std::string()}) {
        EXPECT_EQ(assets.Named(wrong, id), nullptr) << wrong;
      }
      const KnownAsset* const named = assets.Named(code + ":" + issuer_text, id);
      ASSERT_NE(named, nullptr) << code;
      EXPECT_TRUE(known == nullptr || known == named);
      EXPECT_EQ(named, assets.Get(asset));
      EXPECT_EQ(named->code, code);
      EXPECT_EQ(named->canonical, code + ":" + issuer_text);
      EXPECT_EQ(named->issuer_text, issuer_text);
      EXPECT_EQ(named->contract_id, id);
      Hash256 other = id;
      other[31] ^= 1;
      EXPECT_EQ(assets.Named(code + ":" + issuer_text, other), nullptr);
    }
    EXPECT_EQ(assets.Named("native", assets.native()->contract_id), assets.native());
    // As the network's own explorers show it.
    EXPECT_EQ(text::EncodeContract(assets.native()->contract_id).view(),
              "CAS3J7GYLGXMF6TDJBBYYSE3HQ6BBSMLNUQ34T6TZMYMW2EVH34XOWMA");
  }
}

TEST(KnownAssets, AreForgottenWithTheirNetwork) {
  KnownAssets assets;
  assets.Start(Networks()[0].id);
  const Hash256 id = assets.native()->contract_id;
  assets.Start(Networks()[1].id);
  EXPECT_NE(assets.native()->contract_id, id);
  EXPECT_EQ(assets.Named("native", id), nullptr);
}

TEST(KnownAssets, WithCodesThatNoProtocolAllowsHaveValidNames) {
  KnownAssets assets;
  assets.Start(Networks()[0].id);
  const std::vector<uint8_t> wire = AssetWire("A\xff", Key{});
  const KnownAsset& asset = *assets.Get(*xdr::Asset::Check(wire));
  EXPECT_EQ(asset.code, "A\xEF\xBF\xBD");
  EXPECT_EQ(assets.Named(asset.canonical, asset.contract_id), nullptr);
}

}  // namespace
}  // namespace stellar_arrow::ledger
