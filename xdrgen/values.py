#!/usr/bin/env python3
"""Generates the owned C++ values of the protocol's types, and how they are written as XDR.

    values.py --types protocol/stellar-xdr-types.json --output DIR

Writes into DIR:
  fwd.h              all names
  <file>.h, <file>.cc   the values of each of the protocol's files
  codecs.cc          all types in one table

They share the enums of the readers that xdrgen.py generates.
"""

import argparse
import json
import pathlib

from xdrgen import (NAMESPACE, Protocol, Writer, camel, case_label, limit, ordered_typedefs, word)

VALUES = f"{NAMESPACE}::value"


class Values:
    """What values need to know beyond the protocol: which stand inside which."""

    def __init__(self, protocol):
        self.protocol = protocol
        self._inside = {}

    def direct_inside(self, t):
        """The structs and unions that a C++ value of `t` holds within its own memory."""
        t = self.protocol.resolve(t)
        if t["kind"] in ("array", "optional"):
            return self.direct_inside(t["element"])
        return {t["name"]} if self.protocol.is_view(t) else set()

    def parts(self, d):
        return [x["type"] for x in d["fields" if d["kind"] == "struct" else "arms"] if "type" in x]

    def inside(self, name):
        """All that a value would hold within its own memory if there were no boxes."""
        if name not in self._inside:
            seen, todo = set(), [name]
            while todo:
                for t in self.parts(self.protocol.by_name[todo.pop()]):
                    new = self.direct_inside(t) - seen
                    seen |= new
                    todo += new
            self._inside[name] = seen
        return self._inside[name]

    def boxed(self, d, t):
        """Whether a union's arm of type `t` would hold the union itself."""
        return d["kind"] == "union" and any(
            n == d["name"] or d["name"] in self.inside(n) for n in self.direct_inside(t))

    def ordered(self, own):
        """Structs and unions with those that others hold first."""
        todo = [d for d in own if d["kind"] in ("struct", "union")]
        mine = {d["name"] for d in todo}
        done, out = set(), []
        while todo:
            ready = [d for d in todo if not (set().union(*(
                self.direct_inside(t) for t in self.parts(d) if not self.boxed(d, t))) & mine) - done]
            assert ready, "values that hold themselves: " + ", ".join(d["name"] for d in todo)
            done |= {d["name"] for d in ready}
            out += ready
            todo = [d for d in todo if d not in ready]
        return out

    def cpp(self, t):
        kind = t["kind"]
        simple = {
            "int": "int32_t", "unsigned_int": "uint32_t", "hyper": "int64_t",
            "unsigned_hyper": "uint64_t", "bool": "bool", "opaque_var": "std::vector<uint8_t>",
            "string": "std::string"
        }
        if kind in simple:
            return simple[kind]
        if kind == "opaque_fixed":
            return f"std::array<uint8_t, {t['size']}>"
        if kind == "array":
            return f"std::array<{self.cpp(t['element'])}, {t['count']}>"
        if kind == "var_array":
            return f"std::vector<{self.cpp(t['element'])}>"
        if kind == "optional":
            return f"std::optional<{self.cpp(t['element'])}>"
        return t["name"]

    def arm_cpp(self, d, t):
        """(type of an arm as it is seen, as it is stored, * where the two differ)."""
        seen = self.cpp(t)
        if not self.boxed(d, t):
            return seen, seen, ""
        resolved = self.protocol.resolve(t)
        if resolved["kind"] == "optional":
            seen = f"std::optional<Box<{self.cpp(resolved['element'])}>>"
            return seen, seen, ""
        assert self.protocol.is_view(resolved)
        return seen, f"Box<{seen}>", "*"

    def first(self, enum):
        """The default of an enum: 0 if it is a member, else the first member."""
        members = enum["members"]
        return next((m for m in members if m["value"] == 0), members[0])

    def initial(self, t):
        """C++ for what a value of `t` must be set to so that the default can be encoded."""
        t = self.protocol.resolve(t)
        if t["kind"] in ("int", "unsigned_int", "hyper", "unsigned_hyper"):
            return "0"
        if t["kind"] == "bool":
            return "false"
        if self.protocol.is_enum(t):
            return f"{t['name']}::{self.first(self.protocol.by_name[t['name']])['name']}"
        if t["kind"] in ("array", "opaque_fixed"):
            assert "element" not in t or self.initial(t["element"]) in ("", "0", "{}")
            return "{}"
        return ""

    def default_case(self, d):
        """(index of an arm, one of its cases): what a default-constructed union is."""
        t = self.protocol.resolve(d["discriminant"]["type"])
        wanted = self.first(self.protocol.by_name[t["name"]])["value"] if self.protocol.is_enum(t) else 0
        cases = [(i, c) for i, a in enumerate(d["arms"]) for c in a["cases"]]
        return next((x for x in cases if x[1]["value"] == wanted), cases[0])


