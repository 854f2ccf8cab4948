// From a URL or a path to a source.
#include <arrow/filesystem/localfs.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/composite_source.h"
#include "stellar_arrow/source/core_source.h"
#include "stellar_arrow/source/file_source.h"
#include "stellar_arrow/source/framed_source.h"
#include "stellar_arrow/source/grpc_source.h"
#include "stellar_arrow/source/http_client.h"
#include "stellar_arrow/source/lake_source.h"
#include "stellar_arrow/source/remote.h"
#include "stellar_arrow/source/rpc_source.h"
#include "stellar_arrow/source/source.h"
#include "stellar_arrow/source/synthetic_source.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

namespace stdfs = std::filesystem;

constexpr std::string_view kForms =
    "a path, file:PATH, framed:PATH[?follow=true], framed:- for standard input, grpc://HOST:PORT, "
    "https://HOST/PATH, s3://BUCKET/PATH, gs://BUCKET/PATH, abfs://CONTAINER@ACCOUNT/PATH, "
    "public:pubnet, rpc+https://HOST/PATH, core:CONFIG, or synthetic:?SETTINGS";

constexpr std::string_view kGrpc = "grpc://";
constexpr std::string_view kRpc = "rpc+";  // ahead of http:// or https://

bool IsRpc(std::string_view url) {
  return url.starts_with("rpc+http://") || url.starts_with("rpc+https://");
}

// Settings that a scheme knows, behind '?'.
std::string_view SettingsOf(std::string_view scheme) {
  if (scheme == "framed") return "follow";
  if (scheme == "core") return "program, storage";
  return "none";
}

bool Knows(std::string_view scheme, std::string_view setting) {
  return (scheme == "framed" && setting == "follow") ||
         (scheme == "core" && (setting == "program" || setting == "storage"));
}

// A source's name in its parts.
struct SourceUrl {
  std::string scheme;  // empty for a plain path
  std::string path;
  std::map<std::string, std::string> query;
};

// What stands before a ':' is a scheme only if it can be one, so that paths with colons stay paths.
std::string_view SchemeOf(std::string_view url) {
  const size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon < 2) return {};
  const std::string_view scheme = url.substr(0, colon);
  const bool valid = std::ranges::all_of(scheme, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
  return valid ? scheme : std::string_view{};
}

