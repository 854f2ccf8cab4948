#include "stellar_arrow/source/remote.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/http_client.h"
#include "stellar_arrow/source/http_store.h"
#include "stellar_arrow/source/object_cache.h"
#include "stellar_arrow/source/object_store.h"
#include "stellar_arrow/source/proven_store.h"

namespace stellar_arrow::source {
namespace {

constexpr std::string_view kPublic = "public";

// Lakes that are open to everybody, by the names of their networks.
constexpr std::pair<std::string_view, std::string_view> kPublicLakes[] = {
    {"pubnet",
     "s3://aws-public-blockchain/v1.1/stellar/ledgers/pubnet?region=us-east-2&anonymous=true"},
    {"testnet",
     "s3://aws-public-blockchain/v1.1/stellar/ledgers/testnet?region=us-east-2&anonymous=true"},
};

// What "public:NAME[?SETTINGS]" stands for. `name` is what it is called.
arrow::Result<std::string> PublicLake(std::string_view url, std::string* name) {
  const size_t mark = std::min(url.find('?'), url.size());
  *name = url.substr(0, mark);
  std::string known;
  for (const auto& [network, lake] : kPublicLakes) {
    if (*name == Concat(kPublic, ":", network)) {
      return Concat(lake, mark < url.size() ? "&" : "", url.substr(std::min(mark + 1, url.size())));
    }
    known.append(known.empty() ? "" : ", ").append(kPublic).append(":").append(network);
  }
  return Error(ErrorCode::kInvalidArgument, "no public lake is called ", Quoted(*name),
               "; there are ", known);
}

// What the fragment of a URL says, which no server gets to see.
arrow::Status ReadFragment(std::string_view fragment, SourceOptions* options) {
  constexpr std::string_view kFirst = "first=";
  if (fragment.empty()) return arrow::Status::OK();
  const std::string_view number = fragment.substr(std::min(kFirst.size(), fragment.size()));
  const char* const end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, options->first_ledger);
  if (!fragment.starts_with(kFirst) || error != std::errc() || stop != end ||
      options->first_ledger == 0) {
    // Not what it is, which may be part of a password.
    return Error(
        ErrorCode::kInvalidArgument,
        "behind '#' a source's URL knows first=LEDGER only, the lake's first ledger; a '#' of it "
        "that is written %23");
  }
  return arrow::Status::OK();
}

// "?a=b&c=d" by names.
arrow::Result<std::map<std::string, std::string>> ParseQuery(std::string_view query) {
  std::map<std::string, std::string> settings;
  while (!query.empty()) {
    query.remove_prefix(1);
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    if (!settings.emplace(pair.substr(0, equals), value).second) {
      return Error(ErrorCode::kInvalidArgument, "the source's URL says ",
                   Quoted(pair.substr(0, equals)), " twice");
    }
    query.remove_prefix(end);
  }
  return settings;
}

}  // namespace

bool IsRemote(std::string_view scheme) {
  return scheme == "http" || scheme == "https" || scheme == kPublic || IsObjectStore(scheme);
}

std::string RemoteName(std::string_view url) {
  constexpr std::string_view kCut = "?...";
  std::string name = WithoutSecrets(url);
  if (name.ends_with(kCut)) name.resize(name.size() - kCut.size());
  // Before its '@' Azure's has the container, if that is no key.
  const std::string_view folder = url.substr(0, url.find_first_of("?#"));
  const size_t key = folder.find(':', folder.find("://") + 1);
  if (url.starts_with("abfs") && key == std::string_view::npos) name = folder;
  while (name.ends_with('/')) name.pop_back();
  return name;
}

std::string ShownRemote(std::string_view url) {
  if (!IsObjectStore(url.substr(0, url.find("://"))) && !url.starts_with(kPublic)) {
    return WithoutSecrets(url);
  }
  std::string shown = RemoteName(url);
  const std::string_view rest = url.substr(std::min(url.find('#'), url.size()));
  url.remove_suffix(rest.size());
  std::string_view query = url.substr(std::min(url.find('?'), url.size()));
  while (!query.empty()) {
    const char mark = query.front();
    query.remove_prefix(1);
    const std::string_view pair = query.substr(0, query.find('&'));
    const std::string_view name = pair.substr(0, pair.find('='));
    const bool open = IsOpenSetting(name) && pair.find_first_of("@%") == std::string_view::npos;
    shown.append(1, mark).append(open ? pair : "...");
    query.remove_prefix(pair.size());
  }
  SourceOptions said;
  if (ReadFragment(rest.substr(std::min<size_t>(1, rest.size())), &said).ok()) shown.append(rest);
  return shown;
}

arrow::Result<RemoteLake> FindRemoteLake(std::string_view url, const SourceOptions& options) {
  std::string name;
  std::string meant;
  if (url.starts_with(kPublic)) {
    ARROW_ASSIGN_OR_RAISE(meant, PublicLake(url, &name));
    url = meant;
  }
  RemoteLake lake{nullptr, {}, options};
  const size_t fragment = std::min(url.find('#'), url.size());
  if (fragment < url.size()) {
    ARROW_RETURN_NOT_OK(ReadFragment(url.substr(fragment + 1), &lake.options));
  }
  url = url.substr(0, fragment);
  const size_t mark = std::min(url.find('?'), url.size());
  std::string_view folder = url.substr(0, mark);
  const std::string_view query = url.substr(mark);
  while (folder.ends_with('/')) folder.remove_suffix(1);
  const size_t slashes = folder.find("://");
  if (slashes == std::string_view::npos) {
    return Error(ErrorCode::kInvalidArgument,
                 "the source's URL names no host; it should begin as https://HOST/PATH");
  }
  const std::string_view scheme = folder.substr(0, slashes);
  const int64_t most_bytes = MostStoredBytes(options.max_object_bytes);
  if (IsObjectStore(scheme)) {
    ARROW_ASSIGN_OR_RAISE(const auto settings, ParseQuery(query));
    ARROW_ASSIGN_OR_RAISE(
        lake.store,
        OpenObjectStore(scheme, std::string(folder.substr(slashes + 3)), settings, most_bytes));
  } else {
    lake.store = OpenHttpStore(std::string(folder), std::string(query), most_bytes);
  }
  lake.name = name.empty() ? RemoteName(folder) : name;
  lake.store = WithProof(std::move(lake.store));
  if (!options.cache_folder.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto cache, ObjectCache::Open(options.cache_folder, options.cache_bytes));
    lake.store = WithCache(std::move(lake.store), Concat(folder, query), std::move(cache));
  }
  return lake;
}

}  // namespace stellar_arrow::source