def case_name(c):
    return word(c["name"]) if "name" in c else f"v{c['value']}"


def own_definitions(protocol, index):
    return [d for d in protocol.definitions if d["file_index"] == index]


# ---------------------------------------------------------------------------------------------------
# Headers.


def emit_fwd(protocol):
    w = Writer()
    w("// Generated by values.py. The names of the values of the protocol's structs and unions.")
    w("#pragma once")
    w()
    w(f"namespace {VALUES} {{")
    w.depth = 0
    for d in protocol.views():
        w(f"{'struct' if d['kind'] == 'struct' else 'class'} {d['name']};")
    w(f"}}  // namespace {VALUES}")
    return w.text()


def emit_struct(values, w, d):
    w(f"struct {d['name']} {{")
    w(f"using View = {NAMESPACE.split('::')[-1]}::{d['name']};")
    for f in d["fields"]:
        initial = values.initial(f["type"])
        initial = "{}" if initial == "{}" else f" = {initial}" if initial else ""
        w(f"{values.cpp(f['type'])} {word(f['name'])}{initial};")
    w("};")


def emit_union(values, w, d):
    name, discriminant = d["name"], values.cpp(d["discriminant"]["type"])
    _, default = values.default_case(d)
    w(f"class {name} {{")
    w("public:")
    w(f"using View = {NAMESPACE.split('::')[-1]}::{name};")
    w(f"{name}();  // {case_name(default)}")
    w(f"{name}(const {name}&);")
    w(f"{name}({name}&&) noexcept;")
    w(f"{name}& operator=(const {name}&);")
    w(f"{name}& operator=({name}&&) noexcept;")
    w(f"~{name}();")
    w()
    w("// The default of the arm that the discriminant selects; throws InvalidValue if there is none.")
    w(f"static {name} Of({discriminant} discriminant);")
    for a in d["arms"]:
        parameter = f"{values.arm_cpp(d, a['type'])[0]} arm" if "type" in a else ""
        for c in a["cases"]:
            w(f"static {name} {case_name(c)}({parameter});")
    w()
    w(f"{discriminant} {word(d['discriminant']['name'])}() const {{ return discriminant_; }}")
    arms = [a for a in d["arms"] if "type" in a]
    if arms:
        w("// The arm that is there; another throws InvalidValue, and if...() is null.")
    for a in arms:
        seen, _, _ = values.arm_cpp(d, a["type"])
        w(f"{seen}& {word(a['name'])}();")
        w(f"const {seen}& {word(a['name'])}() const;")
        w(f"{seen}* if{camel(a['name'])}();")
        w(f"const {seen}* if{camel(a['name'])}() const;")
    w()
    w("private:")
    w(f"friend void Put(Writer& w, const {name}& value);")
    w(f"friend void Get(Reader& r, {name}* value);")
    w("template <size_t kArm, typename... Arguments>")
    w(f"{name}({discriminant} discriminant, std::in_place_index_t<kArm> index, Arguments&&... arguments)")
    w("    : discriminant_(discriminant), arm_(index, std::forward<Arguments>(arguments)...) {}")
    w(f"{discriminant} discriminant_;")
    stored = [values.arm_cpp(d, a["type"])[1] if "type" in a else "std::monostate" for a in d["arms"]]
    w(f"std::variant<{', '.join(stored)}> arm_;")
    w("};")


