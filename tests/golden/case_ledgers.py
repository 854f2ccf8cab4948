"""Ledgers with everything that a transaction or an operation can be, made by hand.

Each type of operation in each form, each code of each result, all memos, preconditions and outcomes, in
metas of every version, and texts of bytes that are no UTF-8. named_cases.py names them; the second
reader judges all, the official Go SDK those that it reads (tests/compare). They hold together where rows
are read from, not everywhere a core would look.
"""

import random

import transfer_ledgers
from transfer_ledgers import (EURO, LONG, NATIVE, POOLS, USD, account, address, asset, balance_entry,
                              balance_id, created, key, muxed, old_order_book, op, order_book,
                              pool_entry, pool_trade, result, transaction, updated)
from xdr_values import DEFINITIONS

LARGEST = 2**63 - 1
NO_TEXT = b"a\xff\0\xe2\x82\xf0\x9f\x98\xed\xa0\x80z"  # starts, ends and holds what is no UTF-8


def codes_of(operation):
    """The codes of an operation's result, by the protocol; success is the first."""
    for arm in DEFINITIONS["OperationResultTr"]["arms"]:
        if arm["cases"][0]["name"] == operation:
            of = DEFINITIONS[arm["type"]["name"]]["discriminant"]["type"]["name"]
            return [member["name"] for member in DEFINITIONS[of]["members"]]
    raise KeyError(operation)


def members(enum):
    return [member["name"] for member in DEFINITIONS[enum]["members"]]


# Entries.

def signed_by(name, kind="ED25519"):
    """A key that may sign."""
    content = {"ed25519": key(name), "payload": b"payload"} if kind.endswith("PAYLOAD") else key(name)
    return (f"SIGNER_KEY_TYPE_{kind}", content)


SIGNER_KINDS = ("ED25519", "PRE_AUTH_TX", "HASH_X", "ED25519_SIGNED_PAYLOAD")


def sponsored(entry, by):
    return entry | {"ext": (1, {"sponsoringID": account(by)})}


def with_signers(name, signers):
    """An account's entry with signers, each of them with who pays for it, or None."""
    return {"data": ("ACCOUNT", {
        "accountID": account(name),
        "signers": [{"key": one, "weight": 1} for one, _ in signers],
        "ext": (1, {"ext": (2, {"signerSponsoringIDs": [by and account(by) for _, by in signers]})})})}


def pool_state(*numbers):
    entry = pool_entry(POOLS[2], NATIVE, USD, *numbers[:2])
    entry["data"][1]["body"][1]["totalPoolShares"] = numbers[2]
    return entry


def offer_made(effect):
    entry = {"sellerID": account("source"), "offerID": 4242, "selling": USD, "buying": LONG,
             "amount": 5, "price": {"n": 1, "d": 3}}
    done = effect if effect == "MANAGE_OFFER_DELETED" else (effect, entry)
    return {"offersClaimed": [order_book("maker", USD, 5, NATIVE, 6)], "offer": done}


def contract_data(name, value="SCV_LEDGER_KEY_CONTRACT_INSTANCE"):
    return ("CONTRACT_DATA", {"contract": ("SC_ADDRESS_TYPE_CONTRACT", key(name)), "key": value,
                              "durability": "PERSISTENT"})


CODE = ("CONTRACT_CODE", {"hash": key("code")})
DECLARED = {
    "resources": {"footprint": {"readOnly": [CODE, contract_data("read")],
                                "readWrite": [contract_data("written", ("SCV_U32", 1))]},
                  "instructions": 2**32 - 1, "diskReadBytes": 7, "writeBytes": 8},
    "resourceFee": 50, "ext": (1, {"archivedSorobanEntries": [0, 3]})}
