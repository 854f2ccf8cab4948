#include "stellar_arrow/xdr/path.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "stellar_arrow/xdr/runtime.h"

namespace stellar_arrow::xdr {
namespace {

struct Step {
  std::string_view name;  // empty for an index
  uint32_t index = 0;
};

// Takes the next step off `path`.
std::optional<Step> TakeStep(std::string_view& path) {
  if (path.front() == '[') {
    const size_t close = path.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    Step step;
    const auto [end, error] = std::from_chars(path.data() + 1, path.data() + close, step.index);
    if (error != std::errc() || end != path.data() + close) return std::nullopt;
    path.remove_prefix(close + 1);
    if (path.starts_with('.')) path.remove_prefix(1);
    return step;
  }
  const size_t end = std::min(path.find_first_of(".["), path.size());
  const Step step{path.substr(0, end), 0};
  path.remove_prefix(end);
  if (path.starts_with('.')) path.remove_prefix(1);
  if (step.name.empty()) return std::nullopt;
  return step;
}

PathError Fail(std::string_view at, std::string_view why) {
  std::string message(at.empty() ? "the value" : at);
  return {message.append(" ").append(why)};
}

// Goes through aliases, and through an optional that is present. Null if it is absent.
const TypeInfo* Enter(const TypeInfo& type, const uint8_t*& p) {
  const TypeInfo* resolved = &Resolve(type);
  while (resolved->kind == Kind::kOptional) {
    if (detail::Load32(p) == 0) return nullptr;
    p += 4;
    resolved = &Resolve(*resolved->element);
  }
  return resolved;
}

const uint8_t* End(const TypeInfo& type, const uint8_t* p) {
  return p + ValueAt(type, {p, SIZE_MAX}).size();
}

// The part of the value at `p` that `step` names. `at` is the path to the value, for messages.
std::variant<Part, PathError> TakePart(const TypeInfo& type, const uint8_t* p, const Step& step,
                                       std::string_view at) {
  const TypeInfo* entered = Enter(type, p);
  if (entered == nullptr) return Fail(at, "is absent");
  std::string known;
  const auto note = [&](std::string_view name) {
    known.append(known.empty() ? "" : ", ").append(name);
  };
  switch (entered->kind) {
    case Kind::kStruct:
      for (const FieldInfo& field : entered->fields) {
        if (field.name == step.name || field.json_name == step.name) {
          return Part{field.type, {p, static_cast<size_t>(End(*field.type, p) - p)}};
        }
        note(field.name);
        p = End(*field.type, p);
      }
      return Fail(at, "has the fields " + known);
    case Kind::kUnion: {
      const TypeInfo& discriminant = *entered->discriminant.type;
      if (step.name == entered->discriminant.name) return Part{&discriminant, {p, 4}};
      const auto value = static_cast<int32_t>(detail::Load32(p));
      const ArmInfo& arm = *FindArm(*entered, value);
      const UnionCase& selected = *std::ranges::find(arm.cases, value, &UnionCase::value);
      p += 4;
      if (arm.type != nullptr && (arm.name == step.name || selected.json_name == step.name)) {
        return Part{arm.type, {p, static_cast<size_t>(End(*arm.type, p) - p)}};
      }
      note(entered->discriminant.name);
      if (arm.type != nullptr) note(arm.name);
      return Fail(at, "has the parts " + known + " (the arm that is present)");
    }
    case Kind::kArray:
    case Kind::kVarArray: {
      const bool fixed = entered->kind == Kind::kArray;
      const uint32_t count = fixed ? entered->size : detail::Load32(p);
      if (!fixed) p += 4;
      if (!step.name.empty() || step.index >= count) {
        return Fail(at, "has " + std::to_string(count) + " elements, from [0] on");
      }
      for (uint32_t i = 0; i < step.index; ++i) p = End(*entered->element, p);
      return Part{entered->element, {p, static_cast<size_t>(End(*entered->element, p) - p)}};
    }
    default:
      return Fail(at, "has no parts");
  }
}

}  // namespace

std::variant<Part, PathError> FollowPath(const TypeInfo& type, Bytes wire, std::string_view path) {
  Part part{&type, wire};
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view at = path.substr(0, path.size() - rest.size());
    const auto step = TakeStep(rest);
    if (!step) return PathError{"a step is a name or an index in brackets: " + std::string(path)};
    auto next = TakePart(*part.type, part.wire.data(), *step,
                         at.ends_with('.') ? at.substr(0, at.size() - 1) : at);
    if (auto* error = std::get_if<PathError>(&next)) return std::move(*error);
    part = std::get<Part>(next);
  }
  return part;
}

}  // namespace stellar_arrow::xdr
