"""Ledgers that move tokens in the ways that no corpus has, made by hand.

The official Go SDK is the judge of what they mean: tests/compare/ttp_events.py has it read them,
too. They hold together where token transfers look (hashes of transactions, entries before changes),
not everywhere a core would look.
"""

import base64
import hashlib
import struct

import ttp_events
from xdr_values import encode

NETWORK = hashlib.sha256(ttp_events.STANDALONE.encode()).digest()


def key(name):
    return hashlib.sha256(name.encode()).digest()


def account(name):
    return ("PUBLIC_KEY_TYPE_ED25519", key(name))


def muxed(name, number=None):
    if number is None:
        return ("KEY_TYPE_ED25519", key(name))
    return ("KEY_TYPE_MUXED_ED25519", {"id": number, "ed25519": key(name)})


def asset(code, issuer="issuer"):
    code = code.encode()
    size = 4 if len(code) <= 4 else 12
    return (f"ASSET_TYPE_CREDIT_ALPHANUM{size}",
            {"assetCode": code.ljust(size, b"\0"), "issuer": account(issuer)})


NATIVE = "ASSET_TYPE_NATIVE"
USD, EURO, LONG = asset("USD"), asset("EURO", "other issuer"), asset("LONGCODE")


def contract_of(one):
    return hashlib.sha256(encode("HashIDPreimage", ("ENVELOPE_TYPE_CONTRACT_ID", {
        "networkID": NETWORK,
        "contractIDPreimage": ("CONTRACT_ID_PREIMAGE_FROM_ASSET", one)}))).digest()


def text_of(one):
    """As contracts of assets name them."""
    if one == NATIVE:
        return b"native"
    payload = b"\x30" + one[1]["issuer"][1]
    issuer = base64.b32encode(payload + ttp_events.crc16(payload)).rstrip(b"=")
    return one[1]["assetCode"].rstrip(b"\0") + b":" + issuer


# Operations and their results.

def op(kind, arm=None, source=None):
    body = kind if arm is None else (kind, arm)
    return {"sourceAccount": source, "body": body}


def result(kind, arm=None):
    return ("opINNER", (kind, arm))


def payment(to, one, amount, source=None):
    return op("PAYMENT", {"destination": to, "asset": one, "amount": amount}, source)


def order_book(seller, sold, sold_amount, bought, bought_amount):
    return ("CLAIM_ATOM_TYPE_ORDER_BOOK", {
        "sellerID": account(seller), "offerID": 7, "assetSold": sold, "amountSold": sold_amount,
        "assetBought": bought, "amountBought": bought_amount})


def old_order_book(seller, sold, sold_amount, bought, bought_amount):
    return ("CLAIM_ATOM_TYPE_V0", {
        "sellerEd25519": key(seller), "offerID": 8, "assetSold": sold, "amountSold": sold_amount,
        "assetBought": bought, "amountBought": bought_amount})


def pool_trade(pool, sold, sold_amount, bought, bought_amount):
    return ("CLAIM_ATOM_TYPE_LIQUIDITY_POOL", {
        "liquidityPoolID": pool, "assetSold": sold, "amountSold": sold_amount,
        "assetBought": bought, "amountBought": bought_amount})


# Entries and their changes.

def account_entry(name, balance):
    return {"data": ("ACCOUNT", {"accountID": account(name), "balance": balance})}


def balance_id(name):
    return ("CLAIMABLE_BALANCE_ID_TYPE_V0", name if isinstance(name, bytes) else key(name))


def balance_entry(name, one, amount):
    return {"data": ("CLAIMABLE_BALANCE",
                     {"balanceID": balance_id(name), "asset": one, "amount": amount})}


def pool_entry(pool, a, b, reserve_a, reserve_b):
    return {"data": ("LIQUIDITY_POOL", {"liquidityPoolID": pool, "body": (
        "LIQUIDITY_POOL_CONSTANT_PRODUCT",
        {"params": {"assetA": a, "assetB": b, "fee": 30}, "reserveA": reserve_a,
         "reserveB": reserve_b})})}


def updated(before, after):
    return [("LEDGER_ENTRY_STATE", before), ("LEDGER_ENTRY_UPDATED", after)]


def created(entry):
    return [("LEDGER_ENTRY_CREATED", entry)]


def removed_balance(name, one, amount):
    return [("LEDGER_ENTRY_STATE", balance_entry(name, one, amount)),
            ("LEDGER_ENTRY_REMOVED", ("CLAIMABLE_BALANCE", {"balanceID": balance_id(name)}))]


def balance_change(name, before, after):
    return updated(account_entry(name, before), account_entry(name, after))