ARGUMENTS = [
    "SCV_VOID", ("SCV_BOOL", True), ("SCV_U32", 2**32 - 1), ("SCV_I32", -2**31),
    ("SCV_U64", 2**64 - 1), ("SCV_I64", -2**63), ("SCV_STRING", b"text"), ("SCV_BYTES", b"\0\xff"),
    ("SCV_VEC", [("SCV_SYMBOL", b"one"), ("SCV_VEC", [])]), ("SCV_VEC", None),
    ("SCV_MAP", [{"key": ("SCV_SYMBOL", b"k"), "val": ("SCV_U128", {"hi": 1, "lo": 2})}]),
    ("SCV_I256", {"hi_hi": -1, "hi_lo": 2, "lo_hi": 3, "lo_lo": 4}),
    ("SCV_TIMEPOINT", 5), ("SCV_DURATION", 6), ("SCV_ERROR", ("SCE_CONTRACT", 7)),
    address("ACCOUNT", account("someone")), address("CONTRACT", key("other"))]


def predicate(kind, arm=None):
    return f"CLAIM_PREDICATE_{kind}" if arm is None else (f"CLAIM_PREDICATE_{kind}", arm)


def creation(preimage, executable, version=""):
    body = {"contractIDPreimage": preimage, "executable": executable}
    if version:
        body["constructorArgs"] = ARGUMENTS[:3]
    return (f"HOST_FUNCTION_TYPE_CREATE_CONTRACT{version}", body)


FROM_ADDRESS = ("CONTRACT_ID_PREIMAGE_FROM_ADDRESS", {
    "address": ("SC_ADDRESS_TYPE_ACCOUNT", account("creator")), "salt": key("salt")})
FROM_CONTRACT = ("CONTRACT_ID_PREIMAGE_FROM_ADDRESS", {
    "address": ("SC_ADDRESS_TYPE_CONTRACT", key("factory")), "salt": key("salt")})
FROM_ASSET = ("CONTRACT_ID_PREIMAGE_FROM_ASSET", USD)
WASM = ("CONTRACT_EXECUTABLE_WASM", key("code"))


def invoked(name, arguments=()):
    return ("HOST_FUNCTION_TYPE_INVOKE_CONTRACT", {
        "contractAddress": ("SC_ADDRESS_TYPE_CONTRACT", key("called")), "functionName": name,
        "args": list(arguments)})


def revocations():
    yield "account", ("ACCOUNT", {"accountID": account("kept")})
    for label, one in (("native", NATIVE), ("short", USD), ("long", LONG),
                       ("pool", ("ASSET_TYPE_POOL_SHARE", POOLS[0]))):
        yield f"trust line {label}", ("TRUSTLINE", {"accountID": account("kept"), "asset": one})
    yield "offer", ("OFFER", {"sellerID": account("kept"), "offerID": LARGEST})
    yield "data", ("DATA", {"accountID": account("kept"), "dataName": b"name"})
    yield "claimable balance", ("CLAIMABLE_BALANCE", {"balanceID": balance_id("one")})
    yield "liquidity pool", ("LIQUIDITY_POOL", {"liquidityPoolID": POOLS[0]})


