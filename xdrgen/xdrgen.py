#!/usr/bin/env python3
"""Generates the C++ XDR readers from the protocol's types as data.

    xdrgen.py --types protocol/stellar-xdr-types.json --marks MARKS --output DIR

Writes into DIR:
  fwd.h          all names
  <file>.h       one header for each of the protocol's files: its enums and views
  check.cc       the checks: every length, limit, discriminant, enum, bool, padding, depth
  views.cc       how views step over values
  type_info.cc   the types as data at run time
  marked_walk.h  the check of one root type that also reports where chosen things lie

The rules that the checks follow are told in src/stellar_arrow/xdr/README.md.
"""

import argparse
import json
import pathlib
import re

NAMESPACE = "stellar_arrow::xdr"
NO_LIMIT = 0xFFFFFFFF
# C++ words that the protocol uses as names.
RESERVED = {"union", "default", "switch", "case", "int", "struct", "void", "operator", "new", "delete"}


def padded(n):
    return (n + 3) & ~3


def word(name):
    return name + "_" if name in RESERVED else name


def camel(name):
    return name[0].upper() + name[1:]


def words(name):
    """The words of a name in any case style. A digit belongs to what stands before it."""
    out = []
    for part in re.split(r"[^A-Za-z0-9]+", name):
        word, style = "", None  # style of the word so far: "lower", "upper", or not known
        for i, c in enumerate(part):
            following = part[i + 1] if i + 1 < len(part) else ""
            if style == "upper" and c.isupper() and following.islower():  # "XDRType": XDR, Type
                out.append(word)
                word = ""
            word += c
            style = "lower" if c.islower() else "upper" if c.isupper() else style
            if style == "lower" and following.isupper():
                out.append(word)
                word, style = "", None
        if word:
            out.append(word)
    return [w.lower() for w in out]


def json_field(name):
    """A field's name in SEP-51 JSON."""
    return "_".join(words(name))


def json_member(name, prefix):
    """An enum member's name in SEP-51 JSON: without the prefix that all members share."""
    short = name[len(prefix):]
    if short[0].isdigit():
        short = prefix[0] + short  # an identifier needs a letter first
    out = ""
    for word in words(short):
        out += ("_" if out and not word[0].isdigit() else "") + word
    return out


