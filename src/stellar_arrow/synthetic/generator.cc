#include "stellar_arrow/synthetic/generator.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "stellar_arrow/synthetic/config_settings.h"
#include "stellar_arrow/synthetic/events.h"
#include "stellar_arrow/synthetic/operations.h"
#include "stellar_arrow/synthetic/plan.h"
#include "stellar_arrow/synthetic/soroban.h"
#include "stellar_arrow/synthetic/transaction_set.h"

namespace stellar_arrow::synthetic {
namespace {

constexpr uint64_t kFirstCloseTime = 1'750'000'000;  // seconds; of a ledger 0
constexpr uint64_t kSecondsPerLedger = 5;

using xdr::TransactionResultCode;

int64_t BidOf(const Plan& plan) {
  return plan.fee_bump ? plan.fee_bump->fee : int64_t{plan.transaction.fee};
}

// What is taken before anything is applied.
int64_t ChargeOf(const Sent& sent) {
  const Plan& plan = sent.plan;
  const SorobanTransactionData* soroban = plan.soroban();
  const int64_t resources = soroban != nullptr ? soroban->resourceFee : 0;
  const int64_t bid = BidOf(plan) - resources;
  if (!sent.base_fee) return bid + resources;
  const auto operations = static_cast<int64_t>(plan.transaction.operations.size());
  return std::min(bid, *sent.base_fee * (operations + (plan.fee_bump ? 1 : 0))) + resources;
}

void Append(LedgerEntryChanges& to, LedgerEntryChanges changes) {
  std::ranges::move(changes, std::back_inserter(to));
}

// Sequence numbers are used up by transactions that get as far as their signatures.
bool UsesSequence(TransactionResultCode code) {
  switch (code) {
    case TransactionResultCode::txFEE_BUMP_INNER_SUCCESS:
    case TransactionResultCode::txSUCCESS:
    case TransactionResultCode::txFAILED:
    case TransactionResultCode::txBAD_AUTH:
    case TransactionResultCode::txINSUFFICIENT_BALANCE:
    case TransactionResultCode::txBAD_AUTH_EXTRA:
    case TransactionResultCode::txINTERNAL_ERROR:
    case TransactionResultCode::txBAD_SPONSORSHIP:
    case TransactionResultCode::txFEE_BUMP_INNER_FAILED:
    case TransactionResultCode::txFROZEN_KEY_ACCESSED:
      return true;
    case TransactionResultCode::txTOO_EARLY:
    case TransactionResultCode::txTOO_LATE:
    case TransactionResultCode::txMISSING_OPERATION:
    case TransactionResultCode::txBAD_SEQ:
    case TransactionResultCode::txNO_ACCOUNT:
    case TransactionResultCode::txINSUFFICIENT_FEE:
    case TransactionResultCode::txNOT_SUPPORTED:
    case TransactionResultCode::txBAD_MIN_SEQ_AGE_OR_GAP:
    case TransactionResultCode::txMALFORMED:
    case TransactionResultCode::txSOROBAN_INVALID:
      return false;
  }
  return false;
}

// Uses the sequence number up, unless something else has been there.
void UseSequence(World& world, Plan& plan) {
  if (!UsesSequence(plan.rejected.value_or(TransactionResultCode::txSUCCESS))) return;
  if (world.state.Account(plan.source()).seqNum >= plan.transaction.seqNum) {
    plan.rejected = TransactionResultCode::txBAD_SEQ;
    return;
  }
  AccountEntry& account = world.state.ChangeAccount(plan.source());
  account.seqNum = plan.transaction.seqNum;
  if (world.protocol >= 19) {
    AccountEntryExtensionV3& v3 = ExtensionV3(account);
    v3.seqLedger = world.ledger;
    v3.seqTime = world.close_time;
  }
}

// What came of the operations.
struct Applied {
  bool success = true;
  std::vector<OperationResult> results;
  std::vector<LedgerEntryChanges> changes;
  std::vector<std::vector<ContractEvent>> events;
  std::optional<SorobanOutcome> soroban;
};

// Accounts that came and went.
void RememberGuests(World& world, const Plan& plan) {
  for (const Operation& operation : plan.transaction.operations) {
    if (const CreateAccountOp* create = operation.body.ifCreateAccountOp()) {
      world.guests.push_back(create->destination);
    } else if (operation.body.type() == xdr::OperationType::ACCOUNT_MERGE) {
      const AccountID merged =
          operation.sourceAccount ? AccountOf(*operation.sourceAccount) : plan.source();
      std::erase_if(world.guests, [&](const AccountID& guest) { return guest == merged; });
    }
  }
}

Applied ApplyOperations(World& world, const Plan& plan) {
  Applied applied;
  const Transaction& tx = plan.transaction;
  Applying applying{world, plan.source(), tx.seqNum, tx.memo};
  applying.inflation_works = plan.inflation_works;
  const uint64_t ids = world.id_pool;
  const int64_t coins = world.total_coins;
  for (size_t i = 0; i < tx.operations.size(); ++i) {
    const Operation& operation = tx.operations[i];
    applying.index = static_cast<uint32_t>(i);
    applying.source_as_given = operation.sourceAccount.value_or(tx.sourceAccount);
    applying.source = AccountOf(applying.source_as_given);
    applying.events.clear();
    OperationResult result;
    if (plan.failure && plan.failure->operation == i) {
      result = plan.failure->result;
      if (plan.soroban() != nullptr) applied.soroban = SorobanOutcome{result, {}, {}, {}, {}, {}};
    } else if (plan.soroban() != nullptr) {
      applied.soroban = ApplySoroban(applying, operation, *plan.soroban());
      result = applied.soroban->result;
      applying.events = applied.soroban->shown;
    } else if (!world.state.Has(KeyOf(applying.source))) {
      result = OperationResult::opNO_ACCOUNT();
    } else {
      result = ApplyOperation(applying, operation);
    }
    applied.success = applied.success && Succeeded(result);
    applied.results.push_back(std::move(result));
    applied.changes.push_back(world.state.TakeChanges(world.ledger));
    applied.events.push_back(std::move(applying.events));
  }
  if (applied.success) {
    RememberGuests(world, plan);
    if (applied.soroban) Remember(world, *applied.soroban);
    world.state.Commit();
  } else {
    world.state.Rollback();
    world.id_pool = ids;
    world.total_coins = coins;
    applied.changes.clear();
    applied.events.clear();
  }
  return applied;
}

SorobanTransactionMetaExt MetaExtensionOf(const World& world, const Plan& plan, bool success) {
  if (!world.options.extensions) return SorobanTransactionMetaExt::v0();
  const SorobanFees fees = FeesOf(plan.soroban()->resourceFee, success);
  return SorobanTransactionMetaExt::v1({{}, fees.non_refundable, fees.refundable, fees.rent});
}

// The meta in the version that is asked for. `after` are the changes after the operations.
TransactionMeta MetaOf(const World& world, const Sent& sent, LedgerEntryChanges before,
                       Applied applied, LedgerEntryChanges after) {
  const bool soroban = sent.plan.soroban() != nullptr && !sent.plan.rejected;
  std::vector<OperationMeta> operations;
  for (const LedgerEntryChanges& changes : applied.changes) operations.push_back({changes});
  std::vector<DiagnosticEvent> diagnostics;
  if (soroban && world.options.diagnostics) {
    diagnostics = DiagnosticsOf(sent.plan.transaction.operations[0], sent.plan.soroban()->resources,
                                *applied.soroban, applied.success);
  }
  switch (world.meta_version()) {
    case 0:
      return TransactionMeta::v0(std::move(operations));
    case 1:
      return TransactionMeta::v1({std::move(before), std::move(operations)});
    case 2:
      return TransactionMeta::v2({std::move(before), std::move(operations), std::move(after)});
    case 3: {
      TransactionMetaV3 meta{
          {}, std::move(before), std::move(operations), std::move(after), std::nullopt};
      if (soroban) {
        const bool invoked =
            applied.success &&
            sent.plan.transaction.operations[0].body.ifInvokeHostFunctionOp() != nullptr;
        meta.sorobanMeta = SorobanTransactionMeta{
            MetaExtensionOf(world, sent.plan, applied.success), applied.soroban->shown,
            invoked ? applied.soroban->returned : SCVal(), std::move(diagnostics)};
      }
      return TransactionMeta::v3(std::move(meta));
    }
    default:
      break;
  }
  TransactionMetaV4 meta;
  meta.txChangesBefore = std::move(before);
  for (size_t i = 0; i < applied.changes.size(); ++i) {
    meta.operations.push_back({{}, std::move(applied.changes[i]), std::move(applied.events[i])});
  }
  meta.txChangesAfter = std::move(after);
  if (soroban && applied.success) {
    meta.sorobanMeta.emplace();
    meta.sorobanMeta->ext = MetaExtensionOf(world, sent.plan, true);
    if (sent.plan.transaction.operations[0].body.ifInvokeHostFunctionOp() != nullptr) {
      meta.sorobanMeta->returnValue = applied.soroban->returned;
    }
  }
  meta.events = sent.events;
  meta.diagnosticEvents = std::move(diagnostics);
  return TransactionMeta::v4(std::move(meta));
}

TransactionResult ResultOf(const World& world, const Sent& sent, int64_t charged,
                           std::vector<OperationResult> results, bool success) {
  using Result = TransactionResultResult;
  using Inner = InnerTransactionResultResult;
  TransactionResult result;
  result.feeCharged = charged;
  const std::optional<TransactionResultCode>& rejected = sent.plan.rejected;
  if (!sent.plan.fee_bump) {
    result.result = rejected  ? Result::Of(*rejected)
                    : success ? Result::txSUCCESS(std::move(results))
                              : Result::txFAILED(std::move(results));
    return result;
  }
  InnerTransactionResultPair pair;
  pair.transactionHash = sent.inner_hash;
  // Later versions charge the inner transaction nothing, as the outer one pays.
  pair.result.feeCharged = world.protocol >= 25 ? 0
                                                : std::min<int64_t>(sent.plan.transaction.fee,
                                                                    sent.charged - world.base_fee);
  pair.result.result = rejected  ? Inner::Of(*rejected)
                       : success ? Inner::txSUCCESS(std::move(results))
                                 : Inner::txFAILED(std::move(results));
  result.result = success && !rejected ? Result::txFEE_BUMP_INNER_SUCCESS(std::move(pair))
                                       : Result::txFEE_BUMP_INNER_FAILED(std::move(pair));
  return result;
}

void ChargeFee(World& world, Sent& sent) {
  sent.charged = ChargeOf(sent);
  world.state.ChangeAccount(sent.payer()).balance -= sent.charged;
  world.fee_pool += sent.charged;
  if (world.meta_version() == 0) UseSequence(world, sent.plan);  // it has no other place for it
  sent.fee_changes = world.state.TakeChanges(world.ledger);
  world.state.Commit();
  if (world.unified_events()) {
    sent.events.push_back({xdr::TransactionEventStage::TRANSACTION_EVENT_STAGE_BEFORE_ALL_TXS,
                           FeeEvent(world, sent.payer(), sent.charged)});
  }
}

LedgerEntryChanges Refund(World& world, Sent& sent, xdr::TransactionEventStage stage) {
  if (sent.refund == 0) return {};
  world.state.ChangeAccount(sent.payer()).balance += sent.refund;
  world.fee_pool -= sent.refund;
  if (world.unified_events()) {
    sent.events.push_back({stage, FeeEvent(world, sent.payer(), -sent.refund)});
  }
  LedgerEntryChanges changes = world.state.TakeChanges(world.ledger);
  world.state.Commit();
  return changes;
}

void ApplyTransaction(World& world, Sent& sent) {
  LedgerEntryChanges before;
  const auto& rejected = sent.plan.rejected;
  if (sent.plan.fee_bump) {
    world.state.Change(KeyOf(sent.payer()));  // core looks for signers to remove
    Append(before, world.state.TakeChanges(world.ledger));
  }
  if (world.meta_version() != 0) UseSequence(world, sent.plan);
  Append(before, world.state.TakeChanges(world.ledger));
  world.state.Commit();
  Applied applied;
  if (!rejected) applied = ApplyOperations(world, sent.plan);
  if (const SorobanTransactionData* soroban = sent.plan.soroban(); soroban && !rejected) {
    const SorobanFees fees = FeesOf(soroban->resourceFee, applied.success);
    sent.refund = soroban->resourceFee - fees.non_refundable - fees.refundable;
  }
  LedgerEntryChanges after;
  if (world.protocol < 23) {
    after = Refund(world, sent, xdr::TransactionEventStage::TRANSACTION_EVENT_STAGE_AFTER_TX);
  }
  // Protocol 20 did not tell fee bumps of their refund.
  const bool told = !(world.protocol == 20 && sent.plan.fee_bump);
  const int64_t charged = sent.charged - (told ? sent.refund : 0);
  sent.result = ResultOf(world, sent, charged, applied.results, applied.success);
  sent.meta = MetaOf(world, sent, std::move(before), std::move(applied), std::move(after));
}

// The header's part of an upgrade, and its changes.
UpgradeEntryMeta ApplyUpgrade(World& world, LedgerHeader& header, const LedgerUpgrade& upgrade) {
  switch (upgrade.type()) {
    case xdr::LedgerUpgradeType::LEDGER_UPGRADE_VERSION:
      header.ledgerVersion = upgrade.newLedgerVersion();
      CreateConfigSettings(world.state, header.ledgerVersion);
      break;
    case xdr::LedgerUpgradeType::LEDGER_UPGRADE_BASE_FEE:
      world.base_fee = upgrade.newBaseFee();
      break;
    case xdr::LedgerUpgradeType::LEDGER_UPGRADE_MAX_TX_SET_SIZE:
      world.max_tx_set_size = upgrade.newMaxTxSetSize();
      break;
    case xdr::LedgerUpgradeType::LEDGER_UPGRADE_BASE_RESERVE:
      world.base_reserve = upgrade.newBaseReserve();
      break;
    case xdr::LedgerUpgradeType::LEDGER_UPGRADE_FLAGS:
      world.header_flags = upgrade.newFlags();
      break;
    case xdr::LedgerUpgradeType::LEDGER_UPGRADE_CONFIG:
      ChangeConfigSetting(world.state, world.ledger);
      break;
    case xdr::LedgerUpgradeType::LEDGER_UPGRADE_MAX_SOROBAN_TX_SET_SIZE:
      ChangeExecutionLanes(world.state, upgrade.newMaxSorobanTxSetSize());
      break;
  }
  UpgradeEntryMeta meta{upgrade, world.state.TakeChanges(world.ledger)};
  world.state.Commit();
  return meta;
}

// Bucket list hashes of long ago (every 50, 5000, 50000 and 500000 ledgers).
void RememberBucketList(LedgerHeader& header) {
  constexpr int64_t kEvery[] = {50, 5'000, 50'000, 500'000};
  const int64_t ledger = header.ledgerSeq;
  if (ledger % kEvery[0] != 0) return;
  int64_t rest = ledger - kEvery[0];
  size_t moved = 0;
  while (moved < 3 && rest > 0 && rest % kEvery[moved + 1] == 0) {
    ++moved;
    rest -= kEvery[moved];
  }
  for (size_t i = moved; i > 0; --i) header.skipList[i] = header.skipList[i - 1];
  header.skipList[0] = header.bucketListHash;
}

SCPHistoryEntry ConsensusOf(const AccountID& node, uint32_t ledger, const StellarValue& value,
                            Random& random) {
  SCPHistoryEntryV0 history;
  SCPQuorumSet quorum;
  quorum.threshold = 2;
  quorum.validators = {node, AccountOf(random.Key())};
  SCPQuorumSet inner;
  inner.threshold = 1;
  inner.validators = {AccountOf(random.Key())};
  quorum.innerSets.push_back(std::move(inner));
  const Hash quorum_hash = HashOf(quorum);
  history.ledgerMessages.ledgerSeq = ledger;
  const std::vector<uint8_t> bytes = Encode(value);
  const SCPBallot ballot{1, bytes};
  SCPStatementPrepare prepare{quorum_hash, ballot, ballot, std::nullopt, 1, 1};
  SCPStatementConfirm confirm{ballot, 1, 1, 1, quorum_hash};
  SCPStatementExternalize externalize{ballot, 1, quorum_hash};
  for (SCPStatementPledges pledges :
       {SCPStatementPledges::SCP_ST_NOMINATE({quorum_hash, {bytes}, {bytes}}),
        SCPStatementPledges::SCP_ST_PREPARE(prepare), SCPStatementPledges::SCP_ST_CONFIRM(confirm),
        SCPStatementPledges::SCP_ST_EXTERNALIZE(externalize)}) {
    SCPEnvelope envelope{{node, ledger, std::move(pledges)}, {}};
    envelope.signature.resize(64);
    random.Fill(envelope.signature);
    history.ledgerMessages.messages.push_back(std::move(envelope));
  }
  history.quorumSets.push_back(std::move(quorum));
  return SCPHistoryEntry::v0(std::move(history));
}

}  // namespace

Generator::Generator(const Options& options) : world_(MakeWorld(options)) {
  // The ledger before the first exists by its hash alone. The first one upgrades to the protocol
  // that was asked for, and so is itself still closed by the rules of the one before.
  header_.ledgerVersion = options.protocol - 1;
  header_.ledgerSeq = options.start - 1;
  header_.scpValue.closeTime = kFirstCloseTime + kSecondsPerLedger * header_.ledgerSeq;
  header_.bucketListHash = Random(options.seed).Key();
  header_.totalCoins = world_.total_coins;
  header_.feePool = world_.fee_pool;
  header_.idPool = world_.id_pool;
  header_.baseFee = world_.base_fee;
  header_.baseReserve = world_.base_reserve;
  header_.maxTxSetSize = world_.max_tx_set_size;
}

std::vector<uint8_t> Generator::Next() {
  const Hash previous = HashOf(header_);
  LedgerHeader header = header_;
  header.ledgerSeq = header_.ledgerSeq + 1;
  header.previousLedgerHash = previous;
  world_.ledger = header.ledgerSeq;
  world_.protocol = header_.ledgerVersion;
  world_.close_time = kFirstCloseTime + kSecondsPerLedger * header.ledgerSeq;
  // Each ledger has numbers of its own, so that one more in one of them does not change all others.
  Random random(world_.options.seed * 0x2545F4914F6CDD1D + header.ledgerSeq);

  LedgerPlan plan = PlanLedger(world_, random);
  std::vector<Sent> sent;
  sent.reserve(plan.transactions.size());
  for (Plan& one : plan.transactions) sent.push_back(Send(std::move(one), world_, random));
  TransactionSetBuilder set(world_, previous, std::move(sent));
  const bool legacy = world_.protocol < 20;
  TransactionSet legacy_set;
  GeneralizedTransactionSet general_set;
  if (legacy) {
    legacy_set = set.Legacy();
  } else {
    general_set = set.Generalized();
  }
  std::vector<Sent> order = set.InOrder();

  for (Sent& one : order) ChargeFee(world_, one);
  for (Sent& one : order) ApplyTransaction(world_, one);
  if (world_.protocol >= 23) {
    for (Sent& one : order) {
      const size_t told = one.events.size();
      one.post_fee_changes =
          Refund(world_, one, xdr::TransactionEventStage::TRANSACTION_EVENT_STAGE_AFTER_ALL_TXS);
      if (TransactionMetaV4* meta = one.meta.ifV4(); meta != nullptr && one.events.size() > told) {
        meta->events.push_back(one.events.back());
      }
    }
  }

  TransactionResultSet results;
  for (const Sent& one : order) results.results.push_back({one.hash, one.result});
  header.txSetResultHash = HashOf(results);

  const std::vector<LedgerKey> evicted =
      world_.protocol >= 20 ? Evict(world_) : std::vector<LedgerKey>();

  const AccountID node = AccountOf(Random(world_.options.seed + 1).Key());
  StellarValue& value = header.scpValue;
  value = StellarValue();
  value.closeTime = world_.close_time;
  value.txSetHash = set.hash();
  LedgerCloseValueSignature signature{node, {}};
  signature.signature.resize(64);
  random.Fill(signature.signature);
  if (plan.empty_by_decree) {
    value.txSetHash = {};
    value.ext = StellarValueExt::STELLAR_VALUE_EMPTY_TX_SET(
        {random.Key(), previous, header_.ledgerVersion, signature});
  } else if (world_.protocol >= 14) {
    value.ext = StellarValueExt::STELLAR_VALUE_SIGNED(signature);
  }
  std::vector<UpgradeEntryMeta> upgrades;
  for (const LedgerUpgrade& upgrade : plan.upgrades) {
    value.upgrades.push_back(Encode(upgrade));
    upgrades.push_back(ApplyUpgrade(world_, header, upgrade));
  }
  header.totalCoins = world_.total_coins;
  header.feePool = world_.fee_pool;
  header.inflationSeq = world_.inflation_seq;
  header.idPool = world_.id_pool;
  header.baseFee = world_.base_fee;
  header.baseReserve = world_.base_reserve;
  header.maxTxSetSize = world_.max_tx_set_size;
  if (world_.header_flags != 0) {
    header.ext = LedgerHeaderExt::v1({world_.header_flags, {}});
  }
  // There is no bucket list; its hash only has to be another one for every ledger.
  header.bucketListHash = ledger::Sha256Of(Encode(header));
  RememberBucketList(header);
  header_ = header;

  LedgerHeaderHistoryEntry entry{HashOf(header), header, {}};
  std::vector<SCPHistoryEntry> consensus;
  if (plan.consensus_messages) {
    consensus.push_back(ConsensusOf(node, header.ledgerSeq, value, random));
  }
  const LedgerCloseMetaExt extension =
      world_.options.extensions ? LedgerCloseMetaExt::v1({{}, 3'500}) : LedgerCloseMetaExt::v0();
  const uint64_t soroban_bytes = 40'000'000 + 700 * world_.passing.size();

  if (world_.protocol >= 23) {
    LedgerCloseMetaV2 meta{
        extension,           std::move(entry),     std::move(general_set), {},
        std::move(upgrades), std::move(consensus), soroban_bytes,          evicted};
    for (Sent& one : order) {
      meta.txProcessing.push_back({{},
                                   {one.hash, std::move(one.result)},
                                   std::move(one.fee_changes),
                                   std::move(one.meta),
                                   std::move(one.post_fee_changes)});
    }
    return Encode(LedgerCloseMeta::v2(std::move(meta)));
  }
  std::vector<TransactionResultMeta> processing;
  for (Sent& one : order) {
    processing.push_back(
        {{one.hash, std::move(one.result)}, std::move(one.fee_changes), std::move(one.meta)});
  }
  if (legacy) {
    return Encode(
        LedgerCloseMeta::v0({std::move(entry), std::move(legacy_set), std::move(processing),
                             std::move(upgrades), std::move(consensus)}));
  }
  return Encode(LedgerCloseMeta::v1({extension,
                                     std::move(entry),
                                     std::move(general_set),
                                     std::move(processing),
                                     std::move(upgrades),
                                     std::move(consensus),
                                     soroban_bytes,
                                     evicted,
                                     {}}));
}

}  // namespace stellar_arrow::synthetic