def revoked(source, sequence, operation, pool, one):
    """The id of the claimable balance for the share of an asset in a pool."""
    return hashlib.sha256(encode("HashIDPreimage", ("ENVELOPE_TYPE_POOL_REVOKE_OP_ID", {
        "sourceAccount": account(source), "seqNum": sequence, "opNum": operation,
        "liquidityPoolID": pool, "asset": one}))).digest()


# Events of contracts.

def symbol(name):
    return ("SCV_SYMBOL", name)


def address(kind, value):
    return ("SCV_ADDRESS", (f"SC_ADDRESS_TYPE_{kind}", value))


def user(name):
    return address("ACCOUNT", account(name))


def i128(value):
    return ("SCV_I128", {"hi": value >> 64, "lo": value & (1 << 64) - 1})


def amount_map(*entries):
    return ("SCV_MAP", [{"key": key_, "val": value} for key_, value in entries])


def event(contract, topics, data, kind="CONTRACT"):
    return {"contractID": contract, "type": kind,
            "body": (0, {"topics": topics, "data": data})}


def fee_event(name, amount, stage="TRANSACTION_EVENT_STAGE_BEFORE_ALL_TXS"):
    return {"stage": stage, "event": event(contract_of(NATIVE), [symbol(b"fee"), user(name)],
                                           i128(amount))}


# Transactions and ledgers.

FEE = 100
SEQUENCE = 77  # where an id depends on it


def transaction(operations, results, changes=(), source="source", source_id=None, memo="MEMO_NONE",
                code="txSUCCESS", soroban=False, fee_source=None, inner_code=None, v0=False,
                events=(), operation_events=(), fee_changes=None, after=(), post=(), before=(),
                fee_charged=FEE, sequence=None, condition=None, signatures=(), soroban_meta=0):
    """`changes` and `operation_events` have one list an operation. `soroban` may be what is declared,
    `condition` is the preconditions, of an old envelope its time bounds; `soroban_meta` is the
    extension of Soroban's part of the meta."""
    if sequence is None:  # of its own, so that no two transactions of a ledger are the same
        told = repr((operations, changes, code, inner_code, fee_charged, v0, source_id, memo,
                     condition, soroban_meta, operation_events, before, after, post)).encode()
        sequence = int.from_bytes(hashlib.sha256(told).digest()[:4], "big")
    body = {"fee": FEE, "seqNum": sequence, "memo": memo, "operations": operations,
            "timeBounds" if v0 else "cond": condition}
    signed_by = [{"hint": key(name)[:4], "signature": key(name)} for name in signatures]
    if v0:
        body["sourceAccountEd25519"] = key(source)
        envelope = ("ENVELOPE_TYPE_TX_V0", {"tx": body, "signatures": signed_by})
        signed = struct.pack(">ii", 2, 0) + encode("TransactionV0", body)
    else:
        body["sourceAccount"] = muxed(source, source_id)
        declared = soroban if isinstance(soroban, dict) else {"resourceFee": 50}
        body["ext"] = (1, declared) if soroban else 0
        envelope = ("ENVELOPE_TYPE_TX", {"tx": body, "signatures": signed_by})
        signed = struct.pack(">i", 2) + encode("Transaction", body)
    digest = hashlib.sha256(NETWORK + signed).digest()
    outcome = (code, results) if code in ("txSUCCESS", "txFAILED") else code
    if fee_source is not None:
        outer = {"feeSource": fee_source, "fee": 4 * FEE, "innerTx": envelope}
        envelope = ("ENVELOPE_TYPE_TX_FEE_BUMP", {"tx": outer, "signatures": signed_by[:1]})
        inner = digest
        digest = hashlib.sha256(NETWORK + struct.pack(">i", 5) +
                                encode("FeeBumpTransaction", outer)).digest()
        outcome = (code, {"transactionHash": inner, "result": {
            "result": (inner_code, results) if results is not None else inner_code}})
    return {
        "envelope": envelope, "hash": digest,
        "result": {"feeCharged": fee_charged, "result": outcome},
        "successful": code in ("txSUCCESS", "txFEE_BUMP_INNER_SUCCESS"),
        "changes": [list(one) for one in changes] or [[] for _ in operations],
        "operation_events": [list(one) for one in operation_events] or [[] for _ in operations],
        "fee_changes": fee_changes if fee_changes is not None else
        balance_change(source, 1000, 1000 - fee_charged),
        "before": list(before), "after": list(after), "post": list(post), "events": list(events),
        "soroban": soroban, "soroban_meta": soroban_meta,
    }