class Protocol:
    """The definitions, and what follows from them: sizes, recursion, C++ names."""

    def __init__(self, data):
        self.files = [pathlib.PurePosixPath(f).stem for f in data["files"]]
        self.definitions = data["definitions"]
        self.by_name = {d["name"]: d for d in self.definitions}
        assert len(self.by_name) == len(self.definitions), "two definitions share a name"
        self._reach = {}
        self._sizes = {}
        for d in self.definitions:
            d["recursive"] = d["name"] in self.reach(d["name"])

    # What a type is made of.

    def children(self, t):
        """The types one level down."""
        if t["kind"] == "ref":
            d = self.by_name[t["name"]]
            if d["kind"] == "typedef":
                return self.children(d["type"])
            if d["kind"] == "struct":
                return [f["type"] for f in d["fields"]]
            if d["kind"] == "union":
                return [d["discriminant"]["type"]] + [a["type"] for a in d["arms"] if "type" in a]
            return []
        return [t["element"]] if "element" in t else []

    def refs(self, t):
        if t["kind"] == "ref":
            return {t["name"]}
        return self.refs(t["element"]) if "element" in t else set()

    def direct(self, name):
        d = self.by_name[name]
        if d["kind"] == "typedef":
            return self.refs(d["type"])
        if d["kind"] == "struct":
            return set().union(*(self.refs(f["type"]) for f in d["fields"]))
        if d["kind"] == "union":
            types = [d["discriminant"]["type"]] + [a["type"] for a in d["arms"] if "type" in a]
            return set().union(*(self.refs(t) for t in types))
        return set()

    def reach(self, name):
        """All names that a value of `name` can contain."""
        if name not in self._reach:
            seen, todo = set(), [name]
            while todo:
                for other in self.direct(todo.pop()):
                    if other not in seen:
                        seen.add(other)
                        todo.append(other)
            self._reach[name] = seen
        return self._reach[name]

    def reaches_recursion(self, t):
        """Whether the depth of a value of `t` must be watched."""
        return any(
            self.by_name[n]["recursive"] or any(self.by_name[m]["recursive"] for m in self.reach(n))
            for n in self.refs(t))

    def resolve(self, t):
        """`t` with the names of typedefs taken off."""
        while t["kind"] == "ref" and self.by_name[t["name"]]["kind"] == "typedef":
            t = self.by_name[t["name"]]["type"]
        return t

    def is_view(self, t):
        """Whether a C++ class of its own stands for `t` (already resolved)."""
        return t["kind"] == "ref" and self.by_name[t["name"]]["kind"] in ("struct", "union")

    def is_enum(self, t):
        return t["kind"] == "ref" and self.by_name[t["name"]]["kind"] == "enum"

    # Sizes in bytes.

    def fixed_size(self, t):
        """The one size of `t`, or None where it varies."""
        t = self.resolve(t)
        kind = t["kind"]
        if kind in ("int", "unsigned_int", "bool"):
            return 4
        if kind in ("hyper", "unsigned_hyper"):
            return 8
        if kind == "opaque_fixed":
            return padded(t["size"])
        if kind == "array":
            size = self.fixed_size(t["element"])
            return None if size is None else size * t["count"]
        if kind != "ref":
            return None
        d = self.by_name[t["name"]]
        if d["kind"] == "enum":
            return 4
        if d["name"] not in self._sizes:
            self._sizes[d["name"]] = None  # while a recursive type is being measured
            self._sizes[d["name"]] = self.measure(d)
        return self._sizes[d["name"]]

    def measure(self, d):
        if d["kind"] == "struct":
            sizes = [self.fixed_size(f["type"]) for f in d["fields"]]
            return None if None in sizes else sum(sizes)
        arms = {self.fixed_size(a["type"]) if "type" in a else 0 for a in d["arms"]}
        return None if None in arms or len(arms) != 1 else 4 + arms.pop()

    def min_size(self, t, seen=()):
        """The fewest bytes that `t` takes."""
        t = self.resolve(t)
        size = self.fixed_size(t)
        if size is not None:
            return size
        if not self.is_view(t):
            return 4 if t["kind"] != "array" else self.min_size(t["element"], seen) * t["count"]
        if t["name"] in seen:
            return 4
        seen = seen + (t["name"],)
        d = self.by_name[t["name"]]
        if d["kind"] == "struct":
            return sum(self.min_size(f["type"], seen) for f in d["fields"])
        return 4 + min(self.min_size(a["type"], seen) if "type" in a else 0 for a in d["arms"])

    def is_plain(self, t):
        """Whether any bytes of its fixed size are a value of `t`."""
        t = self.resolve(t)
        kind = t["kind"]
        if kind in ("int", "unsigned_int", "hyper", "unsigned_hyper"):
            return True
        if kind == "opaque_fixed":
            return t["size"] % 4 == 0
        if kind == "array":
            return self.fixed_size(t) is not None and self.is_plain(t["element"])
        if self.is_view(t) and self.by_name[t["name"]]["kind"] == "struct":
            return all(self.is_plain(f["type"]) for f in self.by_name[t["name"]]["fields"])
        return False

    # C++ names.

    def cpp(self, t):
        """The C++ type that a value of `t` is read as."""
        kind = t["kind"]
        simple = {
            "int": "int32_t", "unsigned_int": "uint32_t", "hyper": "int64_t",
            "unsigned_hyper": "uint64_t", "bool": "bool", "opaque_var": "Bytes",
            "string": "std::string_view"
        }
        if kind in simple:
            return simple[kind]
        if kind == "opaque_fixed":
            return f"Opaque<{t['size']}>"
        if kind == "array":
            return f"Array<{self.cpp(t['element'])}, {t['count']}>"
        if kind == "var_array":
            return f"List<{self.cpp(t['element'])}>"
        if kind == "optional":
            return f"std::optional<{self.cpp(t['element'])}>"
        return t["name"]

    def views(self):
        return [d for d in self.definitions if d["kind"] in ("struct", "union")]


def limit(t):
    return t.get("max_size", t.get("max_count", NO_LIMIT))


class Writer:
    """Lines of C++ with indentation by braces."""

    def __init__(self):
        self.lines = []
        self.depth = 0

    def __call__(self, line=""):
        if line.startswith(("}", ")")):
            self.depth -= 1
        indent = "  " * self.depth if not line.startswith(("#", "case ", "default:")) else "  " * (
            self.depth if not line.startswith(("case ", "default:")) else self.depth)
        if line.startswith("#"):
            indent = ""
        self.lines.append((indent + line).rstrip())
        if line.endswith("{"):
            self.depth += 1

    def text(self):
        return "\n".join(self.lines) + "\n"


# ---------------------------------------------------------------------------------------------------
# Headers: enums and views.