def operations():
    """(type, form, body, result of success, changes) of each operation there is."""
    yield "CREATE_ACCOUNT", "", {"destination": account("new"), "startingBalance": LARGEST}, None, \
        created(sponsored(transfer_ledgers.account_entry("new", 1), "benefactor"))
    for label, one in (("native", NATIVE), ("short", USD), ("long", LONG)):
        yield "PAYMENT", label, {"destination": muxed("receiver", 2**64 - 1), "asset": one,
                                 "amount": LARGEST}, None, ()
    hops = [order_book("maker", USD, 5, NATIVE, 6), old_order_book("maker", USD, 5, NATIVE, 7),
            pool_trade(POOLS[0], LONG, 7, USD, 10)]
    for label, offers, path in (("without hops", [], []), ("over hops", hops, [USD, LONG])):
        last = {"destination": account("receiver"), "asset": EURO, "amount": 9}
        yield "PATH_PAYMENT_STRICT_RECEIVE", label, {
            "sendAsset": NATIVE, "sendMax": 100, "destination": muxed("receiver", 6),
            "destAsset": EURO, "destAmount": 9, "path": path}, {"offers": offers, "last": last}, ()
        yield "PATH_PAYMENT_STRICT_SEND", label, {
            "sendAsset": NATIVE, "sendAmount": 6, "destination": muxed("receiver"),
            "destAsset": LONG, "destMin": 1, "path": path}, {"offers": offers, "last": last}, ()
    for effect in members("ManageOfferEffect"):
        prices = {"price": {"n": 2**31 - 1, "d": 3}, "selling": USD, "buying": LONG}
        yield "MANAGE_SELL_OFFER", effect, prices | {"amount": 5, "offerID": 9}, offer_made(effect), ()
        yield "MANAGE_BUY_OFFER", effect, prices | {"buyAmount": 5, "offerID": 0}, offer_made(effect), ()
        yield "CREATE_PASSIVE_SELL_OFFER", effect, prices | {"amount": 5}, offer_made(effect), ()
    yield "SET_OPTIONS", "nothing", {}, None, ()
    numbers = ("clearFlags", "setFlags", "masterWeight", "lowThreshold", "medThreshold",
               "highThreshold")
    yield "SET_OPTIONS", "zeros", dict.fromkeys(numbers, 0) | {"homeDomain": b""}, None, ()
    yield "SET_OPTIONS", "everything", {
        "clearFlags": 15, "setFlags": 9, "masterWeight": 255, "lowThreshold": 1, "medThreshold": 2,
        "highThreshold": 3, "homeDomain": b"example.org", "inflationDest": account("inflation"),
        "signer": {"key": signed_by("signer"), "weight": 0}}, None, ()
    for kind in SIGNER_KINDS:
        one, other = signed_by("signer", kind), signed_by("other")
        before = with_signers("source", [(other, "someone")])
        after = with_signers("source", [(other, "someone"), (one, "benefactor")])
        yield "SET_OPTIONS", f"signer {kind}", {"signer": {"key": one, "weight": 5}}, None, \
            updated(before, after)
    pool = ("ASSET_TYPE_POOL_SHARE", ("LIQUIDITY_POOL_CONSTANT_PRODUCT", {
        "assetA": NATIVE, "assetB": LONG, "fee": 30}))
    for label, line in (("native", NATIVE), ("short", USD), ("long", LONG), ("pool", pool)):
        yield "CHANGE_TRUST", label, {"line": line, "limit": LARGEST}, None, ()
    for label, code in (("short", ("ASSET_TYPE_CREDIT_ALPHANUM4", b"USD\0")),
                        ("long", ("ASSET_TYPE_CREDIT_ALPHANUM12", b"LONGCODE\0\0\0\0"))):
        for flags in range(4):
            yield "ALLOW_TRUST", f"{label} {flags}", {
                "trustor": account("trustor"), "asset": code, "authorize": flags}, None, ()
    yield "ACCOUNT_MERGE", "", muxed("heir", 7), 55, ()
    yield "INFLATION", "", None, [{"destination": account("lucky"), "amount": 1}], ()
    for label, value in (("value", b"\0\xffvalue"), ("empty", b""), ("removal", None)):
        yield "MANAGE_DATA", label, {"dataName": b"name", "dataValue": value}, None, ()
    yield "BUMP_SEQUENCE", "", {"bumpTo": LARGEST}, None, ()
    claimants = [("CLAIMANT_TYPE_V0", {"destination": account(f"claimant {place}"), "predicate": one})
                 for place, one in enumerate((
                     predicate("UNCONDITIONAL"), predicate("BEFORE_ABSOLUTE_TIME", LARGEST),
                     predicate("BEFORE_RELATIVE_TIME", 1),
                     predicate("NOT", predicate("BEFORE_ABSOLUTE_TIME", 0)),
                     predicate("AND", [predicate("BEFORE_RELATIVE_TIME", 1),
                                       predicate("OR", [predicate("UNCONDITIONAL"),
                                                        predicate("BEFORE_ABSOLUTE_TIME", 5)])])))]
    yield "CREATE_CLAIMABLE_BALANCE", "", {"asset": USD, "amount": 4, "claimants": claimants}, \
        balance_id("one"), created(sponsored(balance_entry("one", USD, 4), "benefactor"))
    yield "CLAIM_CLAIMABLE_BALANCE", "", {"balanceID": balance_id("one")}, None, \
        transfer_ledgers.removed_balance("one", USD, 4)
    yield "BEGIN_SPONSORING_FUTURE_RESERVES", "", {"sponsoredID": account("ward")}, None, ()
    yield "END_SPONSORING_FUTURE_RESERVES", "without beginning", None, None, ()
    for label, one in revocations():
        yield "REVOKE_SPONSORSHIP", label, ("REVOKE_SPONSORSHIP_LEDGER_ENTRY", one), None, ()
    for kind in SIGNER_KINDS:
        yield "REVOKE_SPONSORSHIP", f"signer {kind}", ("REVOKE_SPONSORSHIP_SIGNER", {
            "accountID": account("kept"), "signerKey": signed_by("signer", kind)}), None, ()
    yield "CLAWBACK", "", {"asset": USD, "from": muxed("holder", 1), "amount": 3}, None, ()
    yield "CLAWBACK_CLAIMABLE_BALANCE", "", {"balanceID": balance_id("one")}, None, \
        transfer_ledgers.removed_balance("one", USD, 4)
    for set_flags, clear_flags in ((0, 0), (2, 1), (1, 6), (0, 7)):
        yield "SET_TRUST_LINE_FLAGS", f"{set_flags} {clear_flags}", {
            "trustor": account("trustor"), "asset": LONG, "setFlags": set_flags,
            "clearFlags": clear_flags}, None, ()
    deposit = {"liquidityPoolID": POOLS[2], "maxAmountA": 100, "maxAmountB": LARGEST,
               "minPrice": {"n": 1, "d": 2}, "maxPrice": {"n": 3, "d": 4}}
    withdrawal = {"liquidityPoolID": POOLS[2], "amount": 20, "minAmountA": 1, "minAmountB": 2}
    full, some = pool_state(100, 200, 50), pool_state(60, 90, 30)
    yield "LIQUIDITY_POOL_DEPOSIT", "of old", deposit, None, updated(some, full)
    yield "LIQUIDITY_POOL_DEPOSIT", "first", deposit, None, created(full)
    yield "LIQUIDITY_POOL_WITHDRAW", "", withdrawal, None, updated(full, some)
    yield "INVOKE_HOST_FUNCTION", "call", {
        "hostFunction": invoked(b"do_it", ARGUMENTS), "auth": [{}, {}]}, key("returned"), \
        created({"data": ("CONTRACT_DATA", {
            "contract": ("SC_ADDRESS_TYPE_CONTRACT", key("instance")), "durability": "PERSISTENT",
            "key": "SCV_LEDGER_KEY_CONTRACT_INSTANCE", "val": "SCV_VOID"})})
    for label, preimage, executable in (("address", FROM_ADDRESS, WASM), ("contract", FROM_CONTRACT, WASM),
                                        ("asset", FROM_ASSET, "CONTRACT_EXECUTABLE_STELLAR_ASSET")):
        for version in ("", "_V2"):
            yield "INVOKE_HOST_FUNCTION", f"creation{version} {label}", {
                "hostFunction": creation(preimage, executable, version)}, key("returned"), ()
    yield "INVOKE_HOST_FUNCTION", "upload", {
        "hostFunction": ("HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM", b"\0asm\1")}, key("returned"), ()
    yield "EXTEND_FOOTPRINT_TTL", "", {"extendTo": 2**32 - 1}, None, ()
    yield "RESTORE_FOOTPRINT", "", {}, None, ()


