#include "tests/support/ledger_files.h"

#include <zstd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace stellar_arrow::support {
namespace {

using Visit = std::function<void(const std::string&, std::span<const uint8_t>)>;

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string Unzip(const std::string& stored, const std::string& name) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     ZSTD_freeDCtx);
  std::string out;
  std::vector<char> chunk(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in = {stored.data(), stored.size(), 0};
  size_t left = 0;
  while (in.pos < in.size) {
    ZSTD_outBuffer piece = {chunk.data(), chunk.size(), 0};
    left = ZSTD_decompressStream(context.get(), &piece, &in);
    if (ZSTD_isError(left)) throw std::runtime_error(name + ": " + ZSTD_getErrorName(left));
    out.append(chunk.data(), piece.pos);
  }
  for (;;) {  // what the context still holds
    ZSTD_outBuffer piece = {chunk.data(), chunk.size(), 0};
    if (left == 0) break;
    left = ZSTD_decompressStream(context.get(), &piece, &in);
    if (ZSTD_isError(left)) throw std::runtime_error(name + ": " + ZSTD_getErrorName(left));
    if (piece.pos == 0 && left != 0) throw std::runtime_error(name + " ends early");
    out.append(chunk.data(), piece.pos);
  }
  return out;
}

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

void VisitContent(const std::string& name, std::string_view content, const Visit& visit) {
  // A record mark has its highest bit set; no other content begins so.
  if (content.empty() || (content[0] & 0x80) == 0) return visit(name, AsBytes(content));
  for (size_t record = 0; !content.empty(); ++record) {
    if (content.size() < 4) throw std::runtime_error(name + " ends inside a record's mark");
    const auto mark = AsBytes(content);
    const size_t size = size_t{mark[0] & 0x7fu} << 24 | size_t{mark[1]} << 16 |
                        size_t{mark[2]} << 8 | size_t{mark[3]};
    if (content.size() - 4 < size) throw std::runtime_error(name + " ends inside a record");
    visit(name + "[" + std::to_string(record) + "]", AsBytes(content.substr(4, size)));
    content.remove_prefix(4 + size);
  }
}

// The archives are ours: plain ustar with names that fit the header.
void VisitArchive(const std::string& archive, std::string_view tar, const Visit& visit) {
  constexpr size_t kBlock = 512;
  constexpr size_t kNameSize = 100, kSizeAt = 124, kSizeSize = 12;
  while (tar.size() >= kBlock && tar[0] != 0) {
    const std::string name(tar.substr(0, std::min(tar.find('\0'), kNameSize)));
    const size_t size = std::stoul(std::string(tar.substr(kSizeAt, kSizeSize)), nullptr, 8);
    if (tar.size() - kBlock < size) throw std::runtime_error(archive + " ends inside " + name);
    if (name.ends_with(".xdr")) {
      VisitContent(archive + ":" + name, tar.substr(kBlock, size), visit);
    }
    const size_t blocks = (size + kBlock - 1) / kBlock;
    tar.remove_prefix(std::min(tar.size(), kBlock + blocks * kBlock));
  }
}

}  // namespace

void ForEachXdr(const std::filesystem::path& folder, const Visit& visit) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const std::filesystem::path& path : files) {
    const std::string name = path.filename().string();
    if (name.ends_with(".xdr")) {
      VisitContent(name, Read(path), visit);
    } else if (name.ends_with(".xdr.zst") || name.ends_with(".xdr.zstd")) {
      VisitContent(name, Unzip(Read(path), name), visit);
    } else if (name.ends_with(".tar.zst")) {
      VisitArchive(name, Unzip(Read(path), name), visit);
    }
  }
}

}  // namespace stellar_arrow::support