def emit_fwd(protocol):
    w = Writer()
    w("// Generated by xdrgen. The names of the protocol's structs and unions.")
    w("#pragma once")
    w()
    w(f"namespace {NAMESPACE} {{")
    w.depth = 0
    for d in protocol.views():
        w(f"class {d['name']};")
    w(f"}}  // namespace {NAMESPACE}".replace("}  ", "}  ", 1))
    return w.text()


def field_offset(protocol, types, index):
    """(expression for the start of field `index`) with p_ the start of the first."""
    expression, constant = "p_", 0
    for t in types[:index]:
        size = protocol.fixed_size(t)
        if size is not None:
            constant += size
        else:
            start = f"{expression} + {constant}" if constant else expression
            expression, constant = f"detail::Codec<{protocol.cpp(t)}>::Skip({start})", 0
    return f"{expression} + {constant}" if constant else expression


def accessors(protocol, d):
    """(return type, name, body) of each of a view's own accessors."""
    out = []
    if d["kind"] == "struct":
        types = [f["type"] for f in d["fields"]]
        for i, f in enumerate(d["fields"]):
            cpp = protocol.cpp(f["type"])
            out.append((cpp, word(f["name"]),
                        f"return detail::Codec<{cpp}>::Read({field_offset(protocol, types, i)});"))
        return out
    discriminant = protocol.cpp(d["discriminant"]["type"])
    out.append((discriminant, word(d["discriminant"]["name"]),
                f"return detail::Codec<{discriminant}>::Read(p_);"))
    for a in d["arms"]:
        if "type" not in a:
            continue
        cpp = protocol.cpp(a["type"])
        test = " || ".join(f"{word(d['discriminant']['name'])}() == {case_label(protocol, d, c)}"
                           for c in a["cases"])
        out.append((cpp, word(a["name"]),
                    f"assert({test}); return detail::Codec<{cpp}>::Read(p_ + 4);"))
        out.append((f"std::optional<{cpp}>", "if" + camel(a["name"]),
                    f"if ({test}) return detail::Codec<{cpp}>::Read(p_ + 4); return std::nullopt;"))
    return out


def case_label(protocol, d, case):
    t = protocol.resolve(d["discriminant"]["type"])
    if protocol.is_enum(t):
        return f"{t['name']}::{case['name']}"
    if t["kind"] == "bool":
        return "true" if case["value"] else "false"
    return str(case["value"])


def emit_header(protocol, index):
    own = [d for d in protocol.definitions if d["file_index"] == index]
    needs = set()
    for d in own:
        for name in protocol.direct(d["name"]):
            other = protocol.by_name[name]["file_index"]
            if other != index:
                needs.add(other)
    w = Writer()
    w(f"// Generated by xdrgen from the protocol's {protocol.files[index]}.x. Views of checked bytes:")
    w("// trivially copyable, owning nothing, valid while the bytes are. Names are the protocol's own.")
    w("#pragma once")
    w()
    for include in ("cassert", "cstdint", "optional", "string_view"):
        w(f"#include <{include}>")
    w()
    w('#include "stellar_arrow/xdr/error.h"')
    w('#include "stellar_arrow/xdr/generated/fwd.h"')
    for other in sorted(needs):
        w(f'#include "stellar_arrow/xdr/generated/{protocol.files[other]}.h"')
    w('#include "stellar_arrow/xdr/runtime.h"')
    w()
    w(f"namespace {NAMESPACE} {{")
    w.depth = 0
    w("struct TypeInfo;")
    w()
    for d in own:
        if d["kind"] == "const":
            w(f"inline constexpr uint32_t {d['name']} = {d['value']};")
    w()
    # Typedefs and enums first: views need them, and they need at most the names of views.
    for d in own:
        if d["kind"] == "enum":
            w(f"enum class {d['name']} : int32_t {{")
            for m in d["members"]:
                w(f"{m['name']} = {m['value']},")
            w("};")
            w()
    for d in ordered_typedefs(protocol, own):
        w(f"using {d['name']} = {protocol.cpp(d['type'])};")
    w()
    for d in own:
        if d["kind"] not in ("struct", "union"):
            continue
        size = protocol.fixed_size({"kind": "ref", "name": d["name"]})
        depth = ", uint32_t depth = 1" if protocol.reaches_recursion({"kind": "ref", "name": d["name"]}) else ""
        w(f"class {d['name']} {{")
        w("public:")
        w(f"static Checked<{d['name']}> Check(Bytes wire);")
        w("template <detail::TemporaryBuffer Buffer>")
        w("static void Check(Buffer&& wire) = delete;")
        w(f"static constexpr size_t kFixedSize = {size or 0};")
        w("static const TypeInfo& Info();")
        w()
        for result, name, _ in accessors(protocol, d):
            w(f"{result} {name}() const;")
        w("Bytes wire() const { return {p_, static_cast<size_t>(SkipAt(p_) - p_)}; }")
        w()
        w("// For xdr/ itself. The end of the value at `p`: of any bytes, null if there is none; of")
        w("// checked ones.")
        w(f"static const uint8_t* CheckAt(const uint8_t* p, const uint8_t* end{depth});")
        if size is not None:
            w(f"static const uint8_t* SkipAt(const uint8_t* p) {{ return p + {size}; }}")
        else:
            w("static const uint8_t* SkipAt(const uint8_t* p);")
        w()
        w("private:")
        w("friend struct detail::Access;")
        w(f"explicit {d['name']}(const uint8_t* p) : p_(p) {{}}")
        w("const uint8_t* p_;")
        w("};")
        w()
    for d in own:
        if d["kind"] not in ("struct", "union"):
            continue
        for result, name, body in accessors(protocol, d):
            w(f"inline {result} {d['name']}::{name}() const {{ {body} }}")
    w()
    w(f"}}  // namespace {NAMESPACE}")
    return w.text()