SOROBAN = {"INVOKE_HOST_FUNCTION", "EXTEND_FOOTPRINT_TTL", "RESTORE_FOOTPRINT"}
# What sorobanMeta tells of fees where a core was told to.
PARTS = (1, {"totalNonRefundableResourceFeeCharged": 11, "totalRefundableResourceFeeCharged": 12,
             "rentFeeCharged": 13})


def one_of(number, kind, body, outcome, changes=(), **other):
    """A transaction of one operation; each second has a source of its own, which may be muxed."""
    source = (None, muxed("other source"), None, muxed("other source", 9))[number % 4]
    other.setdefault("source", f"source {number}")
    other.setdefault("soroban", DECLARED if kind in SOROBAN else False)
    other.setdefault("fee_changes", transfer_ledgers.balance_change(other["source"], 1000, 900))
    return transaction([op(kind, body, source)], [outcome], [changes], **other)


def succeeded(kind, arm):
    return result(kind) if arm is None else result(kind, (codes_of(kind)[0], arm))


def done(soroban):
    """One transaction for each form of each operation, all successful."""
    for number, (kind, _, body, arm, changes) in enumerate(operations()):
        if kind in SOROBAN and not soroban:
            continue
        kind_of_result = kind
        if kind == "CREATE_PASSIVE_SELL_OFFER":  # as core writes it
            arm = ("MANAGE_SELL_OFFER_SUCCESS", arm)
            outcome = result("MANAGE_SELL_OFFER", arm)
        else:
            outcome = succeeded(kind_of_result, arm)
        yield one_of(number, kind, body, outcome, changes,
                     soroban_meta=PARTS if number % 2 else 0)
    begin = [op("BEGIN_SPONSORING_FUTURE_RESERVES", {"sponsoredID": account(name)}, muxed(by, 3))
             for name, by in (("ward", "first"), ("other ward", "second"), ("ward", "third"))]
    end = [op("END_SPONSORING_FUTURE_RESERVES", None, muxed(name)) for name in ("ward", "other ward")]
    yield transaction(begin + end, [result("BEGIN_SPONSORING_FUTURE_RESERVES")] * 3 +
                      [result("END_SPONSORING_FUTURE_RESERVES")] * 2)