def meta_of(tx, version):
    changes = tx["changes"] if tx["successful"] else []
    events = tx["operation_events"] if tx["successful"] else []
    operations = [{"changes": one} for one in changes]
    if version == 0:
        return (0, operations)
    if version == 1:
        return (1, {"txChanges": tx["before"], "operations": operations})
    out = {"txChangesBefore": tx["before"], "operations": operations,
           "txChangesAfter": tx["after"]}
    if version == 3 and tx["soroban"]:
        out["sorobanMeta"] = {"events": [one for some in events for one in some],
                              "returnValue": "SCV_VOID", "ext": tx["soroban_meta"]}
    if version == 4:
        out["operations"] = [{"changes": one, "events": two} for one, two in zip(changes, events)]
        out["events"] = tx["events"]
        if tx["soroban"] and tx["soroban_meta"]:
            out["sorobanMeta"] = {"ext": tx["soroban_meta"]}
    return (version, out)


def ledger(sequence, protocol, meta, txs):
    """A LedgerCloseMeta of the version that the meta's goes with."""
    version = 2 if meta == 4 else 1 if meta == 3 else 0
    header = {"ledgerVersion": protocol, "ledgerSeq": sequence,
              "scpValue": {"closeTime": 1700000000 + sequence}}
    envelopes = sorted((tx["envelope"] for tx in txs),
                       key=lambda one: encode("TransactionEnvelope", one), reverse=True)
    processing = [{"result": {"transactionHash": tx["hash"], "result": tx["result"]},
                   "feeProcessing": tx["fee_changes"], "txApplyProcessing": meta_of(tx, meta)}
                  | ({"postTxApplyFeeProcessing": tx["post"]} if version == 2 else {})
                  for tx in txs]
    tx_set = {"txs": envelopes} if version == 0 else (1, {"phases": [
        (0, [("TXSET_COMP_TXS_MAYBE_DISCOUNTED_FEE", {"txs": envelopes})])]})
    return encode("LedgerCloseMeta", (version, {
        "ledgerHeader": {"hash": hashlib.sha256(encode("LedgerHeader", header)).digest(),
                         "header": header},
        "txSet": tx_set, "txProcessing": processing}))


POOLS = sorted(key(f"pool {i}") for i in range(4))