def ordered_typedefs(protocol, own):
    """Typedefs with those that others name first."""
    todo = [d for d in own if d["kind"] == "typedef"]
    done, out = set(), []
    mine = {d["name"] for d in todo}
    while todo:
        ready = [d for d in todo if not (protocol.refs(d["type"]) & mine) - done]
        assert ready, "typedefs that name each other"
        for d in ready:
            done.add(d["name"])
            out.append(d)
        todo = [d for d in todo if d not in ready]
    return out


# ---------------------------------------------------------------------------------------------------
# How views step over values.


def emit_views(protocol):
    w = Writer()
    w("// Generated by xdrgen. How views step over checked values.")
    for name in protocol.files:
        w(f'#include "stellar_arrow/xdr/generated/{name}.h"')
    w()
    w(f"namespace {NAMESPACE} {{")
    w.depth = 0
    for d in protocol.views():
        ref = {"kind": "ref", "name": d["name"]}
        if protocol.fixed_size(ref) is not None:
            continue
        w(f"const uint8_t* {d['name']}::SkipAt(const uint8_t* p) {{")
        if d["kind"] == "struct":
            constant = 0
            for f in d["fields"]:
                size = protocol.fixed_size(f["type"])
                if size is not None:
                    constant += size
                    continue
                start = f"p + {constant}" if constant else "p"
                w(f"p = detail::Codec<{protocol.cpp(f['type'])}>::Skip({start});")
                constant = 0
            w(f"return p + {constant};" if constant else "return p;")
        else:
            w("switch (static_cast<int32_t>(detail::Load32(p))) {")
            for a in d["arms"]:
                for c in a["cases"]:
                    w(f"case {c['value']}:")
                if "type" in a:
                    w(f"  return detail::Codec<{protocol.cpp(a['type'])}>::Skip(p + 4);")
                else:
                    w("  return p + 4;")
            w("}")
            w("__builtin_unreachable();  // the bytes are checked")
        w("}")
        w()
    w(f"}}  // namespace {NAMESPACE}")
    return w.text()


# ---------------------------------------------------------------------------------------------------
# Checks.