def emit_header(values, index):
    protocol = values.protocol
    own = own_definitions(protocol, index)
    needs = {protocol.by_name[n]["file_index"] for d in own for n in protocol.direct(d["name"])}
    w = Writer()
    w(f"// Generated by values.py from the protocol's {protocol.files[index]}.x. Values that own what they")
    w("// hold. Names are the protocol's own; enums are the readers'.")
    w("#pragma once")
    w()
    for include in ("array", "cstddef", "cstdint", "optional", "string", "utility", "variant", "vector"):
        w(f"#include <{include}>")
    w()
    w(f'#include "stellar_arrow/xdr/generated/{protocol.files[index]}.h"')
    w('#include "stellar_arrow/xdr/generated/value/fwd.h"')
    for other in sorted(needs - {index}):
        w(f'#include "stellar_arrow/xdr/generated/value/{protocol.files[other]}.h"')
    w('#include "stellar_arrow/xdr/value.h"')
    w()
    w(f"namespace {VALUES} {{")
    w.depth = 0
    w()
    for d in ordered_typedefs(protocol, own):
        w(f"using {d['name']} = {values.cpp(d['type'])};")
    w()
    for d in values.ordered(own):
        emit_struct(values, w, d) if d["kind"] == "struct" else emit_union(values, w, d)
        w()
    w("// Of checked bytes.")
    for d in own:
        if d["kind"] in ("struct", "union"):
            w(f"{d['name']} Decode(const {NAMESPACE.split('::')[-1]}::{d['name']}& view);")
    w()
    if any(has_own_codec(protocol, d) for d in own):
        w("// The same as Encode() and Decode() for types that C++ cannot tell from others.")
    for d in own:
        if has_own_codec(protocol, d):
            w(f"void Encode{d['name']}(const {d['name']}& value, std::vector<uint8_t>* out);")
            w(f"{d['name']} Decode{d['name']}(Bytes checked);")
    w()
    w("// For Encode() and Decode().")
    for d in own:
        if d["kind"] == "enum":
            w(f"void Put(Writer& w, {d['name']} value);")
        elif d["kind"] in ("struct", "union"):
            w(f"void Put(Writer& w, const {d['name']}& value);")
            w(f"void Get(Reader& r, {d['name']}* value);")
    w()
    w(f"}}  // namespace {VALUES}")
    return w.text()


def has_own_codec(protocol, d):
    """Whether `d` is a name for what is neither struct, union nor enum."""
    if d["kind"] != "typedef":
        return False
    return protocol.resolve(d["type"])["kind"] != "ref"


# ---------------------------------------------------------------------------------------------------
# Writing and reading.