arrow::Result<SourceUrl> ParseUrl(std::string_view text) {
  if (text.empty()) {
    return Error(ErrorCode::kInvalidArgument, "no source was given: name ", kForms);
  }
  SourceUrl url;
  url.scheme = SchemeOf(text);
  if (url.scheme.empty() && text.find("://") != std::string_view::npos) {
    // Not the source itself, which may hold secrets anywhere.
    return Error(ErrorCode::kInvalidArgument,
                 "a source's scheme is not known, or not in small letters; a source is ", kForms);
  }
  if (url.scheme.empty()) {
    url.path = text;
    return url;
  }
  const bool synthetic = url.scheme == "synthetic";
  if (url.scheme != "file" && url.scheme != "framed" && url.scheme != "core" && !synthetic) {
    // Not the source itself, which may hold secrets anywhere.
    return Error(ErrorCode::kInvalidArgument, "unknown scheme '", url.scheme, ":'; a source is ",
                 kForms);
  }
  std::string_view rest = text.substr(url.scheme.size() + 1);
  if (rest.starts_with("//")) {  // file:///absolute/path
    rest.remove_prefix(2);
    if (!rest.starts_with('/')) {
      return Error(ErrorCode::kInvalidArgument, "source '", text,
                   "' names a host; write file:/absolute/path or file:relative/path");
    }
  }
  const size_t mark = rest.find('?');
  url.path = rest.substr(0, mark);
  if (url.path.empty() != synthetic) {
    return Error(ErrorCode::kInvalidArgument, "source '", text, "' names ",
                 synthetic ? "a path; synthetic: has none" : "no path");
  }
  for (std::string_view query = mark == std::string_view::npos ? "" : rest.substr(mark + 1);
       !query.empty();) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string key(pair.substr(0, equals));
    // What synthetic: knows is for its own parser to say.
    if (!synthetic && !Knows(url.scheme, key)) {
      return Error(ErrorCode::kInvalidArgument, "unknown setting '", key, "' in source '", text,
                   "'; ", url.scheme, ": knows ", SettingsOf(url.scheme));
    }
    const std::string_view value = equals < pair.size() ? pair.substr(equals + 1) : "";
    if (!url.query.emplace(key, value).second) {
      return Error(ErrorCode::kInvalidArgument, "source '", text, "' says ", key, " twice");
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return url;
}

arrow::Result<bool> FollowOf(const SourceUrl& url) {
  const auto found = url.query.find("follow");
  if (found == url.query.end() || found->second == "false") return false;
  if (found->second == "true") return true;
  return Error(ErrorCode::kInvalidArgument, "follow=", found->second, ": it can be true or false");
}

// What the header Authorization is to say.
arrow::Result<std::string> ReadAuthorization(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  text.erase(text.find_last_not_of(" \r\n") + 1);
  if (!file || text.empty() || std::ranges::any_of(text, [](char c) { return c < ' '; })) {
    return Error(ErrorCode::kInvalidArgument, "the file ", path,
                 " cannot be read as one line, that of the header Authorization");
  }
  return text;
}

arrow::Result<std::unique_ptr<LedgerSource>> OpenRpcUrl(std::string_view text,
                                                        const SourceOptions& options) {
  constexpr std::string_view kAuthorizationFile = "authorization-file=";
  const std::string_view url = text.substr(kRpc.size());
  const size_t mark = std::min(url.find('#'), url.size());
  const std::string_view fragment = url.substr(std::min(mark + 1, url.size()));
  std::string authorization;
  if (fragment.starts_with(kAuthorizationFile)) {
    ARROW_ASSIGN_OR_RAISE(
        authorization, ReadAuthorization(std::string(fragment.substr(kAuthorizationFile.size()))));
  } else if (!fragment.empty()) {
    return Error(ErrorCode::kInvalidArgument, "source '", ShownUrl(text),
                 "': behind '#' there can be ", kAuthorizationFile, "PATH");
  }
  return OpenRpc(std::string(url.substr(0, mark)), authorization, options);
}

arrow::Result<std::unique_ptr<LedgerSource>> OpenCoreUrl(const SourceUrl& url, std::string name,
                                                         const SourceOptions& options) {
  CoreSettings settings;
  settings.config = url.path;
  const auto program = url.query.find("program");
  if (program != url.query.end()) settings.program = program->second;
  const auto storage = url.query.find("storage");
  if (storage != url.query.end()) settings.storage = storage->second;
  return OpenCore(std::move(settings), std::move(name), options);
}

// The lines of `text` that say anything.
std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool IsZstdFile(const std::string& path) {
  std::error_code error;
  if (!stdfs::is_regular_file(path, error)) return false;  // opening a pipe would wait for a writer
  std::ifstream file(path, std::ios::binary);
  uint8_t magic[4] = {};
  file.read(reinterpret_cast<char*>(magic), sizeof magic);
  return file.gcount() == sizeof magic && IsZstd(magic);
}

arrow::Status Unreadable(const std::string& path, const std::error_code& error) {
  const bool missing = error == std::errc::no_such_file_or_directory;
  return Error(missing ? ErrorCode::kNotFound : ErrorCode::kUnavailable, "cannot look at ", path,
               ": ", error.message());
}

// The regular files of a folder, not those in its subfolders, nor hidden ones. A link that leads
// nowhere is an error: it may stand for ledgers.
arrow::Result<std::vector<std::string>> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  stdfs::directory_iterator entry(folder, error);
  for (; !error && entry != stdfs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with('.')) continue;
    std::error_code entry_error;
    const stdfs::file_status status = entry->status(entry_error);
    if (!stdfs::exists(status)) return Unreadable(entry->path().string(), entry_error);
    if (stdfs::is_regular_file(status)) files.push_back(entry->path().string());
  }
  if (error) return Unreadable(folder, error);
  std::ranges::sort(files);
  return files;
}

// The folder's absolute path, which ends in no slash, as Arrow's file systems want it.
std::string FolderPath(const std::string& path) {
  const std::string absolute = stdfs::absolute(path).lexically_normal().string();
  return absolute.size() > 1 && absolute.back() == '/' ? absolute.substr(0, absolute.size() - 1)
                                                       : absolute;
}

std::shared_ptr<Store> OpenFolder(const std::string& path, const SourceOptions& options) {
  return OpenStore(std::make_shared<arrow::fs::LocalFileSystem>(), FolderPath(path),
                   MostStoredBytes(options.max_object_bytes));
}

