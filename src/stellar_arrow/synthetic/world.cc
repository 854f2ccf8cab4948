#include "stellar_arrow/synthetic/world.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "stellar_arrow/ledger/network.h"
#include "stellar_arrow/synthetic/cases.h"
#include "stellar_arrow/synthetic/config_settings.h"
#include "stellar_arrow/synthetic/entries.h"
#include "stellar_arrow/synthetic/market.h"
#include "stellar_arrow/synthetic/operations.h"
#include "stellar_arrow/synthetic/soroban.h"

namespace stellar_arrow::synthetic {
namespace {

constexpr size_t kUsers = 400;
constexpr size_t kMakers = 3;
constexpr size_t kProviders = 20;  // users with shares of pools: the first of them
constexpr uint32_t kNeverExpires = 4'000'000'000;
constexpr int64_t kTotalCoins = 1'054'439'020'873'472'865;  // stroops, as on the public network
constexpr int64_t kFeePool = 18'168'300'436'601;
constexpr int64_t kBalance = 1'000'000 * kXlm;

// Builds what was there before the first ledger. No meta tells of it.
class Genesis {
 public:
  explicit Genesis(const Options& options) : random_(options.seed) {
    world_.options = options;
    world_.network_id = ledger::Network::FromPassphrase(kPassphrase).id;
    world_.protocol = options.protocol;  // for what depends on it
    world_.ledger = options.start - 1;
  }

  World Build() {
    Cast& cast = world_.cast;
    for (size_t i = 0; i < kUsers; ++i) cast.users.push_back(CreateAccount(random_.Key()));
    for (size_t i = 0; i < kMakers; ++i) cast.makers.push_back(CreateAccount(random_.Key()));
    for (const Case& one : AllCases()) {
      for (unsigned role = 0; role < kActors; ++role) {
        CreateAccount(ActorOf(world_.options.seed, one.name, role).ed25519());
      }
    }
    cast.assets.push_back(Native());
    for (const char* code : {"USDC", "EURC", "AQUA", "yXLM", "SYNTHGOLD"}) {
      cast.assets.push_back(Credit(code, CreateAccount(random_.Key())));
    }
    const AccountID regulator = CreateAccount(random_.Key());
    world_.state.ChangeAccount(regulator).flags =
        Bit(xdr::AccountFlags::AUTH_REQUIRED_FLAG) | Bit(xdr::AccountFlags::AUTH_REVOCABLE_FLAG) |
        (world_.protocol >= 17 ? Bit(xdr::AccountFlags::AUTH_CLAWBACK_ENABLED_FLAG) : 0);
    cast.regulated = Credit("REGD", regulator);
    cast.assets.push_back(cast.regulated);

    for (const AccountID& maker : cast.makers) {
      for (size_t i = 1; i < cast.assets.size(); ++i) Hold(maker, cast.assets[i], 100 * kBalance);
    }
    for (const AccountID& user : cast.users) {
      for (size_t i = 1; i <= 4; ++i) Hold(user, cast.assets[i], kBalance / 10);
      if (random_.Percent(30)) Hold(user, cast.regulated, kBalance / 100);
    }
    Offers();
    if (world_.protocol >= 18) Pools();
    if (world_.protocol >= 20) Contracts();
    for (uint32_t protocol = 20; protocol < world_.options.protocol; ++protocol) {
      CreateConfigSettings(world_.state, protocol);
    }
    // The rest of the coins.
    int64_t held = kFeePool;
    world_.state.ForEach(xdr::LedgerEntryType::ACCOUNT,
                         [&](const LedgerEntry& entry) { held += entry.data.account().balance; });
    world_.state.ForEach(xdr::LedgerEntryType::LIQUIDITY_POOL, [&](const LedgerEntry& entry) {
      const auto& pool = entry.data.liquidityPool().body.constantProduct();
      if (IsNative(pool.params.assetA)) held += pool.reserveA;
    });
    const AccountID treasury = CreateAccount(random_.Key());
    world_.state.ChangeAccount(treasury).balance += kTotalCoins - held - kBalance;
    world_.total_coins = kTotalCoins;
    world_.fee_pool = kFeePool;
    world_.state.TakeChanges(world_.ledger);
    world_.state.Commit();
    return std::move(world_);
  }

 private:
  void Settle() {
    world_.state.TakeChanges(world_.ledger);
    world_.state.Commit();
  }

  AccountID CreateAccount(const uint256& key) {
    AccountEntry account;
    account.accountID = AccountOf(key);
    account.balance = kBalance;
    account.seqNum = int64_t{world_.options.start - 1} << 32;
    account.thresholds[0] = 1;
    LedgerEntry entry;
    entry.data = LedgerEntryData::ACCOUNT(std::move(account));
    world_.state.Create(std::move(entry));
    Settle();
    return AccountOf(key);
  }