class Codec:
    """Emits how a value of any type is written and read."""

    def __init__(self, values, w):
        self.values = values
        self.protocol = values.protocol
        self.w = w
        self.names = 0

    def fresh(self, stem):
        self.names += 1
        return f"{stem}{self.names}"

    def put(self, t, at, field):
        w, t = self.w, self.protocol.resolve(t)
        kind = t["kind"]
        if kind == "int":
            w(f"w.Word(static_cast<uint32_t>({at}));")
        elif kind in ("unsigned_int", "bool"):
            w(f"w.Word({at});")
        elif kind == "hyper":
            w(f"w.Long(static_cast<uint64_t>({at}));")
        elif kind == "unsigned_hyper":
            w(f"w.Long({at});")
        elif kind == "opaque_fixed":
            w(f"w.Fixed({at});")
        elif kind == "opaque_var":
            w(f'w.Opaque({at}, {limit(t)}u, "{field}");')
        elif kind == "string":
            w(f'w.Text({at}, {limit(t)}u, "{field}");')
        elif kind == "ref":
            w(f"Put(w, {at});")
        elif kind == "box":
            self.put(t["element"], f"(*{at})", field)
        else:
            levels = self.protocol.reaches_recursion(t)
            if levels:
                w("w.Enter();")
            if kind == "optional":
                w(f"w.Word({at}.has_value());")
                w(f"if ({at}) {{")
                self.put(t["element"], f"(*{at})", field)
            else:
                if kind == "var_array":
                    w(f'w.Count({at}.size(), {limit(t)}u, "{field}");')
                element = self.fresh("element")
                w(f"for (const auto& {element} : {at}) {{")
                self.put(t["element"], element, field)
            w("}")
            if levels:
                w("w.Leave();")

    def get(self, t, at):
        w, t = self.w, self.protocol.resolve(t)
        kind = t["kind"]
        if kind == "int":
            w(f"{at} = static_cast<int32_t>(r.Word());")
        elif kind == "unsigned_int":
            w(f"{at} = r.Word();")
        elif kind == "bool":
            w(f"{at} = r.Word() != 0;")
        elif kind == "hyper":
            w(f"{at} = static_cast<int64_t>(r.Long());")
        elif kind == "unsigned_hyper":
            w(f"{at} = r.Long();")
        elif kind == "opaque_fixed":
            w(f"r.Fixed({at});")
        elif kind in ("opaque_var", "string"):
            bytes_ = self.fresh("bytes")
            w(f"const Bytes {bytes_} = r.Opaque();")
            w(f"{at}.assign({bytes_}.begin(), {bytes_}.end());")
        elif self.protocol.is_enum(t):
            w(f"{at} = static_cast<{t['name']}>(r.Word());")
        elif kind == "ref":
            w(f"Get(r, &{at});")
        elif kind == "box":
            self.get(t["element"], f"(*{at})")
        elif kind == "optional":
            w("if (r.Word() != 0) {")
            present = self.fresh("present")
            w(f"auto& {present} = {at}.emplace();")
            self.get(t["element"], present)
            w("}")
        else:
            element = self.fresh("element")
            if kind == "var_array":
                count = self.fresh("count")
                w(f"const uint32_t {count} = r.Word();")
                w(f"{at}.resize({count});")
            w(f"for (auto& {element} : {at}) {{")
            self.get(t["element"], element)
            w("}")


def emit_enum_code(w, d):
    w(f"void Put(Writer& w, {d['name']} value) {{")
    w("switch (value) {")
    for m in d["members"]:
        w(f"case {d['name']}::{m['name']}:")
    w("  w.Word(static_cast<uint32_t>(value));")
    w("  return;")
    w("}")
    w(f'ThrowUnknownValue("{d["name"]}", static_cast<int32_t>(value));')
    w("}")
    w()


def emit_union_members(values, w, d):
    name, discriminant = d["name"], values.cpp(d["discriminant"]["type"])
    number = "static_cast<int32_t>(discriminant_)" if discriminant != "int32_t" else "discriminant_"
    index, default = values.default_case(d)

    def make(discriminant, i, argument):
        return f"{name}({discriminant}, std::in_place_index<{i}>{', ' if argument else ''}{argument})"

    def initial(i):
        a = d["arms"][i]
        return values.initial(a["type"]).replace("{}", "") if "type" in a else ""

    w(f"{name}::{name}() : {make(case_label(values.protocol, d, default), index, initial(index))} {{}}")
    w(f"{name}::{name}(const {name}&) = default;")
    w(f"{name}::{name}({name}&&) noexcept = default;")
    w(f"{name}& {name}::operator=(const {name}&) = default;")
    w(f"{name}& {name}::operator=({name}&&) noexcept = default;")
    w(f"{name}::~{name}() = default;")
    w()
    w(f"{name} {name}::Of({discriminant} discriminant) {{")
    w("switch (static_cast<int32_t>(discriminant)) {")
    for i, a in enumerate(d["arms"]):
        for c in a["cases"]:
            w(f"case {c['value']}:")
        w(f"  return {make('discriminant', i, initial(i))};")
    w("}")
    w(f'ThrowNoArm("{name}", static_cast<int32_t>(discriminant));')
    w("}")
    w()
    for i, a in enumerate(d["arms"]):
        parameter = f"{values.arm_cpp(d, a['type'])[0]} arm" if "type" in a else ""
        for c in a["cases"]:
            w(f"{name} {name}::{case_name(c)}({parameter}) {{")
            argument = "std::move(arm)" if parameter else ""
            w(f"return {make(case_label(values.protocol, d, c), i, argument)};")
            w("}")
    w()
    for i, a in enumerate(d["arms"]):
        if "type" not in a:
            continue
        seen, _, star = values.arm_cpp(d, a["type"])
        for const, tail in (("", ""), ("const ", " const")):
            w(f"{const}{seen}* {name}::if{camel(a['name'])}(){tail} {{")
            w(f"auto* const arm = std::get_if<{i}>(&arm_);")
            w(f"return arm == nullptr ? nullptr : &**arm;" if star else "return arm;")
            w("}")
            w(f"{const}{seen}& {name}::{word(a['name'])}(){tail} {{")
            w(f"if (auto* const arm = if{camel(a['name'])}()) return *arm;")
            w(f'ThrowOtherArm("{name}.{a["name"]}", {number});')
            w("}")
    w()


