#include "bench/corpus.h"

#include <utility>

namespace stellar_arrow::bench {
namespace {

Corpus MakeCorpus(std::string passphrase, const std::vector<std::string>& urls, size_t ledgers) {
  Corpus made;
  made.passphrase = std::move(passphrase);
  made.raw = support::MakeChain(urls, kFirst, ledgers);
  made.objects = support::MakeObjects(made.raw, kFirst, 1);
  for (const auto& ledger : made.raw) made.raw_bytes += static_cast<int64_t>(ledger.size());
  return made;
}

}  // namespace

std::unique_ptr<support::MemorySource> Corpus::Source() const {
  auto source = std::make_unique<support::MemorySource>(objects);
  source->script.passphrase = passphrase;
  return source;
}

const Corpus& Pubnet() {
  static const Corpus corpus = MakeCorpus(
      "Public Global Stellar Network ; September 2015",
      {SAS_TEST_DATA "/corpora/30820015.lcm.xdr.zst", SAS_TEST_DATA "/pubnet-lake"}, 350);
  return corpus;
}

const Corpus& LoadTest() {
  static const Corpus corpus = MakeCorpus(
      "load test network", {SAS_TEST_DATA "/corpora/load-test-ledgers-v24.xdr.zstd"}, 63);
  return corpus;
}

}  // namespace stellar_arrow::bench
