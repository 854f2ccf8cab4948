// Writes the inputs that the corpora begin with into OUTPUT/<target>/: the ledgers of tests/data
// that are not too long, what the other targets read, and values of every type.
//
//   fuzz_seeds tests/data OUTPUT
#include <openssl/evp.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/typed_input.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/xdr/runtime.h"
#include "stellar_arrow/xdr/type_info.h"
#include "tests/support/ledger_files.h"
#include "tests/support/random_xdr.h"

namespace stellar_arrow::fuzz {
namespace {

using xdr::Bytes;

// Longer ledgers are only more of the same, and slow.
constexpr size_t kMaxLedgerBytes = size_t{96} << 10;
constexpr size_t kMaxPageBytes = size_t{3} << 10;

class Seeds {
 public:
  explicit Seeds(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void Add(const std::string& target, std::string_view content) {
    const auto folder = folder_ / target;
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / std::to_string(count_++), std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) throw std::runtime_error("cannot write to " + folder.string());
  }
  void Add(const std::string& target, std::string_view head, Bytes wire) {
    const auto input = *FormatInput(head, wire, kMaxInputBytes);
    Add(target, {reinterpret_cast<const char*>(input.data()), input.size()});
  }

 private:
  std::filesystem::path folder_;
  size_t count_ = 0;
};

// What an RPC node answers to getLedgers, with one ledger.
std::string PageOf(Bytes wire) {
  const auto id = *ledger::PeekLedger(wire);
  const std::string sequence = std::to_string(id.sequence);
  std::string base64((wire.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<uint8_t*>(base64.data()), wire.data(),
                  static_cast<int>(wire.size()));
  base64.pop_back();  // the 0 that ends it
  return R"(p{"jsonrpc":"2.0","id":1,"result":{"ledgers":[{"hash":")" + text::EncodeHex(id.hash) +
         R"(","sequence":)" + sequence + R"(,"metadataXdr":")" + base64 + R"("}],"latestLedger":)" +
         sequence + R"(,"cursor":")" + sequence + R"("}})";
}

void AddLedgers(const std::filesystem::path& data, Seeds& seeds) {
  const xdr::TypeInfo& ledger = *xdr::FindType("LedgerCloseMeta");
  const xdr::TypeInfo& batch = *xdr::FindType("LedgerCloseMetaBatch");
  int objects = 0;
  support::ForEachXdr(data, [&](const std::string&, Bytes wire) {
    if (wire.size() > kMaxLedgerBytes) return;
    if (!xdr::Explain(ledger, wire)) {
      seeds.Add("xdr", "LedgerCloseMeta v1.txProcessing[0].result", wire);
      if (wire.size() <= kMaxPageBytes) seeds.Add("rpc", PageOf(wire));
      if (++objects % 200 == 0) seeds.Add("object", "ledger zip 1048576 0 0", wire);
    } else if (!xdr::Explain(batch, wire)) {
      seeds.Add("xdr", "LedgerCloseMetaBatch ledgerCloseMetas[0].v2", wire);
      const uint32_t first = xdr::detail::Load32(wire.data());
      const uint32_t last = xdr::detail::Load32(wire.data() + 4);
      for (const std::string form : {"batch zip 1048576 ", "batch bare 1048576 "}) {
        seeds.Add("object", form + std::to_string(first) + " " + std::to_string(last), wire);
      }
    }
  });
}

// Every arm of every union, every other type some times over.
void AddValues(Seeds& seeds) {
  support::RandomXdr random(1);
  for (const xdr::TypeInfo* type : xdr::AllTypes()) {
    for (const xdr::ArmInfo& arm : type->arms) {
      for (const xdr::UnionCase& selected : arm.cases) {
        seeds.Add("xdr", type->name, random.UnionValue(*type, selected.value));
      }
    }
    for (int i = 0; type->arms.empty() && i < 3; ++i) {
      seeds.Add("xdr", type->name, random.Value(*type));
    }
  }
}