def failed(soroban):
    """One transaction for each code of each operation's result, and for those that all have."""
    forms = {kind: body for kind, _, body, _, _ in operations()}
    number = 0
    for kind, body in forms.items():
        if kind in SOROBAN and not soroban:
            continue
        for code in codes_of(kind)[1:]:
            yield one_of(number, kind, body, result(kind, code), code="txFAILED")
            number += 1
        # Was rolled back, as its transaction failed.
        arm = next(arm for one, _, _, arm, _ in operations() if one == kind)
        yield one_of(number, kind, body, succeeded(kind, arm), code="txFAILED")
        number += 1
    for code in members("OperationResultCode")[1:]:
        yield one_of(number, "PAYMENT", forms["PAYMENT"], code, code="txFAILED")
        number += 1


def outcomes():
    """One transaction for each code of a transaction's result, and of that inside of a fee bump."""
    pay = [transfer_ledgers.payment(muxed("receiver"), USD, 1)]
    bumps = {"txFEE_BUMP_INNER_SUCCESS", "txFEE_BUMP_INNER_FAILED"}
    for number, code in enumerate(members("TransactionResultCode")):
        if code in bumps:
            continue
        tried = [result("PAYMENT", "PAYMENT_UNDERFUNDED")] if code == "txFAILED" else (
            [result("PAYMENT")] if code == "txSUCCESS" else None)
        yield transaction(pay, tried, code=code, source=f"source {number}",
                          fee_changes=transfer_ledgers.balance_change(f"source {number}", 1000, 900))
        outer = "txFEE_BUMP_INNER_SUCCESS" if code == "txSUCCESS" else "txFEE_BUMP_INNER_FAILED"
        payer = muxed("payer", number if number % 2 else None)
        yield transaction(pay, tried, code=outer, inner_code=code, source=f"source {number}",
                          fee_source=payer, fee_charged=200, signatures=("one", "two"),
                          fee_changes=transfer_ledgers.balance_change("payer", 1000, 800))


