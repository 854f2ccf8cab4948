// From a URL or a path to a source.
#include <arrow/filesystem/localfs.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/file_source.h"
#include "stellar_arrow/source/framed_source.h"
#include "stellar_arrow/source/grpc_source.h"
#include "stellar_arrow/source/lake_source.h"
#include "stellar_arrow/source/source.h"
#include "stellar_arrow/source/synthetic_source.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

namespace stdfs = std::filesystem;

constexpr std::string_view kForms =
    "a path, file:PATH, framed:PATH[?follow=true], framed:- for standard input, grpc://HOST:PORT, "
    "or "
    "synthetic:?SETTINGS";

constexpr std::string_view kGrpc = "grpc://";

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
  if (url.scheme.empty()) {
    url.path = text;
    return url;
  }
  const bool synthetic = url.scheme == "synthetic";
  if (url.scheme != "file" && url.scheme != "framed" && !synthetic) {
    return Error(ErrorCode::kInvalidArgument, "unknown scheme '", url.scheme, ":' of source '",
                 text, "'; a source is ", kForms);
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
    if (!synthetic && !(url.scheme == "framed" && key == "follow")) {
      return Error(ErrorCode::kInvalidArgument, "unknown setting '", key, "' in source '", text,
                   "'; framed: knows follow, file: knows none");
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
  auto store = OpenStore(std::make_shared<arrow::fs::LocalFileSystem>(), FolderPath(path));
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

arrow::Result<std::unique_ptr<LedgerSource>> OpenSource(std::string_view text,
                                                        const SourceOptions& options) {
  if (text.starts_with(kGrpc)) {
    return OpenGrpc(std::string(text.substr(kGrpc.size())), std::string(text), options);
  }
  ARROW_ASSIGN_OR_RAISE(const SourceUrl url, ParseUrl(text));
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
  if (text.starts_with(kGrpc)) {
    return Error(ErrorCode::kInvalidArgument, text, " is no lake: it is a service");
  }
  ARROW_ASSIGN_OR_RAISE(const SourceUrl url, ParseUrl(text));
  std::error_code error;
  if (url.scheme == "framed" || url.scheme == "synthetic" ||
      !stdfs::is_directory(url.path, error)) {
    return Error(ErrorCode::kInvalidArgument, text, " is no lake: it is no folder");
  }
  auto store = OpenStore(std::make_shared<arrow::fs::LocalFileSystem>(), FolderPath(url.path));
  ARROW_ASSIGN_OR_RAISE(const bool lake, LooksLikeLake(*store));
  if (!lake) {
    return Error(ErrorCode::kInvalidArgument, url.path,
                 " is no lake: it has no .config.json and no names of a lake's kind");
  }
  return ListLakeAt(std::move(store), url.path, options);
}

}  // namespace stellar_arrow::source