class CheckEmitter:
    """Emits the check of one type.

    Bytes are asked for in runs: one comparison covers all that must be there up to the next thing of
    varying size. `run` is how far the code has moved inside such a run (the C++ pointer p stays at
    its start), `have` how many bytes from p are known to be there.
    """

    def __init__(self, protocol, writer, marks=None):
        self.protocol = protocol
        self.w = writer
        self.marks = marks  # None: plain check; else names of the types that are walked with marks
        self.run = 0
        self.have = 0
        self.names = 0

    def fresh(self, stem):
        self.names += 1
        return f"{stem}{self.names}"

    def at(self):
        return f"p + {self.run}" if self.run else "p"

    def fail_if(self, condition):
        self.w(f"if ({condition}) [[unlikely]] return nullptr;")

    def need(self, size):
        """Makes `size` bytes from here known to be there."""
        if self.run + size > self.have:
            self.settle()
            self.fail_if(f"static_cast<size_t>(end - p) < {size}")
            self.have = size

    def settle(self):
        """Moves p to here."""
        if self.run:
            self.w(f"p += {self.run};")
            self.have -= self.run
            self.run = 0

    def moved(self):
        """p was moved by other code; nothing is known to be there."""
        self.run = self.have = 0

    def mark(self, name):
        if self.marks is not None and name in self.marks.points:
            self.w(f"sink.template At<Mark::{self.marks.points[name]}>({self.at()});")

    def fields(self, owner, fields, level):
        """Checks fields one after the other. `level` is the depth of their owner, as text."""
        types = [f["type"] for f in fields]
        for i, f in enumerate(fields):
            # One comparison for all the fixed fields ahead and the least of the one after them.
            if self.run >= self.have:
                ahead = 0
                for t in types[i:]:
                    size = self.protocol.fixed_size(t)
                    if size is None:
                        ahead += self.protocol.min_size(t)
                        break
                    ahead += size
                if ahead:
                    self.need(ahead)
            self.mark(f"{owner}.{f['name']}")
            self.value(f["type"], level)

    def value(self, t, level):
        """Checks a value of type `t` that is a part of a value at depth `level`."""
        protocol, w = self.protocol, self.w
        t = protocol.resolve(t)
        kind = t["kind"]
        size = protocol.fixed_size(t)
        walked_with_marks = self.marks is not None and self.marks.reaches(t)
        if size is not None and not walked_with_marks:
            self.need(size)
            self.fixed(t)
            self.run += size
            return
        if kind in ("opaque_var", "string"):
            self.need(4)
            n = self.fresh("length")
            w(f"const uint32_t {n} = detail::Load32({self.at()});")
            self.run += 4
            self.settle()
            conditions = [f"{n} > {limit(t)}u"] if limit(t) < NO_LIMIT else []
            self.fail_if(" || ".join(conditions + [f"detail::Padded({n}) > static_cast<size_t>(end - p)"]))
            w(f"p += detail::Padded({n});")
            self.fail_if(f"!PaddingIsZero(p, {n})")
            self.moved()
        elif kind == "optional":
            self.need(4)
            flag = self.fresh("present")
            w(f"const uint32_t {flag} = detail::Load32({self.at()});")
            self.run += 4
            self.settle()
            self.fail_if(f"{flag} > 1")
            w(f"if ({flag} != 0) {{")
            self.branch(lambda: self.value(t["element"], f"{level} + 1"))
            w("}")
            self.moved()
        elif kind == "var_array":
            self.array(t, level)
        elif kind == "array":
            self.settle()
            self.elements(t["element"], str(t["count"]), level)
            self.moved()
        else:
            self.settle()
            w(f"p = {self.call(t, level)};")
            self.fail_if("p == nullptr")
            self.moved()

    def branch(self, emit):
        """Emits code that may or may not run; leaves p at its end in both cases."""
        known = self.have
        emit()
        self.settle()
        self.have = known

    def call(self, t, level):
        name = t["name"]
        arguments = ["p", "end"]
        if self.protocol.reaches_recursion(t):
            arguments.append(f"{level} + 1")
        if self.marks is not None and self.marks.reaches(t):
            return f"Walk{name}({', '.join(arguments)}, sink)"
        return f"{name}::CheckAt({', '.join(arguments)})"

    def array(self, t, level):
        protocol, w = self.protocol, self.w
        element = protocol.resolve(t["element"])
        self.need(4)
        count = self.fresh("count")
        w(f"const uint32_t {count} = detail::Load32({self.at()});")
        self.run += 4
        self.settle()
        if limit(t) < NO_LIMIT:
            self.fail_if(f"{count} > {limit(t)}u")
        # A count that the bytes left cannot hold is refused before the first element is looked at.
        least = max(protocol.min_size(element), 4)
        self.fail_if(f"{count} > static_cast<size_t>(end - p) / {least}")
        size = protocol.fixed_size(element)
        walked_with_marks = self.marks is not None and self.marks.reaches(element)
        if size is not None and protocol.is_plain(element) and not walked_with_marks:
            w(f"p += size_t{{{count}}} * {size};")
        else:
            self.elements(element, count, level)
        self.moved()

    def elements(self, element, count, level):
        i = self.fresh("i")
        self.w(f"for (uint32_t {i} = 0; {i} < {count}; ++{i}) {{")
        self.moved()
        self.value(element, f"{level} + 1")
        self.settle()
        self.w("}")

    def fixed(self, t):
        """Checks a value whose bytes are known to be there."""
        protocol = self.protocol
        t = protocol.resolve(t)
        if protocol.is_plain(t):
            return
        kind = t["kind"]
        if kind == "bool":
            self.fail_if(f"detail::Load32({self.at()}) > 1")
        elif kind == "opaque_fixed":
            self.fail_if(f"!PaddingIsZero(p + {self.run + padded(t['size'])}, {t['size']})")
        elif kind == "array":
            run = self.run
            for i in range(t["count"]):
                self.run = run + i * protocol.fixed_size(t["element"])
                self.fixed(t["element"])
            self.run = run
        elif protocol.is_enum(t):
            values = [m["value"] for m in protocol.by_name[t["name"]]["members"]]
            self.fail_if("!" + known_value(f"detail::Load32({self.at()})", values, t["name"]))
        else:
            d = protocol.by_name[t["name"]]
            run = self.run
            if d["kind"] == "struct":
                for f in d["fields"]:
                    self.fixed(f["type"])
                    self.run += protocol.fixed_size(f["type"])
            else:
                self.fixed_union(d)
            self.run = run

    def fixed_union(self, d):
        protocol = self.protocol
        values = [c["value"] for a in d["arms"] for c in a["cases"]]
        discriminant = f"detail::Load32({self.at()})"
        self.fail_if("!" + known_value(discriminant, values, None))
        arms = [a for a in d["arms"] if "type" in a and not protocol.is_plain(a["type"])]
        for a in arms:
            test = " || ".join(f"static_cast<int32_t>({discriminant}) == {c['value']}" for c in a["cases"])
            if len(d["arms"]) > 1:
                self.w(f"if ({test}) {{")
            run = self.run
            self.run += 4
            self.fixed(a["type"])
            self.run = run
            if len(d["arms"]) > 1:
                self.w("}")

    def union(self, d, level):
        protocol, w = self.protocol, self.w
        self.need(protocol.min_size({"kind": "ref", "name": d["name"]}))
        w(f"const int32_t discriminant = static_cast<int32_t>(detail::Load32({self.at()}));")
        self.mark(f"{d['name']}.{d['discriminant']['name']}")
        self.run += 4
        self.settle()
        known = self.have
        w("switch (discriminant) {")
        for a in d["arms"]:
            for c in a["cases"][:-1]:
                w(f"case {c['value']}:")
            w(f"case {a['cases'][-1]['value']}: {{")
            self.run, self.have = 0, known
            if "type" in a:
                self.mark(f"{d['name']}.{a['name']}")
                self.value(a["type"], level)
                self.settle()
            w("break;")
            w("}")
        w("default:")
        w("  return nullptr;")
        w("}")
        self.moved()

    def body(self, d, depth):
        level = "depth" if depth else "0"
        self.mark(f"{d['name']}.begin")
        if d["recursive"]:
            self.fail_if("depth > kMaxDepth")
        if d["kind"] == "struct":
            self.fields(d["name"], d["fields"], level)
        else:
            self.union(d, level)
        self.mark(f"{d['name']}.end")
        if self.run:
            self.w(f"return p + {self.run};")
        else:
            self.w("return p;")