def classic():
    """One transaction for each way a classic operation moves tokens."""
    yield transaction(
        [op("CREATE_ACCOUNT", {"destination": account("new"), "startingBalance": 5}),
         payment(muxed("receiver", 2**64 - 1), NATIVE, 6),
         payment(muxed("receiver"), USD, 7, muxed("payer", 9)),
         payment(muxed("receiver"), USD, 8, muxed("issuer")),
         payment(muxed("receiver", 0), LONG, 9, muxed("issuer", 4)),
         payment(muxed("issuer", 3), USD, 10),
         payment(muxed("issuer", 3), USD, 11, muxed("issuer", 4)),
         op("SET_OPTIONS"), op("BUMP_SEQUENCE", {"bumpTo": 1})],
        [result("CREATE_ACCOUNT")] + [result("PAYMENT")] * 6 +
        [result("SET_OPTIONS"), result("BUMP_SEQUENCE")],
        memo=("MEMO_TEXT", b"a\xffb\0\xe2\x82"), source_id=12)
    for index, memo in enumerate([("MEMO_ID", 2**64 - 1), ("MEMO_HASH", key("memo")),
                                  ("MEMO_RETURN", key("memo")), ("MEMO_TEXT", b"")]):
        yield transaction([payment(muxed("receiver"), USD, index),
                           payment(muxed("receiver", 5), USD, index)], [result("PAYMENT")] * 2,
                          memo=memo, v0=index == 0)
    atoms = [order_book("maker", USD, 5, NATIVE, 6), old_order_book("issuer", LONG, 7, USD, 8),
             pool_trade(POOLS[0], EURO, 9, LONG, 0)]
    yield transaction(
        [op("PATH_PAYMENT_STRICT_RECEIVE", {
            "sendAsset": NATIVE, "sendMax": 100, "destination": muxed("receiver", 6),
            "destAsset": EURO, "destAmount": 9, "path": [USD, LONG]}),
         op("PATH_PAYMENT_STRICT_SEND", {
            "sendAsset": NATIVE, "sendAmount": 6, "destination": muxed("issuer"),
            "destAsset": LONG, "destMin": 1, "path": []}, muxed("other issuer"))],
        [result("PATH_PAYMENT_STRICT_RECEIVE", ("PATH_PAYMENT_STRICT_RECEIVE_SUCCESS", {
            "offers": atoms, "last": {"destination": account("receiver"), "asset": EURO,
                                      "amount": 9}})),
         result("PATH_PAYMENT_STRICT_SEND", ("PATH_PAYMENT_STRICT_SEND_SUCCESS", {
            "offers": atoms[1:], "last": {"destination": account("issuer"), "asset": LONG,
                                          "amount": 5}}))],
        memo=("MEMO_ID", 1))
    taken = {"offersClaimed": atoms, "offer": "MANAGE_OFFER_DELETED"}
    yield transaction(
        [op("MANAGE_SELL_OFFER"), op("MANAGE_BUY_OFFER", None, muxed("issuer", 1)),
         op("CREATE_PASSIVE_SELL_OFFER"), op("MANAGE_SELL_OFFER")],
        [result("MANAGE_SELL_OFFER", ("MANAGE_SELL_OFFER_SUCCESS", taken)),
         result("MANAGE_BUY_OFFER", ("MANAGE_BUY_OFFER_SUCCESS", taken)),
         # As core writes it.
         result("MANAGE_SELL_OFFER", ("MANAGE_SELL_OFFER_SUCCESS", taken)),
         result("MANAGE_SELL_OFFER", ("MANAGE_SELL_OFFER_SUCCESS", {
             "offer": "MANAGE_OFFER_DELETED"}))], memo=("MEMO_ID", 1))
    yield transaction(
        [op("ACCOUNT_MERGE", muxed("heir", 7), muxed("gone")), op("ACCOUNT_MERGE", muxed("heir"))],
        [result("ACCOUNT_MERGE", ("ACCOUNT_MERGE_SUCCESS", 55)),
         result("ACCOUNT_MERGE", ("ACCOUNT_MERGE_SUCCESS", 0))], memo=("MEMO_ID", 1))
    yield transaction([op("INFLATION")], [result("INFLATION", ("INFLATION_SUCCESS", [
        {"destination": account("lucky"), "amount": 1}, {"destination": account("lucky too"),
                                                         "amount": 2}]))], memo=("MEMO_ID", 1))
    yield transaction(
        [op("CREATE_CLAIMABLE_BALANCE", {"asset": USD, "amount": 4}, muxed(name))
         for name in ("issuer", "holder")] +
        [op("CLAIM_CLAIMABLE_BALANCE", {"balanceID": balance_id("one")}, muxed("holder", 8)),
         op("CLAIM_CLAIMABLE_BALANCE", {"balanceID": balance_id("two")}, muxed("issuer")),
         op("CLAWBACK", {"asset": USD, "from": muxed("holder", 1), "amount": 3}, muxed("issuer")),
         op("CLAWBACK_CLAIMABLE_BALANCE", {"balanceID": balance_id("three")}, muxed("issuer"))],
        [result("CREATE_CLAIMABLE_BALANCE", ("CREATE_CLAIMABLE_BALANCE_SUCCESS",
                                             balance_id(name))) for name in ("one", "two")] +
        [result("CLAIM_CLAIMABLE_BALANCE")] * 2 +
        [result("CLAWBACK"), result("CLAWBACK_CLAIMABLE_BALANCE")],
        [created(balance_entry("one", USD, 4)), created(balance_entry("two", USD, 4)),
         removed_balance("one", USD, 4), removed_balance("two", USD, 4), [],
         balance_change("issuer", 1, 1) + removed_balance("three", LONG, 44)],
        memo=("MEMO_HASH", key("memo")))
    pool = [pool_entry(POOLS[1], NATIVE, USD, *reserves)
            for reserves in ((100, 200), (150, 210), (149, 210), (0, 0))]
    yield transaction(
        [op("LIQUIDITY_POOL_DEPOSIT"), op("LIQUIDITY_POOL_DEPOSIT", None, muxed("issuer", 2)),
         op("LIQUIDITY_POOL_WITHDRAW"), op("LIQUIDITY_POOL_WITHDRAW", None, muxed("issuer")),
         op("LIQUIDITY_POOL_WITHDRAW", None, muxed("holder", 3))],
        [result("LIQUIDITY_POOL_DEPOSIT")] * 2 + [result("LIQUIDITY_POOL_WITHDRAW")] * 3,
        [created(pool[0]), updated(pool[0], pool[1]), updated(pool[1], pool[2]),
         updated(pool[2], pool[3]), updated(pool[1], pool[2])], memo=("MEMO_TEXT", b"out"))