def emit_put_get(values, w, d):
    protocol, name = values.protocol, d["name"]
    levels = protocol.reaches_recursion({"kind": "ref", "name": name})
    w(f"void Put(Writer& w, [[maybe_unused]] const {name}& value) {{")
    if levels:
        w("w.Enter();")
    if d["recursive"]:
        w(f'w.CheckDepth("{name}");')
    codec = Codec(values, w)
    if d["kind"] == "struct":
        for f in d["fields"]:
            codec.put(f["type"], f"value.{word(f['name'])}", f"{name}.{f['name']}")
    else:
        w("w.Word(static_cast<uint32_t>(value.discriminant_));")
        w("switch (value.arm_.index()) {")
        for i, a in enumerate(d["arms"]):
            if "type" not in a:
                continue
            w(f"case {i}: {{")
            w(f"const auto& arm = *std::get_if<{i}>(&value.arm_);")
            star = values.arm_cpp(d, a["type"])[2]
            codec.put(boxed_type(values, d, a), f"(*arm)" if star else "arm", f"{name}.{a['name']}")
            w("break;")
            w("}")
        w("}")
    if levels:
        w("w.Leave();")
    w("}")
    w()
    w(f"void Get(Reader& r, [[maybe_unused]] {name}* value) {{")
    codec = Codec(values, w)
    if d["kind"] == "struct":
        for f in d["fields"]:
            codec.get(f["type"], f"value->{word(f['name'])}")
    else:
        t = values.cpp(d["discriminant"]["type"])
        w(f"value->discriminant_ = static_cast<{t}>(r.Word());")
        w("switch (static_cast<int32_t>(value->discriminant_)) {")
        for i, a in enumerate(d["arms"]):
            for c in a["cases"][:-1]:
                w(f"case {c['value']}:")
            w(f"case {a['cases'][-1]['value']}: {{")
            w(f"{'auto& arm = ' if 'type' in a else ''}value->arm_.emplace<{i}>();")
            if "type" in a:
                star = values.arm_cpp(d, a["type"])[2]
                codec.get(boxed_type(values, d, a), "(*arm)" if star else "arm")
            w("break;")
            w("}")
        w("}")
    w("}")
    w()
    w(f"{name} Decode(const {NAMESPACE.split('::')[-1]}::{name}& view) {{")
    w(f"{name} value;")
    w(f"Reader r(detail::Access::Begin(view));")
    w("Get(r, &value);")
    w("return value;")
    w("}")
    w()


def boxed_type(values, d, a):
    """An arm's type; the element of an optional says so where it is boxed."""
    t = values.protocol.resolve(a["type"])
    if t["kind"] == "optional" and values.boxed(d, t):
        return {"kind": "optional", "element": {"kind": "box", "element": t["element"]}}
    return t