def known_value(expression, values, enum):
    """C++ for: the word is one of `values`."""
    values = sorted(values)
    if values == list(range(values[0], values[-1] + 1)):
        if values[0] == values[-1]:
            return f"({expression} == static_cast<uint32_t>({values[0]}))"
        return f"({expression} - static_cast<uint32_t>({values[0]}) <= {values[-1] - values[0]}u)"
    assert enum, "a fixed union over scattered values"
    return f"Is{enum}({expression})"


def emit_check(protocol):
    w = Writer()
    w("// Generated by xdrgen. The strict check of every type: one pass, no allocation.")
    w('#include "stellar_arrow/xdr/check.h"')
    for name in protocol.files:
        w(f'#include "stellar_arrow/xdr/generated/{name}.h"')
    w()
    w(f"namespace {NAMESPACE} {{")
    w.depth = 0
    w("namespace {")
    w.depth = 0
    w()
    w("using detail::PaddingIsZero;")
    w()
    for d in protocol.definitions:
        if d["kind"] != "enum":
            continue
        values = sorted(m["value"] for m in d["members"])
        if values == list(range(values[0], values[-1] + 1)):
            continue
        w(f"[[maybe_unused]] bool Is{d['name']}(uint32_t value) {{")
        w("switch (static_cast<int32_t>(value)) {")
        for value in values:
            w(f"case {value}:")
        w("  return true;")
        w("}")
        w("return false;")
        w("}")
        w()
    w("}  // namespace")
    w.depth = 0
    w()
    for d in protocol.views():
        ref = {"kind": "ref", "name": d["name"]}
        depth = protocol.reaches_recursion(ref)
        tail = ", [[maybe_unused]] uint32_t depth" if depth else ""
        w(f"const uint8_t* {d['name']}::CheckAt(const uint8_t* p, const uint8_t* end{tail}) {{")
        CheckEmitter(protocol, w).body(d, depth)
        w("}")
        w()
        w(f"Checked<{d['name']}> {d['name']}::Check(Bytes wire) {{ return detail::CheckWhole<{d['name']}>(wire); }}")
        w()
    w(f"}}  // namespace {NAMESPACE}")
    return w.text()


