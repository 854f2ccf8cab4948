#include "stellar_arrow/synthetic/generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/synthetic/cases.h"
#include "stellar_arrow/synthetic/options.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/xdr/type_info.h"

namespace stellar_arrow::synthetic {
namespace {

using ::testing::IsEmpty;
using xdr::LedgerEntryChangeType;
using xdr::LedgerEntryType;
using xdr::TransactionResultCode;

Options Of(uint32_t protocol, uint32_t transactions) {
  Options options;
  options.protocol = protocol;
  options.transactions = transactions;
  return options;
}

std::vector<uint8_t> Make(const Options& options, uint32_t ledgers) {
  Generator generator(options);
  std::vector<uint8_t> all;
  for (uint32_t i = 0; i < ledgers; ++i) {
    const std::vector<uint8_t> one = generator.Next();
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

LedgerCloseMeta NextOf(Generator& generator) {
  const std::vector<uint8_t> wire = generator.Next();
  const auto view = xdr::LedgerCloseMeta::Check(wire);
  EXPECT_TRUE(view.ok());
  return Decode(*view);
}

// The parts of a transaction that all versions of LedgerCloseMeta have.
struct Processed {
  TransactionResultPair result;
  LedgerEntryChanges fee, post_fee;
  TransactionMeta meta;
};

std::vector<Processed> ProcessedOf(const LedgerCloseMeta& ledger) {
  std::vector<Processed> all;
  const auto take = [&](const std::vector<TransactionResultMeta>& processing) {
    for (const TransactionResultMeta& one : processing) {
      all.push_back({one.result, one.feeProcessing, {}, one.txApplyProcessing});
    }
  };
  if (const LedgerCloseMetaV0* v0 = ledger.ifV0()) take(v0->txProcessing);
  if (const LedgerCloseMetaV1* v1 = ledger.ifV1()) take(v1->txProcessing);
  if (const LedgerCloseMetaV2* v2 = ledger.ifV2()) {
    for (const TransactionResultMetaV1& one : v2->txProcessing) {
      all.push_back(
          {one.result, one.feeProcessing, one.postTxApplyFeeProcessing, one.txApplyProcessing});
    }
  }
  return all;
}

const LedgerHeader& HeaderOf(const LedgerCloseMeta& ledger) {
  if (const LedgerCloseMetaV0* v0 = ledger.ifV0()) return v0->ledgerHeader.header;
  if (const LedgerCloseMetaV1* v1 = ledger.ifV1()) return v1->ledgerHeader.header;
  return ledger.v2().ledgerHeader.header;
}

std::vector<UpgradeEntryMeta> UpgradesOf(const LedgerCloseMeta& ledger) {
  if (const LedgerCloseMetaV0* v0 = ledger.ifV0()) return v0->upgradesProcessing;
  if (const LedgerCloseMetaV1* v1 = ledger.ifV1()) return v1->upgradesProcessing;
  return ledger.v2().upgradesProcessing;
}

std::vector<LedgerKey> EvictedOf(const LedgerCloseMeta& ledger) {
  if (const LedgerCloseMetaV1* v1 = ledger.ifV1()) return v1->evictedKeys;
  if (const LedgerCloseMetaV2* v2 = ledger.ifV2()) return v2->evictedKeys;
  return {};
}

// Before, of each operation, after.
std::vector<LedgerEntryChanges> ApplyChangesOf(const TransactionMeta& meta) {
  std::vector<LedgerEntryChanges> all;
  const auto operations = [&](const auto& list) {
    for (const auto& operation : list) all.push_back(operation.changes);
  };
  if (const auto* v0 = meta.ifOperations()) operations(*v0);
  if (const TransactionMetaV1* v1 = meta.ifV1()) {
    all.push_back(v1->txChanges);
    operations(v1->operations);
  }
  const auto later = [&](const auto* version) {
    if (version == nullptr) return;
    all.push_back(version->txChangesBefore);
    operations(version->operations);
    all.push_back(version->txChangesAfter);
  };
  later(meta.ifV2());
  later(meta.ifV3());
  later(meta.ifV4());
  return all;
}

// Follows entries through the changes, as an indexer does.
class Replay {
 public:
  void Ledger(const LedgerCloseMeta& ledger) {
    sequence_ = HeaderOf(ledger).ledgerSeq;
    const std::vector<Processed> processed = ProcessedOf(ledger);
    for (const Processed& one : processed) Apply(one.fee);
    for (const Processed& one : processed) {
      for (const LedgerEntryChanges& changes : ApplyChangesOf(one.meta)) Apply(changes);
    }
    for (const Processed& one : processed) Apply(one.post_fee);
    for (const UpgradeEntryMeta& upgrade : UpgradesOf(ledger)) Apply(upgrade.changes);
    for (const LedgerKey& key : EvictedOf(ledger)) gone_.insert(Encode(key));
    for (const auto& key : gone_) known_.erase(key);
  }

 private:
  using Key = std::vector<uint8_t>;

  void Apply(const LedgerEntryChanges& changes) {
    std::optional<Key> state;  // the entry that the last change told the value of
    for (const LedgerEntryChange& change : changes) {
      switch (change.type()) {
        case LedgerEntryChangeType::LEDGER_ENTRY_STATE: {
          const Key key = Encode(KeyOf(change.state()));
          if (known_.contains(key)) {
            EXPECT_EQ(known_[key], Encode(change.state())) << "ledger " << sequence_;
          }
          EXPECT_FALSE(gone_.contains(key)) << "ledger " << sequence_;
          state = key;
          continue;
        }
        case LedgerEntryChangeType::LEDGER_ENTRY_CREATED: {
          const Key key = Encode(KeyOf(change.created()));
          EXPECT_FALSE(known_.contains(key)) << "ledger " << sequence_;
          Set(key, change.created());
          break;
        }
        case LedgerEntryChangeType::LEDGER_ENTRY_RESTORED: {
          const Key key = Encode(KeyOf(change.restored()));
          EXPECT_TRUE(gone_.contains(key)) << "ledger " << sequence_;
          Set(key, change.restored());
          state = key;
          continue;
        }
        case LedgerEntryChangeType::LEDGER_ENTRY_UPDATED: {
          const Key key = Encode(KeyOf(change.updated()));
          EXPECT_EQ(state, key) << "ledger " << sequence_;
          Set(key, change.updated());
          break;
        }
        case LedgerEntryChangeType::LEDGER_ENTRY_REMOVED: {
          const Key key = Encode(change.removed());
          EXPECT_EQ(state, key) << "ledger " << sequence_;
          known_.erase(key);
          gone_.insert(key);
          break;
        }
      }
      state.reset();
    }
  }

  void Set(const Key& key, const LedgerEntry& entry) {
    EXPECT_EQ(entry.lastModifiedLedgerSeq, sequence_);
    known_[key] = Encode(entry);
    gone_.erase(key);
  }

  uint32_t sequence_ = 0;
  std::map<Key, std::vector<uint8_t>, LessBytes> known_;
  std::set<Key, LessBytes> gone_;
};

TEST(GeneratorTest, TheSameSeedGivesTheSameBytesOnEveryRunAndMachine) {
  Options options = Of(28, 40);
  const std::vector<uint8_t> bytes = Make(options, 60);
  EXPECT_EQ(bytes, Make(options, 60));
  EXPECT_EQ(text::EncodeHex(ledger::Sha256Of(bytes)),
            "0d8dc1c3e40f15dfd553315772b004b54a9a42d73301ace8a2db49066c85e10f");
  EXPECT_EQ(text::EncodeHex(ledger::Sha256Of(Make(Of(13, 40), 60))),
            "713bcdd580fc780925fb9d2152aa7fd39db5227c8edb62e58c8da0c897a6166b");
  options.seed = 2;
  EXPECT_NE(bytes, Make(options, 60));
}

TEST(GeneratorTest, ACopyGoesOnAsTheOriginalDoes) {
  Generator generator(Of(23, 30));
  for (int i = 0; i < 40; ++i) generator.Next();
  Generator copy = generator;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(copy.Next(), generator.Next());
}

TEST(GeneratorTest, ThreeHundredTransactionsCanBeAsBigAsOnTheBusiestLedgers) {
  Options options = Of(28, 300);
  options.operations = 8;
  options.diagnostics = true;
  Generator generator(options);
  generator.Next();
  const std::vector<uint8_t> wire = generator.Next();
  EXPECT_GE(wire.size(), 1'700'000U);
  const auto view = xdr::LedgerCloseMeta::Check(wire);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(ProcessedOf(Decode(*view)).size(), 300U);
}

struct Form {
  uint32_t protocol;
  std::optional<uint32_t> meta;
};

class EveryForm : public testing::TestWithParam<Form> {
 protected:
  Options options() const {
    Options options = Of(GetParam().protocol, 40);
    options.meta = GetParam().meta;
    return options;
  }
};

std::string NameOf(const testing::TestParamInfo<Form>& info) {
  return "Protocol" + std::to_string(info.param.protocol) +
         (info.param.meta ? "Meta" + std::to_string(*info.param.meta) : "");
}

INSTANTIATE_TEST_SUITE_P(Protocols, EveryForm,
                         testing::Values(Form{13, 0}, Form{13, 1}, Form{13, 2}, Form{13, 4},
                                         Form{14, {}}, Form{15, {}}, Form{16, {}}, Form{17, {}},
                                         Form{18, {}}, Form{19, {}}, Form{20, {}}, Form{20, 4},
                                         Form{21, {}}, Form{22, {}}, Form{22, 4}, Form{23, {}},
                                         Form{24, {}}, Form{25, {}}, Form{26, {}}, Form{27, {}},
                                         Form{28, {}}),
                         NameOf);

TEST_P(EveryForm, ChangesFollowEachOtherWithoutAGap) {
  Generator generator(options());
  Replay replay;
  for (int i = 0; i < 60; ++i) {
    replay.Ledger(NextOf(generator));
    if (HasFailure()) return;
  }
}

TEST_P(EveryForm, TheCoinsOfAllBalancesAndTheFeePoolAreTheHeadersTotal) {
  Generator generator(options());
  for (int i = 0; i < 40; ++i) {
    const LedgerCloseMeta ledger = NextOf(generator);
    const World& world = generator.world();
    int64_t coins = HeaderOf(ledger).feePool;
    const auto native = [](const Asset& asset, int64_t amount) {
      return IsNative(asset) ? amount : 0;
    };
    world.state.ForEach(LedgerEntryType::ACCOUNT, [&](const LedgerEntry& entry) {
      EXPECT_GE(entry.data.account().balance, 0);
      coins += entry.data.account().balance;
    });
    world.state.ForEach(LedgerEntryType::CLAIMABLE_BALANCE, [&](const LedgerEntry& entry) {
      const ClaimableBalanceEntry& balance = entry.data.claimableBalance();
      coins += native(balance.asset, balance.amount);
    });
    world.state.ForEach(LedgerEntryType::LIQUIDITY_POOL, [&](const LedgerEntry& entry) {
      const auto& pool = entry.data.liquidityPool().body.constantProduct();
      coins += native(pool.params.assetA, pool.reserveA);
    });
    const Hash contract = world.ContractOf(Native());
    world.state.ForEach(LedgerEntryType::CONTRACT_DATA, [&](const LedgerEntry& entry) {
      const ContractDataEntry& data = entry.data.contractData();
      if (data.contract.ifContractId() != nullptr && data.contract.contractId() == contract &&
          data.val.ifMap() != nullptr &&
          data.durability == xdr::ContractDataDurability::PERSISTENT) {
        coins += NumberOf(data.val.map()->front().val);
      }
    });
    ASSERT_EQ(coins, HeaderOf(ledger).totalCoins) << "ledger " << HeaderOf(ledger).ledgerSeq;
  }
}

// The change of an account's balance between two entries of a list.
int64_t PaidIn(const LedgerEntryChanges& changes) {
  if (changes.empty()) return 0;
  return changes[0].state().data.account().balance - changes[1].updated().data.account().balance;
}

TEST_P(EveryForm, WhatWasChargedIsTheFeeWithoutTheRefund) {
  Generator generator(options());
  int refunds = 0;
  for (int i = 0; i < 40; ++i) {
    const LedgerCloseMeta ledger = NextOf(generator);
    const bool refunds_later = ledger.ifV2() != nullptr;
    for (const Processed& one : ProcessedOf(ledger)) {
      LedgerEntryChanges after;
      if (const TransactionMetaV3* v3 = one.meta.ifV3()) after = v3->txChangesAfter;
      if (const TransactionMetaV4* v4 = one.meta.ifV4()) after = v4->txChangesAfter;
      EXPECT_TRUE(after.empty() || !refunds_later);
      EXPECT_TRUE(one.post_fee.empty() || refunds_later);
      const int64_t refund = -PaidIn(refunds_later ? one.post_fee : after);
      if (refund != 0) ++refunds;
      int64_t want = PaidIn(one.fee) - refund;
      const bool fee_bump = one.result.result.result.ifInnerResultPair() != nullptr;
      // Protocol 20 told fee bumps the fee before the refund.
      if (HeaderOf(ledger).ledgerVersion == 20 && fee_bump) want += refund;
      EXPECT_EQ(one.result.result.feeCharged, want);
    }
  }
  EXPECT_EQ(refunds > 0, GetParam().protocol >= 20);
}

// Balances by holder (XDR in hex) and asset.
using Balances = std::map<std::pair<std::string, std::string>, int64_t>;

void Count(Balances& balances, const LedgerEntry& entry, int64_t sign, const World& world) {
  const LedgerEntryData& data = entry.data;
  const auto add = [&](const SCAddress& holder, const std::string& asset, int64_t amount) {
    balances[{text::EncodeHex(Encode(holder)), asset}] += sign * amount;
  };
  if (const AccountEntry* account = data.ifAccount()) {
    add(AddressOf(account->accountID), "native", account->balance);
  } else if (const TrustLineEntry* line = data.ifTrustLine()) {
    if (line->asset.ifLiquidityPoolID() != nullptr) return;
    const Asset asset = line->asset.ifAlphaNum4() != nullptr
                            ? Asset::ASSET_TYPE_CREDIT_ALPHANUM4(line->asset.alphaNum4())
                            : Asset::ASSET_TYPE_CREDIT_ALPHANUM12(line->asset.alphaNum12());
    add(AddressOf(line->accountID), TextOf(asset), line->balance);
  } else if (const ClaimableBalanceEntry* balance = data.ifClaimableBalance()) {
    add(SCAddress::SC_ADDRESS_TYPE_CLAIMABLE_BALANCE(balance->balanceID), TextOf(balance->asset),
        balance->amount);
  } else if (const LiquidityPoolEntry* pool = data.ifLiquidityPool()) {
    const auto& body = pool->body.constantProduct();
    const SCAddress holder = SCAddress::SC_ADDRESS_TYPE_LIQUIDITY_POOL(pool->liquidityPoolID);
    add(holder, TextOf(body.params.assetA), body.reserveA);
    add(holder, TextOf(body.params.assetB), body.reserveB);
  } else if (const ContractDataEntry* held = data.ifContractData()) {
    for (const Asset& asset : world.cast.assets) {
      if (Encode(held->contract) != Encode(ContractAddress(world.ContractOf(asset)))) continue;
      const std::optional<SCVec>* key = held->key.ifVec();
      if (key == nullptr || !IsSymbol((**key)[0], "Balance")) continue;
      add((**key)[1].address(), TextOf(asset), NumberOf(held->val.map()->front().val));
    }
  }
}

void Count(Balances& balances, const LedgerEntryChanges& changes, const World& world) {
  for (size_t i = 0; i < changes.size(); ++i) {
    const LedgerEntryChange& change = changes[i];
    if (const LedgerEntry* before = change.ifState()) Count(balances, *before, -1, world);
    if (const LedgerEntry* after = change.ifUpdated()) Count(balances, *after, 1, world);
    if (const LedgerEntry* after = change.ifCreated()) Count(balances, *after, 1, world);
  }
}

void Count(Balances& balances, const ContractEvent& event) {
  const auto& [topics, data] = event.body.v0();
  const auto amount = [&] {
    return NumberOf(data.ifMap() != nullptr ? data.map()->front().val : data);
  };
  const auto add = [&](size_t topic, int64_t sign) {
    const std::string* asset = topics.back().ifStr();
    balances[{text::EncodeHex(Encode(topics[topic].address())),
              asset != nullptr ? *asset : "native"}] += sign * amount();
  };
  if (IsSymbol(topics[0], "transfer")) {
    add(1, -1);
    add(2, 1);
  } else if (IsSymbol(topics[0], "mint")) {
    add(1, 1);
  } else if (IsSymbol(topics[0], "burn") || IsSymbol(topics[0], "clawback") ||
             IsSymbol(topics[0], "fee")) {
    add(1, -1);
  }
}

void DropZeros(Balances& balances) {
  std::erase_if(balances, [](const auto& one) { return one.second == 0; });
}

class FormWithUnifiedEvents : public EveryForm {};

INSTANTIATE_TEST_SUITE_P(Protocols, FormWithUnifiedEvents,
                         testing::Values(Form{13, 4}, Form{17, 4}, Form{18, 4}, Form{20, 4},
                                         Form{22, 4}, Form{23, {}}, Form{28, {}}),
                         NameOf);

TEST_P(FormWithUnifiedEvents, AddUpToTheChangesOfAllBalances) {
  Generator generator(options());
  generator.Next();  // closed by the rules of the protocol before
  int events = 0;
  for (int i = 0; i < 60; ++i) {
    const LedgerCloseMeta ledger = NextOf(generator);
    const World& world = generator.world();
    for (const Processed& one : ProcessedOf(ledger)) {
      Balances changed;
      Count(changed, one.fee, world);
      for (const LedgerEntryChanges& changes : ApplyChangesOf(one.meta)) {
        Count(changed, changes, world);
      }
      Count(changed, one.post_fee, world);
      Balances told;
      for (const TransactionEvent& event : one.meta.v4().events) Count(told, event.event);
      for (const OperationMetaV2& operation : one.meta.v4().operations) {
        for (const ContractEvent& event : operation.events) Count(told, event);
        events += static_cast<int>(operation.events.size());
      }
      DropZeros(changed);
      DropZeros(told);
      ASSERT_EQ(changed, told) << "ledger " << HeaderOf(ledger).ledgerSeq << ", transaction "
                               << text::EncodeHex(one.result.transactionHash);
    }
  }
  EXPECT_GT(events, 1000);
}

// Cases whose transactions are to fail.
const std::set<std::string_view> kFailing = {"inflation",  "fee_bump",         "operation_failures",
                                             "rejections", "soroban_fee_bump", "soroban_failures",
                                             "malformed"};

TEST(CasesTest, EveryCaseSucceedsUnderTheProtocolsItIsFor) {
  std::vector<std::string> failed;
  for (const Case& one : AllCases()) {
    if (kFailing.contains(one.name)) continue;
    // The first it is for, and one on each side of what changes most.
    for (const uint32_t protocol : std::set<uint32_t>{std::max(kFirstProtocol, one.first_protocol),
                                                      17, 19, 22, 23, kLastProtocol}) {
      if (protocol < one.first_protocol) continue;
      Options options = Of(protocol, 1);
      options.soroban_percent = 0;
      options.only = one.name;
      Generator generator(options);
      const auto actor = [&](unsigned role) { return ActorOf(options.seed, one.name, role); };
      const int64_t before = generator.world().state.Account(actor(0)).seqNum;
      for (int i = 0; i < 50; ++i) {
        const LedgerCloseMeta ledger = NextOf(generator);
        // The mix may add one of its own to an otherwise empty ledger, which may fail.
        const bool sent = generator.world().state.Account(actor(0)).seqNum != before;
        if (!sent) continue;
        for (const Processed& processed : ProcessedOf(ledger)) {
          const TransactionResultCode code = processed.result.result.result.code();
          if (code != TransactionResultCode::txSUCCESS) {
            failed.push_back(std::string(one.name) + " in protocol " + std::to_string(protocol) +
                             ", ledger " + std::to_string(HeaderOf(ledger).ledgerSeq) + ": " +
                             std::to_string(static_cast<int>(code)));
          }
        }
      }
    }
  }
  EXPECT_THAT(failed, IsEmpty());
}

TEST(CasesTest, EveryCaseComesWithinEighteenLedgers) {
  Generator generator(Of(28, 1));
  generator.Next();
  std::map<std::string_view, int64_t> before;
  const auto sent = [&](const Case& one) {
    return generator.world().state.Account(ActorOf(1, one.name, 0)).seqNum;
  };
  for (const Case& one : AllCases()) before[one.name] = sent(one);
  for (int i = 0; i < 18; ++i) generator.Next();
  std::vector<std::string_view> absent;
  for (const Case& one : AllCases()) {
    if (sent(one) == before[one.name]) absent.push_back(one.name);
  }
  // These send nothing.
  EXPECT_THAT(absent, testing::UnorderedElementsAre("consensus_messages", "upgrades",
                                                    "header_flags", "empty_tx_set"));
}

// Which arms of unions and values of enums a ledger holds, as "Type.value".
class Coverage {
 public:
  void Add(const xdr::TypeInfo& type, xdr::Bytes& bytes) {
    switch (type.kind) {
      case xdr::Kind::kInt:
      case xdr::Kind::kUnsignedInt:
      case xdr::Kind::kBool:
        Skip(bytes, 4);
        break;
      case xdr::Kind::kHyper:
      case xdr::Kind::kUnsignedHyper:
        Skip(bytes, 8);
        break;
      case xdr::Kind::kEnum:
        seen_.insert(NameOf(type, Word(bytes)));
        break;
      case xdr::Kind::kOpaque:
        Skip(bytes, (type.size + 3) / 4 * 4);
        break;
      case xdr::Kind::kVarOpaque:
      case xdr::Kind::kString:
        Skip(bytes, (static_cast<size_t>(Word(bytes)) + 3) / 4 * 4);
        break;
      case xdr::Kind::kArray:
        for (uint32_t i = 0; i < type.size; ++i) Add(*type.element, bytes);
        break;
      case xdr::Kind::kVarArray:
      case xdr::Kind::kOptional:
        for (int32_t i = Word(bytes); i > 0; --i) Add(*type.element, bytes);
        break;
      case xdr::Kind::kStruct:
        for (const xdr::FieldInfo& field : type.fields) Add(*field.type, bytes);
        break;
      case xdr::Kind::kUnion: {
        const int32_t value = Word(bytes);
        seen_.insert(NameOf(type, value));
        const xdr::ArmInfo* arm = xdr::FindArm(type, value);
        if (arm->type != nullptr) Add(*arm->type, bytes);
        break;
      }
      case xdr::Kind::kAlias:
        Add(*type.element, bytes);
        break;
    }
  }

  // All that can be reached from `type` and was not seen.
  std::set<std::string> MissingFrom(const xdr::TypeInfo& type) {
    std::set<std::string> missing;
    std::set<const xdr::TypeInfo*> visited;
    Find(type, visited, missing);
    return missing;
  }

 private:
  static int32_t Word(xdr::Bytes& bytes) {
    uint32_t word = 0;
    for (int i = 0; i < 4; ++i) word = word << 8 | bytes[static_cast<size_t>(i)];
    Skip(bytes, 4);
    return static_cast<int32_t>(word);
  }
  static void Skip(xdr::Bytes& bytes, size_t size) { bytes = bytes.subspan(size); }

  static std::string NameOf(const xdr::TypeInfo& type, int32_t value) {
    const xdr::TypeInfo& values =
        type.kind == xdr::Kind::kEnum ? type : xdr::Resolve(*type.discriminant.type);
    for (const xdr::EnumMember& member : values.members) {
      if (member.value == value) return std::string(type.name) + "." + std::string(member.name);
    }
    return std::string(type.name) + "." + std::to_string(value);
  }

  void Find(const xdr::TypeInfo& type, std::set<const xdr::TypeInfo*>& visited,
            std::set<std::string>& missing) {
    if (!visited.insert(&type).second) return;
    if (type.element != nullptr) Find(*type.element, visited, missing);
    const auto need = [&](const std::string& name) {
      if (!seen_.contains(name)) missing.insert(name);
    };
    if (type.name == "ConfigSettingID") return;  // as a key nothing names it but by mistake
    if (type.kind == xdr::Kind::kEnum) {
      for (const xdr::EnumMember& member : type.members) need(NameOf(type, member.value));
    }
    for (const xdr::FieldInfo& field : type.fields) Find(*field.type, visited, missing);
    for (const xdr::ArmInfo& arm : type.arms) {
      for (const xdr::UnionCase& one : arm.cases) need(NameOf(type, one.value));
      if (arm.type != nullptr) Find(*arm.type, visited, missing);
    }
  }

  std::set<std::string> seen_;
};

TEST(CasesTest, TogetherTheyShowEveryArmAndEveryCodeButThoseListedHere) {
  Coverage coverage;
  const xdr::TypeInfo& type = *xdr::FindType("LedgerCloseMeta");
  const auto add = [&](Options options, int ledgers) {
    Generator generator(options);
    for (int i = 0; i < ledgers; ++i) {
      const std::vector<uint8_t> wire = generator.Next();
      xdr::Bytes bytes = wire;
      coverage.Add(type, bytes);
      EXPECT_TRUE(bytes.empty());
    }
  };
  Options failures = Of(28, 1);
  failures.only = "operation_failures";
  add(failures, 40);
  for (const uint32_t protocol : {17, 22, 28}) add(Of(protocol, 60), 80);
  for (const uint32_t protocol : {23, 26}) add(Of(protocol, 0), 1);  // new settings
  Options backfilled = Of(20, 30);
  backfilled.meta = 4;
  add(backfilled, 30);
  for (const uint32_t meta : {0, 1, 4}) {
    Options options = Of(13, 20);
    options.meta = meta;
    add(options, 20);
  }
  Options plain = Of(28, 10);
  plain.extensions = false;
  plain.diagnostics = true;
  add(plain, 20);
  const std::set<std::string> missing = coverage.MissingFrom(type);
  EXPECT_THAT(missing, testing::UnorderedElementsAre(
                           // Of later protocols.
                           "SCAddress.SC_ADDRESS_TYPE_MUXED_CONTRACT",
                           "StellarValueExt.STELLAR_VALUE_EMPTY_TX_SET_MS",
                           "StellarValueExt.STELLAR_VALUE_SIGNED_MS",
                           // Of settings upgrades that are voted for, never on the ledger.
                           "ConfigSettingEntry.CONFIG_SETTING_FREEZE_BYPASS_TXS_DELTA",
                           "ConfigSettingEntry.CONFIG_SETTING_FROZEN_LEDGER_KEYS_DELTA"));
}

TEST(OptionsTest, TheDocumentListsEverySettingAndEveryCase) {
  std::ifstream file(SAS_TEST_DATA "/../../docs/synthetic.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  std::string settings;
  for (const Setting& one : AllSettings()) {
    settings += Concat("| `", one.name, "` | ", one.values, " | ", one.help, " |\n");
  }
  EXPECT_THAT(document, testing::HasSubstr(settings));
  std::string cases;
  for (const Case& one : AllCases()) {
    cases += Concat("| `", one.name, "` | ", one.shows, " | ",
                    one.first_protocol == 0 ? "all" : Concat("from ", one.first_protocol), " |\n");
  }
  EXPECT_THAT(document, testing::HasSubstr(cases));
}

TEST(OptionsTest, WhatIsNotKnownOrContradictsItselfIsRefused) {
  const auto refusal = [](const std::map<std::string, std::string>& query) {
    return ParseOptions(query).status().message();
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(refusal({{"sed", "1"}}), HasSubstr("it knows seed, start, count"));
  EXPECT_THAT(refusal({{"start", "1"}}), HasSubstr("start=1: it must be a number from 2"));
  EXPECT_THAT(refusal({{"seed", "-1"}}), HasSubstr("seed=-1"));
  EXPECT_THAT(refusal({{"operations", "0"}}), HasSubstr("from 1 to 90"));
  EXPECT_THAT(refusal({{"soroban", "1.5"}}), HasSubstr("from 0 to 1"));
  EXPECT_THAT(refusal({{"soroban", "nan"}}), HasSubstr("from 0 to 1"));
  EXPECT_THAT(refusal({{"pace", "5"}}), HasSubstr("5s or 500ms"));
  EXPECT_THAT(refusal({{"events", "true"}}), HasSubstr("on or off"));
  EXPECT_THAT(refusal({{"protocol", "29"}}), HasSubstr("from 13 to 28"));
  EXPECT_THAT(refusal({{"protocol", "23"}, {"meta", "3"}}), HasSubstr("protocol 23 has no"));
  EXPECT_THAT(refusal({{"start", "4294967294"}, {"count", "3"}}), HasSubstr("greatest ledger"));
  EXPECT_THAT(refusal({{"case", "claw"}}), HasSubstr("there are inflation, "));
  EXPECT_THAT(refusal({{"case", "clawback"}, {"protocol", "13"}}), HasSubstr("from 17"));
  const auto options = ParseOptions({{"pace", "250ms"}, {"soroban", "0.25"}, {"meta", "4"}});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->pace_milliseconds, 250);
  EXPECT_EQ(options->soroban_percent, 25U);
  EXPECT_EQ(options->meta, 4U);
}

}  // namespace
}  // namespace stellar_arrow::synthetic