def revocation(kind, source="authorizer"):
    """Three pools lose the shares of one account: with two, one and no balances made of them."""
    arm = ({"trustor": account("trustor"), "asset": ("ASSET_TYPE_CREDIT_ALPHANUM4", b"USD\0")}
           if kind == "ALLOW_TRUST" else {"trustor": account("trustor"), "asset": USD,
                                          "clearFlags": 1})
    pairs = [(USD, LONG), (asset("AAA", "trustor"), USD), (NATIVE, USD), (USD, EURO)]
    before = [pool_entry(pool, *pair, 1000 + i, 2000 + i)
              for i, (pool, pair) in enumerate(zip(POOLS, pairs))]
    after = [pool_entry(pool, *pair, 900, 1800) for pool, pair in zip(POOLS, pairs)]
    balances = [(POOLS[0], USD, 100), (POOLS[0], LONG, 200), (POOLS[1], USD, 202),
                (POOLS[3], USD, 103)]
    changes = []
    for number in (2, 0, 3, 1):  # out of their order
        changes += updated(before[number], after[number])
    for pool, one, amount in reversed(balances):
        changes += created(balance_entry(revoked(source, SEQUENCE, 1, pool, one), one, amount))
    return transaction(
        [op(kind, arm, muxed("issuer")), op(kind, arm, muxed("issuer", 3)),
         op(kind, arm, muxed("issuer"))], [result(kind)] * 3,
        [[], changes, updated(before[0], after[0])], source=source, source_id=5,
        memo=("MEMO_ID", 6), sequence=SEQUENCE)


def payers():
    """Fees of every kind of envelope and outcome."""
    one = [payment(muxed("receiver"), USD, 1)]
    yield transaction(one, None, code="txBAD_SEQ")
    yield transaction(one, [("opINNER", ("PAYMENT", "PAYMENT_UNDERFUNDED"))], code="txFAILED",
                      source_id=3)
    yield transaction(one, [result("PAYMENT")], v0=True)
    yield transaction(one, [result("PAYMENT")], fee_source=muxed("payer", 4), fee_charged=2 * FEE,
                      code="txFEE_BUMP_INNER_SUCCESS", inner_code="txSUCCESS",
                      fee_changes=balance_change("payer", 500, 300), memo=("MEMO_ID", 7))
    yield transaction(one, [result("PAYMENT")], fee_source=muxed("payer"), fee_charged=2 * FEE,
                      code="txFEE_BUMP_INNER_FAILED", inner_code="txFAILED",
                      fee_changes=balance_change("payer", 300, 100))
    yield transaction(one, None, fee_source=muxed("payer"), code="txFEE_BUMP_INNER_FAILED",
                      inner_code="txBAD_AUTH", fee_changes=balance_change("payer", 100, 0))


def contract(topics, data, **other):
    """A transaction whose one invocation makes one event."""
    return event(other.pop("contract", key("token")), topics, data, **other)


def invocation(events, **other):
    other.setdefault("fee_changes", balance_change("source", 10000, 9000))
    return transaction([op("INVOKE_HOST_FUNCTION")], [result("INVOKE_HOST_FUNCTION")],
                       operation_events=[events], soroban=True, **other)


HOLDERS = [user("holder"), address("CONTRACT", key("vault")),
           address("MUXED_ACCOUNT", {"id": 3, "ed25519": key("holder")}),
           address("CLAIMABLE_BALANCE", balance_id("one")),
           address("LIQUIDITY_POOL", POOLS[0])]
# What an amount may look like, and what it may not.
DATA = [
    i128(0), i128(-1), i128(2**127 - 1), i128(-2**127), i128(2**63), ("SCV_U64", 5), "SCV_VOID",
    amount_map((symbol(b"amount"), i128(5))),
    amount_map((symbol(b"amount"), i128(5)), (symbol(b"to_muxed_id"), ("SCV_U64", 2**64 - 1))),
    amount_map((symbol(b"amount"), i128(5)), (symbol(b"to_muxed_id"), ("SCV_STRING", b"t\xff"))),
    amount_map((symbol(b"amount"), i128(5)), (symbol(b"to_muxed_id"), ("SCV_BYTES", b"abc"))),
    amount_map((symbol(b"amount"), i128(5)), (symbol(b"to_muxed_id"), ("SCV_BYTES", b""))),
    amount_map((symbol(b"amount"), i128(5)), (symbol(b"to_muxed_id"), "SCV_VOID")),
    amount_map((symbol(b"amount"), i128(5)), (symbol(b"to_muxed_id"), ("SCV_U32", 1))),
    amount_map((symbol(b"amount"), i128(5)), (symbol(b"else"), ("SCV_U32", 1))),
    amount_map((symbol(b"amount"), i128(5)), (("SCV_U32", 1), ("SCV_U32", 1))),
    amount_map((symbol(b"amount"), ("SCV_U64", 1))), amount_map((symbol(b"to_muxed_id"), i128(1))),
    amount_map(), ("SCV_MAP", None),
]