# ---------------------------------------------------------------------------------------------------
# The walk with marks.


class Marks:
    """The points of the walk that a sink wants to hear of: "Type.begin", "Type.end", "Type.field"."""

    def __init__(self, protocol, text):
        self.protocol = protocol
        self.points = {}
        self.root = None
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            kind, _, name = line.partition(" ")
            if kind == "root":
                self.root = name.strip()
                continue
            assert kind == "mark", f"marks: unknown line {line!r}"
            owner, _, part = name.strip().partition(".")
            d = protocol.by_name[owner]
            parts = {"begin", "end"}
            if d["kind"] == "struct":
                parts |= {f["name"] for f in d["fields"]}
            else:
                parts |= {a["name"] for a in d["arms"]} | {d["discriminant"]["name"]}
            assert part in parts, f"marks: {owner} has no {part}"
            self.points[f"{owner}.{part}"] = f"k{owner}{camel(part)}"
        self.owners = {p.partition(".")[0] for p in self.points}

    def reaches(self, t):
        return any(n in self.owners or self.protocol.reach(n) & self.owners
                   for n in self.protocol.refs(self.protocol.resolve(t)))

    def walked(self):
        """The types that are walked with marks, those that others need first where possible."""
        names = [self.root] + sorted(self.protocol.reach(self.root))
        return [self.protocol.by_name[n] for n in names
                if self.protocol.by_name[n]["kind"] in ("struct", "union")
                and self.reaches({"kind": "ref", "name": n})]


def emit_marked_walk(protocol, marks):
    w = Writer()
    w(f"// Generated by xdrgen. The strict check of {marks.root} that also tells a sink where chosen")
    w("// things lie, so that nobody has to walk the bytes again to find them. A sink has")
    w("//   template <Mark M> void At(const uint8_t* p);")
    w("// which is called in the order of the bytes. After a failed walk what it heard means nothing.")
    w("#pragma once")
    w()
    w('#include "stellar_arrow/xdr/check.h"')
    for name in protocol.files:
        w(f'#include "stellar_arrow/xdr/generated/{name}.h"')
    w()
    w(f"namespace {NAMESPACE}::marked {{")
    w.depth = 0
    w()
    w("enum class Mark {")
    for point, name in marks.points.items():
        w(f"{name},  // {point}")
    w("};")
    w()
    w("using detail::PaddingIsZero;")
    w()
    w("// The value at a mark. Words of fixed size ahead of or at a mark may be read during the walk; all")
    w("// else only after it has succeeded.")
    w("template <typename T>")
    w("T ReadAt(const uint8_t* p) {")
    w("return detail::Codec<T>::Read(p);")
    w("}")
    w()

    def signature(d):
        depth = ", [[maybe_unused]] uint32_t depth" if protocol.reaches_recursion({"kind": "ref", "name": d["name"]}) else ""
        return (f"const uint8_t* Walk{d['name']}(const uint8_t* p, "
                f"[[maybe_unused]] const uint8_t* end{depth}, [[maybe_unused]] Sink& sink)")

    for d in marks.walked():
        w("template <class Sink>")
        w(signature(d) + ";")
    w()
    for d in marks.walked():
        w("template <class Sink>")
        w(signature(d) + " {")
        CheckEmitter(protocol, w, marks).body(
            d, protocol.reaches_recursion({"kind": "ref", "name": d["name"]}))
        w("}")
        w()
    w(f"}}  // namespace {NAMESPACE}::marked")
    return w.text()


# ---------------------------------------------------------------------------------------------------
# The types as data.


