#include "fuzz/typed_input.h"

#include <zstd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace stellar_arrow::fuzz {
namespace {

constexpr int kZstdLevel = 3;

// Of a frame that is damaged, what comes out before that.
std::vector<uint8_t> Unzip(xdr::Bytes frame) {
  std::vector<uint8_t> out(kMaxInputBytes);
  const size_t size = ZSTD_decompress(out.data(), out.size(), frame.data(), frame.size());
  out.resize(ZSTD_isError(size) ? 0 : size);
  return out;
}

}  // namespace

std::optional<Subject> SubjectOf(std::string_view head) {
  const size_t blank = head.find(' ');
  const auto types = xdr::AllTypes();
  const auto found = std::ranges::find(types, head.substr(0, blank), &xdr::TypeInfo::name);
  if (found == types.end()) return std::nullopt;
  return Subject{static_cast<size_t>(found - types.begin()),
                 blank == std::string_view::npos ? "" : head.substr(blank + 1)};
}

TypedInput ReadInput(xdr::Bytes input) {
  constexpr uint8_t kMagic[] = {0x28, 0xb5, 0x2f, 0xfd};
  std::vector<uint8_t> unzipped;
  if (input.size() > 4 && std::equal(std::begin(kMagic), std::end(kMagic), input.begin())) {
    unzipped = Unzip(input);
    input = unzipped;
  }
  input = input.first(std::min(input.size(), kMaxInputBytes));
  const auto end = std::ranges::find(input, '\n');
  TypedInput typed{{input.begin(), end}, {}};
  if (end != input.end()) typed.wire.assign(end + 1, input.end());
  return typed;
}

std::optional<std::vector<uint8_t>> FormatInput(std::string_view head, xdr::Bytes wire,
                                                size_t max_size) {
  std::vector<uint8_t> plain(head.begin(), head.end());
  plain.push_back('\n');
  plain.insert(plain.end(), wire.begin(), wire.end());
  if (plain.size() > kMaxInputBytes) return std::nullopt;
  std::vector<uint8_t> zipped(ZSTD_compressBound(plain.size()));
  const size_t size =
      ZSTD_compress(zipped.data(), zipped.size(), plain.data(), plain.size(), kZstdLevel);
  if (!ZSTD_isError(size) && size < plain.size()) {
    zipped.resize(size);
    plain = std::move(zipped);
  }
  if (plain.size() > max_size) return std::nullopt;
  return plain;
}

}  // namespace stellar_arrow::fuzz