def token_events():
    """Events of every form, and what comes close to one."""
    for name in (b"transfer", b"mint", b"burn", b"clawback", b"fee", b"set_admin", b""):
        for count in range(4):
            for last in ([], [("SCV_STRING", text_of(USD))], [("SCV_STRING", b"native")],
                         [("SCV_STRING", b"")], [symbol(b"native")]):
                yield contract([symbol(name)] + HOLDERS[:count] + last, i128(count),
                               contract=contract_of(USD))
    for one in (NATIVE, USD, LONG):
        for name, parties in ((b"transfer", 2), (b"mint", 1), (b"burn", 1), (b"clawback", 1),
                              (b"mint", 2), (b"clawback", 2)):
            for given in ([user("issuer"), user("holder")], [user("holder"), user("issuer")],
                          [user("issuer")] * 2):
                yield contract([symbol(name)] + given[:parties] + [("SCV_STRING", text_of(one))],
                               i128(7), contract=contract_of(one))
    for one in HOLDERS:
        yield contract([symbol(b"transfer"), one, HOLDERS[0]], i128(1))
        yield contract([symbol(b"transfer"), HOLDERS[1], one, ("SCV_STRING", text_of(LONG))],
                       i128(1), contract=contract_of(LONG))
        yield contract([symbol(b"mint"), one, one], i128(1))
    for data in DATA:
        for name in (b"transfer", b"mint", b"burn"):
            yield contract([symbol(name)] + HOLDERS[:2], data)
    good = [symbol(b"transfer")] + HOLDERS[:2]
    yield contract(good, i128(1), kind="SYSTEM")
    yield contract(good, i128(1), kind="DIAGNOSTIC")
    yield contract(good, i128(1), contract=None)
    yield contract([], i128(1))
    yield contract([("SCV_STRING", b"transfer")] + HOLDERS[:2], i128(1))
    yield contract([symbol(b"transfer"), ("SCV_U32", 1), HOLDERS[1]], i128(1))
    yield contract([symbol(b"transfer"), HOLDERS[1], ("SCV_U32", 1)], i128(1))
    yield contract([symbol(b"mint"), ("SCV_U32", 1), HOLDERS[1]], i128(1))
    for bad in (b"USD", b"USD:", b":" + text_of(USD)[4:], text_of(USD) + b",native",
                b"U-D:" + text_of(USD)[4:], b"ABCDEFGHIJKLM:" + text_of(USD)[4:], text_of(LONG),
                text_of(USD)[:-1], b"USD:USD:" + text_of(USD)[4:], b"native:", b"USD:" + b"G" * 56):
        yield contract(good + [("SCV_STRING", bad)], i128(1), contract=contract_of(USD))
    yield contract(good + [("SCV_STRING", text_of(USD)), ("SCV_STRING", text_of(USD))], i128(1),
                   contract=contract_of(USD))


def refunded(name, where, bump_charged=600):
    """Invocations with refunds and without, and a payment between them."""
    refund = balance_change(name, 9000, 9300)
    yield invocation([contract([symbol(b"burn"), user("holder")], i128(1))], fee_charged=700,
                     **{where: refund})
    yield transaction([payment(muxed("receiver"), USD, 1)], [result("PAYMENT")])
    yield invocation([], fee_charged=1000)
    yield invocation([contract([symbol(b"burn"), user("holder")], i128(2))],
                     fee_charged=bump_charged, fee_source=muxed(name, 4),
                     code="txFEE_BUMP_INNER_SUCCESS", inner_code="txSUCCESS",
                     **{where: balance_change(name, 5, 405)})
    yield invocation([], code="txFAILED", fee_charged=700, **{where: refund})


