#include "stellar_arrow/synthetic/soroban.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "stellar_arrow/synthetic/events.h"

namespace stellar_arrow::synthetic {
namespace {

using xdr::ContractDataDurability;

constexpr size_t kMostLookedAt = 200;  // in one ledger
constexpr size_t kMostArchived = 64;   // that are remembered

const Asset* AssetOfContract(const World& world, const Hash& contract) {
  for (const Asset& asset : world.cast.assets) {
    if (world.ContractOf(asset) == contract) return &asset;
  }
  return nullptr;
}

EventForm FormOf(const World& world) {
  return world.protocol >= 23 ? EventForm::kUnified : EventForm::kOld;
}

// Writes events in the form that is hashed and in the form that is shown.
class EventLog {
 public:
  EventLog(const World& world, SorobanOutcome& outcome) : world_(world), outcome_(outcome) {}

  template <typename Make>
  void Add(Make&& make) {
    const EventForm form = FormOf(world_);
    outcome_.events.push_back(make(form));
    outcome_.shown.push_back(make(world_.meta_version() == 4 ? EventForm::kUnified : form));
  }

 private:
  const World& world_;
  SorobanOutcome& outcome_;
};

// An i128's entry of a contract that holds an asset.
SCVal BalanceValue(int64_t amount) {
  return Map({{Symbol("amount"), Number(amount)},
              {Symbol("authorized"), SCVal::SCV_BOOL(true)},
              {Symbol("clawback"), SCVal::SCV_BOOL(false)}});
}

LedgerEntry DataEntryOf(const LedgerKey& key, SCVal value) {
  const LedgerKeyContractData& data = key.contractData();
  LedgerEntry entry;
  entry.data = LedgerEntryData::CONTRACT_DATA(
      {{}, data.contract, data.key, data.durability, std::move(value)});
  return entry;
}

// One running transaction.
class Run {
 public:
  Run(World& world, SorobanOutcome& outcome)
      : world_(world), outcome_(outcome), log_(world, outcome) {}

  // The result of a call, or nothing where it traps.
  std::optional<SCVal> Call(const InvokeContractArgs& call) {
    const Hash contract = call.contractAddress.contractId();
    if (const Asset* asset = AssetOfContract(world_, contract)) {
      return CallAsset(*asset, contract, call.functionName, call.args);
    }
    return CallProgram(contract, call.functionName, call.args);
  }

  void UseNonce(const SorobanCredentials& credentials) {
    const auto* delegated = credentials.ifAddressWithDelegates();
    const SorobanAddressCredentials* address =
        credentials.ifAddress() != nullptr     ? credentials.ifAddress()
        : credentials.ifAddressV2() != nullptr ? credentials.ifAddressV2()
        : delegated != nullptr                 ? &delegated->addressCredentials
                                               : nullptr;
    if (address == nullptr) return;
    LeaveToExpire(DataEntryOf(NonceKey(address->address, address->nonce), SCVal::SCV_VOID()),
                  address->signatureExpirationLedger - world_.ledger);
  }

  SCVal Create(const ContractIDPreimage& preimage, const ContractExecutable& executable) {
    const Hash id = ContractIdOf(world_, preimage);
    LedgerEntry entry = InstanceEntry(id, executable, preimage.ifFromAsset());
    LeaveToExpire(std::move(entry), 40);
    return AddressValue(ContractAddress(id));
  }

  SCVal Upload(const std::vector<uint8_t>& code) {
    LedgerEntry entry = CodeEntry(world_, code);
    const Hash hash = entry.data.contractCode().hash;
    if (!world_.state.Has(KeyOf(entry))) LeaveToExpire(std::move(entry), 30);
    return SCVal::SCV_BYTES({hash.begin(), hash.end()});
  }

 private:
  void LeaveToExpire(LedgerEntry entry, uint32_t ledgers) {
    outcome_.expiring.push_back(KeyOf(entry));
    CreateContractEntry(world_.state, std::move(entry), world_.ledger + ledgers);
  }