def emit_code(values, index):
    protocol = values.protocol
    own = own_definitions(protocol, index)
    w = Writer()
    w("// Generated by values.py.")
    w(f'#include "stellar_arrow/xdr/generated/value/{protocol.files[index]}.h"')
    w()
    w("#include <utility>")
    w()
    w(f"namespace {VALUES} {{")
    w.depth = 0
    w()
    for d in own:
        if d["kind"] == "enum":
            emit_enum_code(w, d)
        elif d["kind"] in ("struct", "union"):
            if d["kind"] == "union":
                emit_union_members(values, w, d)
            emit_put_get(values, w, d)
        elif has_own_codec(protocol, d):
            w(f"void Encode{d['name']}(const {d['name']}& value, std::vector<uint8_t>* out) {{")
            w("Writer w(out);")
            Codec(values, w).put(d["type"], "value", d["name"])
            w("w.Done();")
            w("}")
            w()
            w(f"{d['name']} Decode{d['name']}(Bytes checked) {{")
            w(f"{d['name']} value{{}};")
            w("Reader r(checked.data());")
            Codec(values, w).get(d["type"], "value")
            w("return value;")
            w("}")
            w()
    w(f"}}  // namespace {VALUES}")
    return w.text()


def emit_codecs(values):
    protocol = values.protocol
    w = Writer()
    w("// Generated by values.py. All types in one table.")
    for name in protocol.files:
        w(f'#include "stellar_arrow/xdr/generated/value/{name}.h"')
    w()
    w(f"namespace {VALUES} {{")
    w.depth = 0
    w("namespace {")
    w.depth = 0
    w()
    w("// Structs, unions, and what is a name for one.")
    w("template <typename T>")
    w("constexpr TypeCodec Of(std::string_view name) {")
    w("return {name, [] { return Encode(T{}); }, [](Bytes checked) {")
    w("T value;")
    w("Reader r(checked.data());")
    w("Get(r, &value);")
    w("return Encode(value);")
    w("}};")
    w("}")
    w()
    w("template <typename T, T kDefault>")
    w("constexpr TypeCodec OfEnum(std::string_view name) {")
    w("return {name, [] { return Encode(kDefault); }, [](Bytes checked) {")
    w("return Encode(static_cast<T>(Reader(checked.data()).Word()));")
    w("}};")
    w("}")
    w()
    w("template <typename T, auto kEncode, auto kDecode>")
    w("constexpr TypeCodec OfTypedef(std::string_view name) {")
    w("return {name, [] {")
    w("std::vector<uint8_t> out;")
    w("kEncode(T{}, &out);")
    w("return out;")
    w("}, [](Bytes checked) {")
    w("std::vector<uint8_t> out;")
    w("kEncode(kDecode(checked), &out);")
    w("return out;")
    w("}};")
    w("}")
    w()
    w("constexpr TypeCodec kCodecs[] = {")
    for d in protocol.definitions:
        name = d["name"]
        if d["kind"] == "const":
            continue
        t = protocol.resolve({"kind": "ref", "name": name})
        if protocol.is_enum(t):
            w(f'OfEnum<{name}, {values.initial(t)}>("{name}"),')
        elif has_own_codec(protocol, d):
            w(f'OfTypedef<{name}, Encode{name}, Decode{name}>("{name}"),')
        else:
            w(f'Of<{name}>("{name}"),')
    w("};")
    w()
    w("}  // namespace")
    w.depth = 0
    w()
    w("std::span<const TypeCodec> AllCodecs() { return kCodecs; }")
    w()
    w(f"}}  // namespace {VALUES}")
    return w.text()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--types", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    protocol = Protocol(json.loads(arguments.types.read_text()))
    values = Values(protocol)
    files = {"fwd.h": emit_fwd(protocol), "codecs.cc": emit_codecs(values)}
    for i, name in enumerate(protocol.files):
        files[f"{name}.h"] = emit_header(values, i)
        files[f"{name}.cc"] = emit_code(values, i)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = arguments.output / name
        if not path.exists() or path.read_text() != text:  # an unchanged file keeps its time
            path.write_text(text)


if __name__ == "__main__":
    main()