void AddTexts(Seeds& seeds) {
  for (const std::string_view text :
       {"tstellar_ledger", "ttransactions:5", "toperations:0:9", "tttp_events:30822015:30822020",
        "tstellar_ledger:7:0", "pstellar_ledger\n7\n9\n", "pttp_events\n0\n", "poperations:3:4\n",
        R"(t{"table":"stellar_ledger","start":3,"end":9,"columns":["ledger_hash","sequence"]})",
        R"(t{"table":"transactions","start":0,"endpoints":1024})",
        R"(t{"table":"transactions","start":7,"compression":"lz4"})",
        R"(t{"table":"operations","start":7,"cursor":{"v":1,"network":null,"table":"operations",)"
        R"("schema":"1.1.0","first":7,"last":null,"last_hash":null,"rows":0,"digest":)"
        R"("0000000000000000000000000000000000000000000000000000000000000000"}})",
        R"(t{"table":"operations","start":4294967295,"end":4294967295,"columns":["type"]})"}) {
    seeds.Add("request", text);
  }
  for (const std::string_view text :
       {R"(c{"v":1,"network":null,"table":"operations","schema":"1.1.0","first":7,"last":9,)"
        R"("last_hash":"00000000000000000000000000000000000000000000000000000000000000aa",)"
        R"("rows":12,"digest":"00000000000000000000000000000000000000000000000000000000000000bb"})",
        R"(s{"stream_id":"nightly-1","start_ledger":7,"end_ledger":20,"last_processed":9,)"
        R"("processed_count":3,"bytes_processed":1000,"last_checkpoint":"2026-11-26T11:00:00Z",)"
        R"("metadata":{"request":"operations from 7 to 20"},"format":1,)"
        R"("network":"7ac33997544e3175d266bd022439b22cdb16508c01163f26e5cb2a3e1045a979",)"
        R"("table":"operations","schema":"1.1.0",)"
        R"("last_hash":"00000000000000000000000000000000000000000000000000000000000000aa",)"
        R"("rows":12,"digest":"00000000000000000000000000000000000000000000000000000000000000bb",)"
        R"("acknowledged":true})",
        R"( {"stream_id":"nightly-1","format":2})"}) {
    seeds.Add("checkpoint", text);
  }
  for (const std::string_view text :
       {R"(h{"jsonrpc":"2.0","id":1,"result":{"status":"healthy","latestLedger":120,)"
        R"("oldestLedger":100,"ledgerRetentionWindow":20}})",
        R"(l{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":23,"sequence":120}})",
        R"(n{"jsonrpc":"2.0","id":1,"result":{"passphrase":"Test SDF Network ; September 2015"}})",
        R"(p{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"start ledger (7) must be"}})",
        R"(p{"result":{"ledgers":[],"latestLedger":120}})"}) {
    seeds.Add("rpc", text);
  }
  for (const std::string_view text :
       {"nFE29B180--30822015.xdr.zst", "nFFFFFFFF--0-63999", "nFFFFFC18--999.xdr.zst",
        "nFE2A45FF--30784000-30847999", "nFFFFFFFF--0-63.xdr.zstd",
        R"(m{"networkPassphrase":"Test SDF Network ; September 2015","version":"1.0",)"
        R"("compression":"zstd","ledgersPerBatch":1,"batchesPerPartition":64000})",
        R"(m{"networkPassphrase":"x","ledgersPerBatch":4294967295,"batchesPerPartition":1})"}) {
    seeds.Add("lake", text);
  }
  for (const std::string_view numbers :
       {std::string_view("k\1\0\0\0\1\0\0\0\2\0\0\0", 13),
        std::string_view("k\100\0\0\0\0\372\0\0\377\377\0\0", 13),
        std::string_view("k\377\377\377\377\377\377\377\377\377\377\377\377", 13)}) {
    seeds.Add("lake", numbers);
  }
  for (const std::string_view text :
       {"source = \"lake\"\nport = 8815\nverify = \"full\"\n",
        "batch_bytes = \"2MiB\"\nbatch_size = 1_000\nthreads = 0x4\nlog_level = 'debug'\n",
        "max_object_bytes = 1073741824\nledgers_per_file = 64\nnetwork = \"\"\"Test SDF Network ; "
        "September 2015\"\"\"\n",
        "[table]\nkey = [1, 2.5, {a = 1979-05-27T07:32:00Z}]\n",
        "sauce = \"x\" # close to source\n",
        "anchor = \"5:\\u00e9\\U0001F600\"\nlisten=\"0.0.0.0\"\nport='70000'\n"}) {
    seeds.Add("config", text);
  }
}

}  // namespace
}  // namespace stellar_arrow::fuzz

int main(int argc, char** argv) {
  using namespace stellar_arrow::fuzz;
  if (argc != 3) {
    std::cerr << "usage: fuzz_seeds TESTS_DATA OUTPUT\n";
    return 2;
  }
  Seeds seeds(argv[2]);
  AddLedgers(argv[1], seeds);
  AddValues(seeds);
  AddTexts(seeds);
  return 0;
}