  bool Move(const Asset& asset, const SCAddress& holder, int64_t amount) {  // < 0: takes it
    SCAddress address = holder;
    if (const MuxedEd25519Account* muxed = holder.ifMuxedAccount()) {
      address = AddressOf(AccountOf(muxed->ed25519));
    }
    if (const AccountID* account = address.ifAccountId()) {
      return amount < 0 ? Take(world_, *account, asset, -amount)
                        : Give(world_, *account, asset, amount);
    }
    const LedgerKey key = BalanceKey(world_.ContractOf(asset), address);
    const LedgerEntry* entry = world_.state.Find(key);
    if (entry == nullptr) {
      if (amount < 0) return false;
      CreateContractEntry(world_.state, DataEntryOf(key, BalanceValue(amount)),
                          world_.ledger + 500'000);
      return true;
    }
    const int64_t held = NumberOf((*entry->data.contractData().val.map())[0].val);
    if (held + amount < 0) return false;
    world_.state.Change(key).data.contractData().val = BalanceValue(held + amount);
    return true;
  }

  std::optional<SCVal> CallAsset(const Asset& asset, const Hash& contract,
                                 const std::string& function, const std::vector<SCVal>& args) {
    if (function == "transfer") {
      const SCAddress& from = args[0].address();
      SCAddress to = args[1].address();
      const int64_t amount = NumberOf(args[2]);
      if (!Move(asset, from, -amount) || !Move(asset, to, amount)) return std::nullopt;
      std::optional<SCVal> muxed_id;
      if (const MuxedEd25519Account* muxed = to.ifMuxedAccount()) {
        muxed_id = SCVal::SCV_U64(muxed->id);
        to = AddressOf(AccountOf(muxed->ed25519));
      }
      log_.Add([&](EventForm form) {
        return MovedEvent(world_, asset, from, to, amount, muxed_id, form);
      });
      return SCVal::SCV_VOID();
    }
    if (function == "mint") {
      const int64_t amount = NumberOf(args[1]);
      if (!Move(asset, args[0].address(), amount)) return std::nullopt;
      log_.Add([&](EventForm form) {
        return MintEvent(world_, asset, args[0].address(), amount, form);
      });
      return SCVal::SCV_VOID();
    }
    if (function == "burn" || function == "clawback") {
      const int64_t amount = NumberOf(args[1]);
      if (!Move(asset, args[0].address(), -amount)) return std::nullopt;
      log_.Add([&](EventForm form) {
        return function == "burn" ? BurnEvent(world_, asset, args[0].address(), amount)
                                  : ClawbackEvent(world_, asset, args[0].address(), amount, form);
      });
      return SCVal::SCV_VOID();
    }
    if (function == "approve") {
      const LedgerKey key = AllowanceKey(contract, args[0].address(), args[1].address());
      const SCVal value =
          Map({{Symbol("amount"), args[2]}, {Symbol("live_until_ledger"), args[3]}});
      if (world_.state.Has(key)) {
        world_.state.Change(key).data.contractData().val = value;
      } else {
        LeaveToExpire(DataEntryOf(key, value), args[3].u32() - world_.ledger);
      }
      log_.Add([&](EventForm) {
        return MakeEvent(contract, xdr::ContractEventType::CONTRACT,
                         {Symbol("approve"), args[0], args[1], Text(TextOf(asset))},
                         List({args[2], args[3]}));
      });
      return SCVal::SCV_VOID();
    }
    return std::nullopt;
  }

  void Tell(const Hash& contract, std::string_view topic, const SCVal& subject, const SCVal& data) {
    log_.Add([&](EventForm) {
      return MakeEvent(contract, xdr::ContractEventType::CONTRACT, {Symbol(topic), subject}, data);
    });
  }

  std::optional<SCVal> CallProgram(const Hash& contract, const std::string& function,
                                   const std::vector<SCVal>& args) {
    if (function == "increment") {
      const LedgerKey key = InstanceKey(contract);
      if (!world_.state.Has(key)) return std::nullopt;
      SCContractInstance& instance = world_.state.Change(key).data.contractData().val.instance();
      if (!instance.storage) instance.storage = SCMap{{Symbol("COUNTER"), SCVal::SCV_U32(0)}};
      SCVal& counter = instance.storage->front().val;
      counter = SCVal::SCV_U32(counter.u32() + 1);
      Tell(contract, "COUNTER", Symbol("increment"), counter);
      return counter;
    }
    if (function == "store" || function == "keep") {  // for a while, or until it is evicted
      const bool temporary = function == "store";
      const LedgerKey key = DataKey(
          contract, args[0],
          temporary ? ContractDataDurability::TEMPORARY : ContractDataDurability::PERSISTENT);
      if (world_.state.Has(key)) {
        world_.state.Change(key).data.contractData().val = args[1];
      } else {
        LeaveToExpire(DataEntryOf(key, args[1]), temporary ? 16 : 24);
      }
      Tell(contract, "stored", args[0], args[1]);
      return SCVal::SCV_VOID();
    }
    if (function == "drop") {
      const LedgerKey key = DataKey(contract, args[0], ContractDataDurability::TEMPORARY);
      const LedgerEntry* entry = world_.state.Find(key);
      if (entry == nullptr) return std::nullopt;
      SCVal value = entry->data.contractData().val;
      world_.state.Remove(key);
      world_.state.Remove(KeyOfTtl(key));
      Tell(contract, "dropped", args[0], value);
      return value;
    }
    if (function == "pay") {  // from, to, an asset's contract, amount: calls that contract
      Tell(contract, "pay", args[0], args[3]);
      if (!Call({args[2].address(), "transfer", {args[0], args[1], args[3]}})) return std::nullopt;
      return SCVal::SCV_BOOL(true);
    }
    if (function == "upgrade") {
      SCContractInstance& instance =
          world_.state.Change(InstanceKey(contract)).data.contractData().val.instance();
      Hash program;
      std::ranges::copy(args[0].bytes(), program.begin());
      const Hash before = std::exchange(instance.executable.wasm_hash(), program);
      const auto described = [](const Hash& hash) {
        return List({Symbol("Wasm"), SCVal::SCV_BYTES({hash.begin(), hash.end()})});
      };
      log_.Add([&](EventForm) {
        return MakeEvent(contract, xdr::ContractEventType::SYSTEM,
                         {Symbol("executable_update"), described(before), described(program)},
                         List({}));
      });
      return SCVal::SCV_VOID();
    }
    if (function == "echo") {
      Tell(contract, "echo", args[0], args[0]);
      return args[0];
    }
    return std::nullopt;
  }

  World& world_;
  SorobanOutcome& outcome_;
  EventLog log_;
};

// Brings back what the archive has of `key`.
void RestoreEntry(World& world, const LedgerKey& key, uint32_t until, SorobanOutcome& outcome) {
  const auto found = std::ranges::find_if(
      world.archive, [&](const LedgerEntry& entry) { return Encode(KeyOf(entry)) == Encode(key); });
  if (found == world.archive.end()) return;
  if (world.protocol >= 23) {
    world.state.Restore(*found);
    LedgerEntry ttl;
    ttl.data = LedgerEntryData::TTL({HashOf(key), until});
    world.state.Restore(ttl);
  } else {
    world.state.Change(KeyOfTtl(key)).data.ttl().liveUntilLedgerSeq = until;
  }
  outcome.restored.push_back(key);
}

OperationResult Invoked(const Hash& success) {
  return OperationResult::opINNER(OperationResultTr::INVOKE_HOST_FUNCTION(
      InvokeHostFunctionResult::INVOKE_HOST_FUNCTION_SUCCESS(success)));
}

std::optional<SCVal> RunHostFunction(Run& run, const HostFunction& function) {
  switch (function.type()) {
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_INVOKE_CONTRACT:
      return run.Call(function.invokeContract());
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_CREATE_CONTRACT:
      return run.Create(function.createContract().contractIDPreimage,
                        function.createContract().executable);
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM:
      return run.Upload(function.wasm());
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_CREATE_CONTRACT_V2:
      return run.Create(function.createContractV2().contractIDPreimage,
                        function.createContractV2().executable);
  }
  return std::nullopt;
}

}  // namespace

SorobanOutcome ApplySoroban(Applying& applying, const Operation& operation,
                            const SorobanTransactionData& resources) {
  World& world = applying.world;
  SorobanOutcome outcome;
  outcome.returned = SCVal::SCV_VOID();
  const LedgerFootprint& footprint = resources.resources.footprint;
  if (const InvokeHostFunctionOp* invoke = operation.body.ifInvokeHostFunctionOp()) {
    if (const SorobanResourcesExtV0* archived = resources.ext.ifResourceExt()) {
      for (const uint32_t index : archived->archivedSorobanEntries) {
        RestoreEntry(world, footprint.readWrite[index], world.ledger + 24, outcome);
      }
    }
    Run run(world, outcome);
    for (const SorobanAuthorizationEntry& entry : invoke->auth) run.UseNonce(entry.credentials);
    if (std::optional<SCVal> returned = RunHostFunction(run, invoke->hostFunction)) {
      outcome.returned = std::move(*returned);
      outcome.result =
          Invoked(HashOf(InvokeHostFunctionSuccessPreImage{outcome.returned, outcome.events}));
    } else {
      outcome.events.clear();
      outcome.shown.clear();
      outcome.result = OperationResult::opINNER(OperationResultTr::INVOKE_HOST_FUNCTION(
          InvokeHostFunctionResult::INVOKE_HOST_FUNCTION_TRAPPED()));
    }
  } else if (const ExtendFootprintTTLOp* extend = operation.body.ifExtendFootprintTTLOp()) {
    const uint32_t until = world.ledger + extend->extendTo;
    for (const LedgerKey& key : footprint.readOnly) {
      const LedgerEntry* ttl = world.state.Find(KeyOfTtl(key));
      if (ttl == nullptr || ttl->data.ttl().liveUntilLedgerSeq >= until) continue;
      world.state.Change(KeyOfTtl(key)).data.ttl().liveUntilLedgerSeq = until;
    }
    outcome.result = OperationResult::opINNER(OperationResultTr::EXTEND_FOOTPRINT_TTL(
        ExtendFootprintTTLResult::EXTEND_FOOTPRINT_TTL_SUCCESS()));
  } else {
    for (const LedgerKey& key : footprint.readWrite) {
      RestoreEntry(world, key, world.ledger + 24, outcome);
    }
    outcome.result = OperationResult::opINNER(
        OperationResultTr::RESTORE_FOOTPRINT(RestoreFootprintResult::RESTORE_FOOTPRINT_SUCCESS()));
  }
  return outcome;
}

void Remember(World& world, const SorobanOutcome& outcome) {
  for (const LedgerKey& key : outcome.restored) {
    std::erase_if(world.archive,
                  [&](const LedgerEntry& entry) { return Encode(KeyOf(entry)) == Encode(key); });
    world.passing.push_back(key);
  }
  world.passing.insert(world.passing.end(), outcome.expiring.begin(), outcome.expiring.end());
}

SorobanFees FeesOf(int64_t resource_fee, bool success) {
  SorobanFees fees;
  fees.non_refundable = resource_fee * 6 / 10;
  fees.refundable = success ? resource_fee / 4 : 0;
  fees.rent = fees.refundable / 2;
  return fees;
}

std::vector<DiagnosticEvent> DiagnosticsOf(const Operation& operation,
                                           const SorobanResources& resources,
                                           const SorobanOutcome& outcome, bool success) {
  using xdr::ContractEventType;
  std::vector<DiagnosticEvent> events;
  const InvokeHostFunctionOp* invoke = operation.body.ifInvokeHostFunctionOp();
  if (invoke == nullptr) return events;
  const auto add_of_host = [&](SCVec topics, SCVal data) {
    ContractEvent event =
        MakeEvent({}, ContractEventType::DIAGNOSTIC, std::move(topics), std::move(data));
    event.contractID.reset();
    events.push_back({success, std::move(event)});
  };
  if (const InvokeContractArgs* call = invoke->hostFunction.ifInvokeContract()) {
    const Hash& contract = call->contractAddress.contractId();
    add_of_host({Symbol("fn_call"), SCVal::SCV_BYTES({contract.begin(), contract.end()}),
                 Symbol(call->functionName)},
                List(call->args));
    for (const ContractEvent& event : outcome.shown) events.push_back({success, event});
    events.push_back(
        {success,
         success ? MakeEvent(contract, ContractEventType::DIAGNOSTIC,
                             {Symbol("fn_return"), Symbol(call->functionName)}, outcome.returned)
                 : MakeEvent(contract, ContractEventType::DIAGNOSTIC,
                             {Symbol("error"), SCVal::SCV_ERROR(SCError::SCE_WASM_VM(
                                                   xdr::SCErrorCode::SCEC_INVALID_ACTION))},
                             Text("the call trapped"))});
  }
  const LedgerFootprint& footprint = resources.footprint;
  const std::pair<std::string_view, uint64_t> metrics[] = {
      {"read_entry", footprint.readOnly.size() + footprint.readWrite.size()},
      {"write_entry", footprint.readWrite.size()},
      {"ledger_read_byte", resources.diskReadBytes},
      {"ledger_write_byte", resources.writeBytes},
      {"read_key_byte", 0},
      {"write_key_byte", 0},
      {"read_data_byte", resources.diskReadBytes},
      {"write_data_byte", resources.writeBytes},
      {"read_code_byte", 0},
      {"write_code_byte", 0},
      {"emit_event", outcome.events.size()},
      {"emit_event_byte", 0},
      {"cpu_insn", resources.instructions},
      {"mem_byte", resources.instructions / 4},
      {"invoke_time_nsecs", resources.instructions / 20},
      {"max_rw_key_byte", 0},
      {"max_rw_data_byte", resources.writeBytes},
      {"max_rw_code_byte", 0},
      {"max_emit_event_byte", 0}};
  for (const auto& [name, value] : metrics) {
    add_of_host({Symbol("core_metrics"), Symbol(name)}, SCVal::SCV_U64(value));
  }
  return events;
}

LedgerKey InstanceKey(const Hash& contract) {
  return DataKey(contract, SCVal::SCV_LEDGER_KEY_CONTRACT_INSTANCE(),
                 ContractDataDurability::PERSISTENT);
}

LedgerKey BalanceKey(const Hash& asset_contract, const SCAddress& holder) {
  return DataKey(asset_contract, List({Symbol("Balance"), AddressValue(holder)}),
                 ContractDataDurability::PERSISTENT);
}

LedgerKey AllowanceKey(const Hash& asset_contract, const SCAddress& from,
                       const SCAddress& spender) {
  return DataKey(asset_contract,
                 List({Symbol("Allowance"), Map({{Symbol("from"), AddressValue(from)},
                                                 {Symbol("spender"), AddressValue(spender)}})}),
                 ContractDataDurability::TEMPORARY);
}

LedgerKey NonceKey(const SCAddress& signer, int64_t nonce) {
  return LedgerKey::CONTRACT_DATA(
      {signer, SCVal::SCV_LEDGER_KEY_NONCE({nonce}), ContractDataDurability::TEMPORARY});
}

LedgerKey DataKey(const Hash& contract, const SCVal& key, ContractDataDurability durability) {
  return LedgerKey::CONTRACT_DATA({ContractAddress(contract), key, durability});
}

LedgerKey HolderKey(const World& world, const Asset& asset, const SCAddress& holder) {
  const MuxedEd25519Account* muxed = holder.ifMuxedAccount();
  if (holder.ifContractId() != nullptr) return BalanceKey(world.ContractOf(asset), holder);
  const AccountID account = muxed != nullptr ? AccountOf(muxed->ed25519) : holder.accountId();
  return IsNative(asset) || IsIssuer(account, asset) ? KeyOf(account) : KeyOf(account, asset);
}

Hash ContractIdOf(const World& world, const ContractIDPreimage& preimage) {
  return HashOf(HashIDPreimage::ENVELOPE_TYPE_CONTRACT_ID({world.network_id, preimage}));
}

void CreateContractEntry(State& state, LedgerEntry entry, uint32_t until) {
  LedgerEntry ttl;
  ttl.data = LedgerEntryData::TTL({HashOf(KeyOf(entry)), until});
  state.Create(std::move(entry));
  state.Create(std::move(ttl));
}

LedgerEntry CodeEntry(const World& world, const std::vector<uint8_t>& code) {
  ContractCodeEntry entry;
  entry.hash = ledger::Sha256Of(code);
  entry.code = code;
  if (world.protocol >= 21) {
    ContractCodeEntryV1 v1;
    v1.costInputs.nInstructions = static_cast<uint32_t>(code.size() / 3);
    v1.costInputs.nFunctions = 12;
    v1.costInputs.nExports = 5;
    entry.ext = ContractCodeEntryExt::v1(v1);
  }
  LedgerEntry ledger_entry;
  ledger_entry.data = LedgerEntryData::CONTRACT_CODE(std::move(entry));
  return ledger_entry;
}

LedgerEntry InstanceEntry(const Hash& contract, const ContractExecutable& executable,
                          const Asset* asset) {
  SCContractInstance instance{executable, std::nullopt};
  if (asset != nullptr) {
    const std::string name = TextOf(*asset);
    SCMap storage = {
        {Symbol("METADATA"), Map({{Symbol("decimal"), SCVal::SCV_U32(7)},
                                  {Symbol("name"), Text(name)},
                                  {Symbol("symbol"), Text(name.substr(0, name.find(':')))}})}};
    if (!IsNative(*asset)) {
      storage.push_back({List({Symbol("Admin")}), AddressValue(AddressOf(*IssuerOf(*asset)))});
    }
    storage.push_back(
        {List({Symbol("AssetInfo")}), List({Symbol(IsNative(*asset) ? "Native" : "AlphaNum")})});
    instance.storage = std::move(storage);
  }
  return DataEntryOf(InstanceKey(contract), SCVal::SCV_CONTRACT_INSTANCE(std::move(instance)));
}

std::vector<LedgerKey> Evict(World& world) {
  std::vector<LedgerKey> evicted;
  for (size_t looked_at = std::min(world.passing.size(), kMostLookedAt); looked_at > 0;
       --looked_at) {
    const LedgerKey key = std::move(world.passing.front());
    world.passing.pop_front();
    const LedgerKey ttl_key = KeyOfTtl(key);
    const LedgerEntry* entry = world.state.Find(key);
    if (entry == nullptr) continue;  // removed, or created by a transaction that failed after all
    if (world.state.Find(ttl_key)->data.ttl().liveUntilLedgerSeq >= world.ledger) {
      world.passing.push_back(key);
      continue;
    }
    const LedgerKeyContractData* data = key.ifContractData();
    const bool temporary = data != nullptr && data->durability == ContractDataDurability::TEMPORARY;
    if (!temporary) world.archive.push_back(*entry);
    if (temporary || world.protocol >= 23) {
      evicted.push_back(key);
      evicted.push_back(ttl_key);
      world.state.Forget(key);
      world.state.Forget(ttl_key);
    }
    if (world.archive.size() > kMostArchived) {
      const LedgerKey oldest = KeyOf(world.archive.front());
      world.archive.pop_front();
      if (world.protocol < 23) {
        world.state.Forget(oldest);
        world.state.Forget(KeyOfTtl(oldest));
      }
    }
  }
  return evicted;
}

}  // namespace stellar_arrow::synthetic