def soroban_bumps():
    """Fee bumps of Soroban transactions, with refunds. What the result says of the fee is not what left
    the balance, as core had it before protocol 21."""
    upload = {"hostFunction": ("HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM", b"\0asm\1")}
    for number, (code, inner, tried) in enumerate((
            ("txFEE_BUMP_INNER_SUCCESS", "txSUCCESS",
             succeeded("INVOKE_HOST_FUNCTION", key("returned"))),
            ("txFEE_BUMP_INNER_FAILED", "txFAILED", result(
                "INVOKE_HOST_FUNCTION", "INVOKE_HOST_FUNCTION_TRAPPED")))):
        yield one_of(number, "INVOKE_HOST_FUNCTION", upload, tried, code=code, inner_code=inner,
                     fee_source=muxed("payer"), fee_charged=111, soroban_meta=PARTS,
                     fee_changes=transfer_ledgers.balance_change("payer", 1000, 800),
                     after=transfer_ledgers.balance_change("payer", 800, 820))


def conditions():
    """{name: preconditions}."""
    out = {"none": "PRECOND_NONE"}
    for label, least, most in (("time", 5, 6), ("time without end", 5, 0),
                               ("time beyond the last microsecond", 2**64 - 1, 2**64 - 1),
                               ("time backwards", 7, 6)):
        out[label] = ("PRECOND_TIME", {"minTime": least, "maxTime": most})
    out["v2 of nothing"] = ("PRECOND_V2", {})
    for field, value in (("timeBounds", {"minTime": 1, "maxTime": 2}),
                         ("ledgerBounds", {"minLedger": 3, "maxLedger": 4}),
                         ("ledgerBounds without end", {"minLedger": 3}), ("minSeqNum", LARGEST),
                         ("minSeqNum of zero", 0), ("minSeqAge", LARGEST),
                         ("minSeqLedgerGap", 2**32 - 1)):
        out[field] = ("PRECOND_V2", {field.split()[0]: value})
    for kind in SIGNER_KINDS:
        out[f"extraSigners {kind}"] = ("PRECOND_V2", {"extraSigners": [signed_by("extra", kind)]})
    out["everything"] = ("PRECOND_V2", {
        "timeBounds": {"minTime": 1}, "ledgerBounds": {"minLedger": 1, "maxLedger": 2},
        "minSeqNum": 1, "minSeqAge": 2, "minSeqLedgerGap": 3,
        "extraSigners": [signed_by("extra"), signed_by("extra", "HASH_X")]})
    return out


def memos():
    """{name: memo}."""
    return {"none": "MEMO_NONE", "text": ("MEMO_TEXT", b"a memo"), "empty text": ("MEMO_TEXT", b""),
            "id": ("MEMO_ID", 2**64 - 1), "hash": ("MEMO_HASH", key("memo")),
            "return": ("MEMO_RETURN", key("memo"))}


def told():
    """One transaction for each memo, each precondition and each envelope."""
    pay = [transfer_ledgers.payment(muxed("receiver"), USD, 1)]
    for label, memo in memos().items():
        yield transaction(pay, [result("PAYMENT")], memo=memo, source=f"memo {label}")
    for label, condition in conditions().items():
        yield transaction(pay, [result("PAYMENT")], condition=condition, source_id=8,
                          source=f"condition {label}", signatures=("one",))
    for label, times in (("unbounded", None), ("bounded", {"minTime": 1, "maxTime": 2})):
        yield transaction(pay, [result("PAYMENT")], condition=times, v0=True, source=f"old {label}",
                          signatures=("one", "two"))