arrow::Result<std::unique_ptr<LedgerSource>> OpenPath(const std::string& path, std::string name,
                                                      const SourceOptions& options) {
  std::error_code error;
  const stdfs::file_status status = stdfs::status(path, error);
  if (status.type() == stdfs::file_type::not_found) {
    return Error(ErrorCode::kNotFound, "source ", path, " does not exist");
  }
  if (!stdfs::exists(status)) return Unreadable(path, error);
  if (!stdfs::is_directory(status)) {
    if (!stdfs::is_regular_file(status)) {
      return Error(ErrorCode::kInvalidArgument, path,
                   " is neither a file nor a folder; for a pipe write framed:", path);
    }
    return OpenFiles({path}, std::move(name), options);
  }
  auto store = OpenFolder(path, options);
  ARROW_ASSIGN_OR_RAISE(const bool lake, LooksLikeLake(*store));
  if (lake) return OpenLake(std::move(store), std::move(name), options);
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> files, FilesIn(FolderPath(path)));
  if (files.empty()) {
    return Error(ErrorCode::kNotFound, path,
                 " is neither a lake (no .config.json, no names of its kind) nor a folder of "
                 "ledger files: it holds no files");
  }
  return OpenFiles(std::move(files), std::move(name), options);
}

}  // namespace

std::string ShownUrl(std::string_view url) {
  const auto lines = LinesOf(url);
  if (lines.size() > 1) {
    std::string all;
    for (const std::string_view line : lines) all += (all.empty() ? "" : "\n") + ShownUrl(line);
    return all;
  }
  if (IsRpc(url)) return RpcName(url.substr(kRpc.size()));
  if (IsRemote(SchemeOf(url))) return ShownRemote(url);
  return url.find("://") == std::string_view::npos ? std::string(url) : WithoutSecrets(url);
}

arrow::Result<std::unique_ptr<LedgerSource>> OpenSource(std::string_view text,
                                                        const SourceOptions& options) {
  if (const auto lines = LinesOf(text); lines.size() > 1) {
    std::vector<std::unique_ptr<LedgerSource>> sources;
    for (const std::string_view line : lines) {
      // One that does not answer now is no reason not to begin with the others.
      ARROW_ASSIGN_OR_RAISE(
          sources.emplace_back(),
          OpenNowOrLater(IsRemote(SchemeOf(line)) ? RemoteName(line) : ShownUrl(line),
                         [url = std::string(line), options] { return OpenSource(url, options); }));
    }
    return OpenComposite(std::move(sources));
  }
  if (IsRpc(text)) return OpenRpcUrl(text, options);
  if (text.starts_with(kGrpc)) {
    return OpenGrpc(std::string(text.substr(kGrpc.size())), ShownUrl(text), options);
  }
  if (IsRemote(SchemeOf(text))) {
    ARROW_ASSIGN_OR_RAISE(RemoteLake lake, FindRemoteLake(text, options));
    return OpenLake(std::move(lake.store), std::move(lake.name), lake.options);
  }
  ARROW_ASSIGN_OR_RAISE(const SourceUrl url, ParseUrl(text));
  if (url.scheme == "core") return OpenCoreUrl(url, std::string(text), options);
  if (url.scheme == "synthetic") return OpenSynthetic(url.query, std::string(text));
  if (url.scheme != "framed") return OpenPath(url.path, url.path, options);
  ARROW_ASSIGN_OR_RAISE(const bool follow, FollowOf(url));
  if (url.path != "-" && IsZstdFile(url.path)) {
    if (follow) {
      return Error(ErrorCode::kInvalidArgument, url.path,
                   " is zstd, which cannot be followed: a frame is whole or useless");
    }
    return OpenFiles({url.path}, url.path, options);
  }
  return OpenFramed(url.path, follow, url.path == "-" ? "standard input" : url.path);
}

arrow::Result<LakeListing> ListLake(std::string_view text, const SourceOptions& options) {
  if (text.starts_with(kGrpc) || IsRpc(text)) {
    return Error(ErrorCode::kInvalidArgument, ShownUrl(text), " is no lake: it is a service");
  }
  if (IsRemote(SchemeOf(text))) {
    ARROW_ASSIGN_OR_RAISE(RemoteLake lake, FindRemoteLake(text, options));
    return ListLakeAt(std::move(lake.store), std::move(lake.name), lake.options);
  }
  ARROW_ASSIGN_OR_RAISE(const SourceUrl url, ParseUrl(text));
  std::error_code error;
  if (url.scheme == "framed" || url.scheme == "core" || url.scheme == "synthetic" ||
      !stdfs::is_directory(url.path, error)) {
    return Error(ErrorCode::kInvalidArgument, text, " is no lake: it is no folder");
  }
  auto store = OpenFolder(url.path, options);
  ARROW_ASSIGN_OR_RAISE(const bool lake, LooksLikeLake(*store));
  if (!lake) {
    return Error(ErrorCode::kInvalidArgument, url.path,
                 " is no lake: it has no .config.json and no names of a lake's kind");
  }
  return ListLakeAt(std::move(store), url.path, options);
}

}  // namespace stellar_arrow::source