def emit_type_info(protocol):
    w = Writer()
    tables = Writer()  # what the tables refer to, in an order in which it can be defined
    w("// Generated by xdrgen. The protocol's types as data.")
    w('#include "stellar_arrow/xdr/type_info.h"')
    for name in protocol.files:
        w(f'#include "stellar_arrow/xdr/generated/{name}.h"')
    w()
    w(f"namespace {NAMESPACE} {{")
    w.depth = 0
    w("namespace {")
    w.depth = 0
    w()
    named = [d for d in protocol.definitions if d["kind"] != "const"]
    for d in named:
        w(f"extern const TypeInfo k{d['name']};")
    w()
    anonymous = {}
    simple = {"int": "kInt", "unsigned_int": "kUnsignedInt", "hyper": "kHyper",
              "unsigned_hyper": "kUnsignedHyper", "bool": "kBool"}

    def reference(t):
        """C++ for the address of the table of `t`."""
        if t["kind"] == "ref":
            return f"&k{t['name']}"
        key = json.dumps(t, sort_keys=True)
        if key not in anonymous:
            name = f"kAnonymous{len(anonymous)}"
            anonymous[key] = name
            kind, size, element = simple.get(t["kind"]), 0, None
            if kind is None:
                kind = {"opaque_fixed": "kOpaque", "opaque_var": "kVarOpaque", "string": "kString",
                        "array": "kArray", "var_array": "kVarArray", "optional": "kOptional"}[t["kind"]]
                size = t.get("size", t.get("count", limit(t)))
            inner = f", .element = {reference(t['element'])}" if "element" in t else ""
            tables(f'constexpr TypeInfo {name} = {{.kind = Kind::{kind}, .name = "", .size = {size}u{inner}}};')
        return f"&{anonymous[key]}"

    def case_json(d, c):
        if "name" not in c:
            return f"v{c['value']}"
        enum = protocol.by_name[protocol.resolve(d["discriminant"]["type"])["name"]]
        return json_member(c["name"], enum["member_prefix"])

    for place, d in enumerate(named, 1):
        name = d["name"]
        head = f'const TypeInfo k{name} = {{.kind = Kind::%s, .name = "{name}", .place = {place}'
        if d["recursive"]:
            head += ", .recursive = true"
        if d["kind"] == "typedef":
            tables(head % "kAlias" + f", .element = {reference(d['type'])}}};")
        elif d["kind"] == "enum":
            members = ", ".join(
                f'{{"{m["name"]}", "{json_member(m["name"], d["member_prefix"])}", {m["value"]}}}'
                for m in d["members"])
            tables(f"constexpr EnumMember k{name}Members[] = {{{members}}};")
            tables(head % "kEnum" + f", .members = k{name}Members}};")
        elif d["kind"] == "struct":
            fields = ", ".join(
                f'{{"{f["name"]}", "{json_field(f["name"])}", {reference(f["type"])}}}'
                for f in d["fields"])
            tables(f"constexpr FieldInfo k{name}Fields[] = {{{fields}}};")
            tables(head % "kStruct" + f", .fields = k{name}Fields}};")
        else:
            arms = []
            for i, a in enumerate(d["arms"]):
                cases = ", ".join(f'{{{c["value"]}, "{case_json(d, c)}"}}' for c in a["cases"])
                tables(f"constexpr UnionCase k{name}Cases{i}[] = {{{cases}}};")
                t = reference(a["type"]) if "type" in a else "nullptr"
                arms.append(f'{{k{name}Cases{i}, "{a["name"] or ""}", {t}}}')
            tables(f"constexpr ArmInfo k{name}Arms[] = {{{', '.join(arms)}}};")
            tables(head % "kUnion" + f', .discriminant = {{"{d["discriminant"]["name"]}", '
                   f'"{json_field(d["discriminant"]["name"])}", '
                   f"{reference(d['discriminant']['type'])}}}, .arms = k{name}Arms}};")
    w.lines += tables.lines
    w()
    w("constexpr const TypeInfo* kAllTypes[] = {" + ", ".join(f"&k{d['name']}" for d in named) + "};")
    w()
    w("}  // namespace")
    w.depth = 0
    w()
    w("std::span<const TypeInfo* const> AllTypes() { return kAllTypes; }")
    w()
    for d in protocol.views():
        w(f"const TypeInfo& {d['name']}::Info() {{ return k{d['name']}; }}")
    w()
    w(f"}}  // namespace {NAMESPACE}")
    return w.text()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--types", required=True, type=pathlib.Path)
    parser.add_argument("--marks", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    protocol = Protocol(json.loads(arguments.types.read_text()))
    marks = Marks(protocol, arguments.marks.read_text())
    files = {"fwd.h": emit_fwd(protocol), "check.cc": emit_check(protocol),
             "views.cc": emit_views(protocol), "type_info.cc": emit_type_info(protocol),
             "marked_walk.h": emit_marked_walk(protocol, marks)}
    for i, name in enumerate(protocol.files):
        files[f"{name}.h"] = emit_header(protocol, i)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = arguments.output / name
        if not path.exists() or path.read_text() != text:  # an unchanged file keeps its time
            path.write_text(text)


if __name__ == "__main__":
    main()