  void Apply(const AccountID& source, OperationBody body) {
    Applying applying{world_, source, 1, {}};
    applying.source = source;
    applying.source_as_given = Plain(source);
    const OperationResult result = ApplyOperation(applying, {std::nullopt, std::move(body)});
    if (!Succeeded(result)) throw std::logic_error("genesis: an operation failed");
    Settle();
  }

  void Hold(const AccountID& account, const Asset& asset, int64_t amount) {
    Apply(account, OperationBody::CHANGE_TRUST({TrustOf(asset), kNoLimit}));
    if (Same(asset, world_.cast.regulated)) {
      Apply(*IssuerOf(asset),
            OperationBody::ALLOW_TRUST(
                {account, AssetCode::ASSET_TYPE_CREDIT_ALPHANUM4(asset.alphaNum4().assetCode),
                 Bit(xdr::TrustLineFlags::AUTHORIZED_FLAG)}));
    }
    Apply(*IssuerOf(asset), OperationBody::PAYMENT({Plain(account), asset, amount}));
  }

  // Both ways at neighbouring prices, so that offers do not cross.
  void Offers() {
    const Cast& cast = world_.cast;
    for (size_t i = 1; i < cast.assets.size(); ++i) {
      for (size_t maker = 0; maker < kMakers; ++maker) {
        const auto step = static_cast<int32_t>(maker);
        const int64_t amount = 20'000 * kXlm;
        Apply(cast.makers[maker], OperationBody::MANAGE_SELL_OFFER(
                                      {Native(), cast.assets[i], amount, {105 + step, 100}, 0}));
        Apply(cast.makers[maker], OperationBody::MANAGE_SELL_OFFER(
                                      {cast.assets[i], Native(), amount, {101 + step, 100}, 0}));
      }
    }
  }

  void Pools() {
    const Cast& cast = world_.cast;
    const std::pair<size_t, size_t> pairs[] = {{0, 1}, {1, 2}, {0, 3}};
    for (const auto& [a, b] : pairs) {
      const LiquidityPoolParameters pool = PoolOf(cast.assets[a], cast.assets[b]);
      for (size_t i = 0; i < kProviders; ++i) {
        Apply(cast.users[i], OperationBody::CHANGE_TRUST(
                                 {ChangeTrustAsset::ASSET_TYPE_POOL_SHARE(pool), kNoLimit}));
        Apply(cast.users[i], OperationBody::LIQUIDITY_POOL_DEPOSIT(
                                 {HashOf(pool), 1'000 * kXlm, 1'000 * kXlm, {1, 2}, {2, 1}}));
      }
    }
  }

  void Contracts() {
    Cast& cast = world_.cast;
    for (const Asset& asset : cast.assets) {
      CreateContractEntry(
          world_.state,
          InstanceEntry(world_.ContractOf(asset),
                        ContractExecutable::CONTRACT_EXECUTABLE_STELLAR_ASSET(), &asset),
          kNeverExpires);
      Settle();
    }
    for (size_t size : {760, 1'480, 5'200}) {
      std::vector<uint8_t> code = {0, 'a', 's', 'm', 1, 0, 0, 0};
      code.resize(size);
      random_.Fill(std::span(code).subspan(8));
      LedgerEntry entry = CodeEntry(world_, code);
      cast.programs.push_back(entry.data.contractCode().hash);
      CreateContractEntry(world_.state, std::move(entry), kNeverExpires);
      Settle();
    }
    for (size_t i = 0; i < 12; ++i) {
      cast.contracts.push_back(CreateContract(cast.programs[i % cast.programs.size()]));
    }
    cast.renewed = CreateContract(cast.programs[0]);
  }

  Hash CreateContract(const Hash& program) {
    const Hash contract = random_.Key();
    CreateContractEntry(
        world_.state,
        InstanceEntry(contract, ContractExecutable::CONTRACT_EXECUTABLE_WASM(program), nullptr),
        kNeverExpires);
    Settle();
    return contract;
  }

  World world_;
  Random random_;
};

}  // namespace

uint32_t World::meta_version() const {
  if (options.meta == 4) return 4;
  if (protocol >= 23) return 4;
  if (protocol >= 20) return 3;
  return options.meta ? std::min<uint32_t>(*options.meta, 2) : 2;
}

Hash World::ContractOf(const Asset& asset) const {
  const auto [at, unknown] = asset_contracts_.try_emplace(Encode(asset));
  if (unknown) {
    at->second = HashOf(HashIDPreimage::ENVELOPE_TYPE_CONTRACT_ID(
        {network_id, ContractIDPreimage::CONTRACT_ID_PREIMAGE_FROM_ASSET(asset)}));
  }
  return at->second;
}

World MakeWorld(const Options& options) { return Genesis(options).Build(); }

AccountID ActorOf(uint64_t seed, std::string_view name, unsigned role) {
  std::string text = std::to_string(seed) + "/" + std::string(name) + "/" + std::to_string(role);
  return AccountOf(ledger::Sha256Of(Bytes(text)));
}

}  // namespace stellar_arrow::synthetic