def old_times():
    """Before protocol 8 operations could make and lose lumens."""
    pay = payment(muxed("receiver"), NATIVE, 10)
    for before, after in ((100, 90), (100, 95), (100, 70), (100, 200)):
        yield transaction([pay], [result("PAYMENT")],
                          [balance_change("source", before, after) +
                           balance_change("receiver", 0, 10)])
    yield transaction([payment(muxed("source"), NATIVE, 10)], [result("PAYMENT")],
                      [balance_change("source", 5, 6)])
    yield transaction([payment(muxed("receiver"), USD, 10, muxed("other", 1)), op("SET_OPTIONS")],
                      [result("PAYMENT"), result("SET_OPTIONS")],
                      [balance_change("other", 5, 1), balance_change("source", 9, 1)])
    yield transaction([op("ACCOUNT_MERGE", muxed("heir"))],
                      [result("ACCOUNT_MERGE", ("ACCOUNT_MERGE_SUCCESS", 5))],
                      [[("LEDGER_ENTRY_STATE", account_entry("source", 8)),
                        ("LEDGER_ENTRY_REMOVED", ("ACCOUNT", {"accountID": account("source")}))]])
    yield transaction([op("INFLATION")], [result("INFLATION", ("INFLATION_SUCCESS", [
        {"destination": account("source"), "amount": 3}]))], [balance_change("source", 1, 2)])
    yield transaction([op("CREATE_ACCOUNT", {"destination": account("source"),
                                             "startingBalance": 4})], [result("CREATE_ACCOUNT")],
                      [created(account_entry("source", 4))])


def with_fees(txs, stage="TRANSACTION_EVENT_STAGE_AFTER_ALL_TXS"):
    """The same as a core writes them that was told to write classic events."""
    for number, tx in enumerate(txs):
        refund = [fee_event("source", -number, stage)] if number % 2 else []
        yield tx | {"events": [fee_event("source", 100 + number)] + refund}


def good():
    """{name: ledger} that both shall read."""
    out = {}
    number = 10

    def add(name, protocol, meta, txs):
        nonlocal number
        number += 1
        out[f"made/{name}"] = ledger(number, protocol, meta, list(txs))

    revocations = [revocation("ALLOW_TRUST"), revocation("SET_TRUST_LINE_FLAGS")]
    for protocol, meta in ((11, 1), (12, 2), (18, 2), (22, 3), (22, 4), (23, 4), (28, 4)):
        add(f"classic-{protocol}-{meta}", protocol, meta, classic())
        add(f"revocation-{protocol}-{meta}", protocol, meta, revocations)
        add(f"fees-{protocol}-{meta}", protocol, meta, payers())
    for protocol, meta in ((20, 3), (22, 3), (23, 4), (26, 4)):
        add(f"events-{protocol}-{meta}", protocol, meta, [invocation(token_events())])
        # Protocol 20 forgot the refunds of fee bumps in their results.
        add(f"refunds-after-{protocol}-{meta}", protocol, meta,
            refunded("source", "after", 1000 if protocol == 20 else 600))
    add("refunds-post-23-4", 23, 4, refunded("source", "post"))
    add("old-7-2", 7, 2, old_times())
    add("old-8-2", 8, 2, old_times())
    add("unified-events-23", 23, 4, with_fees([
        invocation(token_events()),
        transaction([payment(muxed("receiver"), USD, 1)] * 2, [result("PAYMENT")] * 2,
                    operation_events=[list(token_events())[:80:3], []]),
        transaction([payment(muxed("receiver"), USD, 1)], None, code="txBAD_SEQ")]))
    add("unified-events-22", 22, 4, with_fees(list(refunded("source", "after")),
                                              "TRANSACTION_EVENT_STAGE_AFTER_TX"))
    add("half-unified-23", 23, 4, [*with_fees(list(payers())[:2]), *list(payers())[2:]])
    add("empty-22", 22, 3, [])
    return out


def alike():
    """{name: ledgers} that must mean the same; the SDK cannot read all of each."""
    taken = {"offersClaimed": [order_book("maker", USD, 5, NATIVE, 6)],
             "offer": "MANAGE_OFFER_DELETED"}

    def passive(kind):
        return [transaction([op("CREATE_PASSIVE_SELL_OFFER")],
                            [result(kind, ("MANAGE_SELL_OFFER_SUCCESS", taken))])]

    return {
        "metas of protocol 12": [ledger(50, 12, meta, [*classic(), *payers()])
                                 for meta in (2, 1, 0)],
        "metas of protocol 7": [ledger(50, 7, meta, list(old_times())) for meta in (2, 1, 0)],
        "results of passive offers": [ledger(50, 22, 3, passive(kind)) for kind in
                                      ("MANAGE_SELL_OFFER", "CREATE_PASSIVE_SELL_OFFER")],
    }


def muxed_contract():
    """A ledger with one transfer to a muxed contract, which the SDK cannot decode."""
    to = address("MUXED_CONTRACT", {"id": 7, "contractId": key("vault")})
    return ledger(50, 28, 4, [invocation([contract([symbol(b"transfer"), user("a"), to],
                                                   i128(4))])])