def texts(seed=0, soroban=True):
    """Operations and memos whose texts are any bytes."""
    source = random.Random(seed)

    def text(size, least=1):
        """Bytes like those of a text, some of them damaged; seed 0 has the same bad ones always."""
        if seed == 0:
            return NO_TEXT[:size]
        out = b"".join(source.choice((b"a", b"\0", "é".encode(), "€".encode(), "😀".encode(),
                                      source.randbytes(1), b"\xff", b"\xf4\x90", b"\xe0\x80"))
                       for _ in range(size))
        return out[:source.randint(least, size)]

    def named(size):
        """An asset with such a code: of twelve bytes the last are no padding."""
        code = text(size, size)
        return (f"ASSET_TYPE_CREDIT_ALPHANUM{size}", {
            "assetCode": code.ljust(size, b"z"), "issuer": account("issuer")})

    words = [("SCV_STRING", text(40)), ("SCV_SYMBOL", text(32)),
             ("SCV_MAP", [{"key": ("SCV_SYMBOL", text(9)), "val": ("SCV_VEC", [
                 ("SCV_STRING", text(9))])}])]
    bodies = [("SET_OPTIONS", {"homeDomain": text(32)}),
              ("MANAGE_DATA", {"dataName": text(64), "dataValue": text(64)}),
              ("REVOKE_SPONSORSHIP", ("REVOKE_SPONSORSHIP_LEDGER_ENTRY", ("DATA", {
                  "accountID": account("kept"), "dataName": text(64)}))),
              ("CHANGE_TRUST", {"line": named(12)}), ("CHANGE_TRUST", {"line": named(4)}),
              ("PAYMENT", {"asset": named(4), "destination": muxed("receiver")}),
              ("CLAWBACK", {"asset": named(12), "from": muxed("receiver")}),
              ("ALLOW_TRUST", {"trustor": account("kept"),
                               "asset": ("ASSET_TYPE_CREDIT_ALPHANUM4", named(4)[1]["assetCode"])}),
              ("PATH_PAYMENT_STRICT_SEND", {
                  "sendAsset": named(4), "destination": muxed("receiver"), "destAsset": named(12),
                  "path": [named(4), named(12)]}),
              ("MANAGE_SELL_OFFER", {"selling": named(4), "buying": named(12)}),
              ("CREATE_CLAIMABLE_BALANCE", {"asset": named(12)}),
              ("INVOKE_HOST_FUNCTION", {"hostFunction": invoked(text(32), words)}),
              ("INVOKE_HOST_FUNCTION", {"hostFunction": creation(
                  ("CONTRACT_ID_PREIMAGE_FROM_ASSET", named(12)),
                  "CONTRACT_EXECUTABLE_STELLAR_ASSET", "_V2")})]
    for number, (kind, body) in enumerate(bodies):
        if kind in SOROBAN and not soroban:
            continue
        yield one_of(number, kind, body, "opNO_ACCOUNT", code="txFAILED",
                     memo=("MEMO_TEXT", text(28)))
    if not soroban:
        return
    # And of events: the names of assets and memos in them.
    for number, topics in enumerate((
            [("SCV_SYMBOL", text(8))], [("SCV_SYMBOL", b"transfer")] + transfer_ledgers.HOLDERS[:2] +
            [("SCV_STRING", text(30))])):
        data = transfer_ledgers.amount_map(
            (("SCV_SYMBOL", b"amount"), transfer_ledgers.i128(5)),
            (("SCV_SYMBOL", b"to_muxed_id"), ("SCV_STRING", text(30))))
        yield transfer_ledgers.invocation(
            [transfer_ledgers.contract(topics, data)], memo=("MEMO_TEXT", text(28)),
            source=f"events {number}",
            fee_changes=transfer_ledgers.balance_change(f"events {number}", 10000, 9000))


OLD = ((1, 0), (12, 1), (18, 2))


def cases():
    """{name: ledger} of the protocol's every part, for both tables."""
    out = {}
    number = 100

    def add(name, protocol, meta, txs):
        nonlocal number
        number += 1
        out[f"cases/{name}"] = transfer_ledgers.ledger(number, protocol, meta, list(txs))

    for protocol, meta in (*OLD, (22, 3), (23, 4), (28, 4)):
        add(f"operations-{protocol}-{meta}", protocol, meta, done(soroban=meta >= 3))
    for protocol, meta in ((12, 1), (22, 3), (28, 4)):
        add(f"failures-{protocol}-{meta}", protocol, meta, failed(soroban=meta >= 3))
        add(f"outcomes-{protocol}-{meta}", protocol, meta, outcomes())
        add(f"told-{protocol}-{meta}", protocol, meta, told())
        add(f"texts-{protocol}-{meta}", protocol, meta, texts(soroban=meta >= 3))
    for protocol in (20, 21):
        add(f"soroban-bumps-{protocol}-3", protocol, 3, soroban_bumps())
    return out


def refused_by_the_sdk(name):
    """It says nothing of operations with metas of version 0."""
    return name.startswith("cases/operations-1-0")