def refused():
    """{name: (ledger, words of the error)} of what neither can read."""
    claim = op("CLAIM_CLAIMABLE_BALANCE", {"balanceID": balance_id("one")})

    def grown(pool, reserve_a, reserve_b):
        return updated(pool_entry(pool, NATIVE, USD, 1, 1),
                       pool_entry(pool, NATIVE, USD, reserve_a, reserve_b))

    changed, second = grown(POOLS[0], 2, 2), grown(POOLS[1], 2, 2)
    still = grown(POOLS[0], 2, 1)

    def single(body, outcome, changes, protocol=22):
        return 3, protocol, transaction([body], [outcome], [changes])

    def unified(*events):
        return 4, 23, transaction([payment(muxed("receiver"), USD, 1)], [result("PAYMENT")],
                                  events=list(events))

    fee = fee_event("source", 1)
    other = {"stage": fee["stage"]}
    native = contract_of(NATIVE)
    name = symbol(b"fee")
    cases = {
        "claim-nothing": (single(claim, result("CLAIM_CLAIMABLE_BALANCE"), []),
                          "operations[0].changes: no claimable balance"),
        "claim-two": (single(claim, result("CLAIM_CLAIMABLE_BALANCE"),
                             removed_balance("one", USD, 1) + removed_balance("two", USD, 1)),
                      "operations[0].changes: more than one claimable balance"),
        "clawback-nothing": (single(op("CLAWBACK_CLAIMABLE_BALANCE"),
                                    result("CLAWBACK_CLAIMABLE_BALANCE"), []),
                             "operations[0].changes: no claimable balance"),
        "orphan": (single(claim, result("CLAIM_CLAIMABLE_BALANCE"),
                          created(account_entry("a", 1)) + removed_balance("one", USD, 1)[1:]),
                   "operations[0].changes: an entry"),
        "two-types": (single(op("LIQUIDITY_POOL_DEPOSIT"), result("LIQUIDITY_POOL_DEPOSIT"),
                             updated(account_entry("a", 1),
                                     pool_entry(POOLS[0], NATIVE, USD, 2, 2))),
                      "operations[0].changes: an entry"),
        "deposit-nowhere": (single(op("LIQUIDITY_POOL_DEPOSIT"), result("LIQUIDITY_POOL_DEPOSIT"),
                                   []), "operations[0].changes: no liquidity pool"),
        "deposit-twice": (single(op("LIQUIDITY_POOL_DEPOSIT"), result("LIQUIDITY_POOL_DEPOSIT"),
                                 changed + second), "operations[0].changes: more than one"),
        "deposit-nothing": (single(op("LIQUIDITY_POOL_DEPOSIT"), result("LIQUIDITY_POOL_DEPOSIT"),
                                   still), "operations[0].changes: a deposit"),
        "withdraw-nowhere": (single(op("LIQUIDITY_POOL_WITHDRAW"),
                                    result("LIQUIDITY_POOL_WITHDRAW"), []),
                             "operations[0].changes: no liquidity pool"),
        "wrong-result": (single(op("INFLATION"), result("PAYMENT"), []),
                         "result.result.result.results[0]: no result"),
        "rich-fee": ((3, 22, invocation([], fee_changes=balance_change("source", 1, 2))),
                     "feeProcessing: a fee that makes"),
        "poor-refund": ((3, 22, invocation([], after=balance_change("source", 2, 1))),
                        "txApplyProcessing.v3.txChangesAfter: a refund"),
        "poor-post-refund": ((4, 23, invocation([], post=balance_change("source", 2, 1))),
                             "postTxApplyFeeProcessing: a refund"),
        "three-fees": (unified(fee, fee, fee), "v4.events[2]: a transaction has"),
        "no-contract": (unified(fee, other | {"event": event(None, [name], i128(1))}),
                        "v4.events[1]: not an event of a contract"),
        "long-fee": (unified(other | {"event": event(native, [name, user("a"), user("a")],
                                                     i128(1))}), "v4.events[0]: a fee event has"),
        "odd-payer": (unified(other | {"event": event(native, [name, name], i128(1))}),
                      "v4.events[0]: a fee is paid by"),
        "odd-fee": (unified(other | {"event": event(native, [name, user("a")], "SCV_VOID")}),
                    "v4.events[0]: the amount of a fee"),
        "odd-money": (unified(other | {"event": event(key("token"), [name, user("a")], i128(1))}),
                      "v4.events[0]: a fee is paid in"),
    }
    return {f"refused/{label}": (ledger(10 + i, protocol, meta, [tx]), words)
            for i, (label, ((meta, protocol, tx), words)) in enumerate(cases.items())}
