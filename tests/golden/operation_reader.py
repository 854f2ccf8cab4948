"""The second reading of operations: rows out of the JSON that `inspect` prints.

As second_reader.py, of which it is the other half: obvious, slow, and without any of the program's
code. Leaves out the XDR of parts, which tests/compare holds against the official tools;
details_reader.py has `details`.
"""

import datetime
import functools
import hashlib
import json
import pathlib

import details_reader
from operation_parts import (created_contract, footprint_contract, key_of, operation_source,
                             pool_changes, pool_of, replaced, spent)
from second_reader import (HOST_FUNCTIONS, RESULT_CODES, account, arm, envelope_of, envelopes, inner_of,
                           inside, ledgers, microseconds, source_of, text_bytes)

_TYPES = pathlib.Path(__file__).resolve().parent.parent.parent / "protocol/stellar-xdr-types.json"

TYPES = (
    "create_account", "payment", "path_payment_strict_receive", "manage_sell_offer",
    "create_passive_sell_offer", "set_options", "change_trust", "allow_trust", "account_merge",
    "inflation", "manage_data", "bump_sequence", "manage_buy_offer", "path_payment_strict_send",
    "create_claimable_balance", "claim_claimable_balance", "begin_sponsoring_future_reserves",
    "end_sponsoring_future_reserves", "revoke_sponsorship", "clawback", "clawback_claimable_balance",
    "set_trust_line_flags", "liquidity_pool_deposit", "liquidity_pool_withdraw",
    "invoke_host_function", "extend_footprint_ttl", "restore_footprint")
OPERATION_CODES = {"op_inner": 0, "op_bad_auth": -1, "op_no_account": -2, "op_not_supported": -3,
                   "op_too_many_subentries": -4, "op_exceeded_work_limit": -5,
                   "op_too_many_sponsoring": -6}
ASSET_TYPES = {"native": 0, "credit_alphanum4": 1, "credit_alphanum12": 2, "pool_share": 3}
MAINTAIN, CLAWBACK = 2, 4
EPOCH = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
OFFER_EFFECTS = ("created", "updated", "deleted")

# What only some operations have, null for all others.
OF_SOME = (
    "destination_account", "amount", "asset_type", "asset_code", "asset_issuer", "send_asset_type",
    "send_asset_code", "send_asset_issuer", "send_amount", "dest_min", "path_length", "trustor",
    "trustee", "trust_limit", "authorize_to_maintain_liabilities", "clawback_enabled", "offer_id",
    "buying_asset_type", "buying_asset_code", "buying_asset_issuer", "selling_asset_type",
    "selling_asset_code", "selling_asset_issuer", "price_n", "price_d", "starting_balance",
    "home_domain", "inflation_dest", "master_weight", "threshold_low", "threshold_medium",
    "threshold_high", "signer_key", "signer_weight", "data_name", "data_value", "balance_id",
    "claimant_count", "sponsored_account", "sponsor_account", "liquidity_pool_id",
    "reserve_a_deposit", "reserve_b_deposit", "min_price_n", "min_price_d", "max_price_n",
    "max_price_d", "host_function_type", "contract_id", "contract_code_hash", "function_name",
    "soroban_auth_count", "destination_account_muxed", "from_account", "from_account_muxed",
    "send_max", "authorize", "set_flags", "clear_flags", "result_offer_effect", "result_offer_id",
    "bump_to", "max_amount_a", "max_amount_b", "shares_received", "min_amount_a", "min_amount_b",
    "reserve_a_withdraw", "reserve_b_withdraw", "extend_to", "home_domain_bytes", "data_name_bytes",
    "function_name_bytes", "arguments")


@functools.cache
def result_codes():
    """{operation: (name of its codes' type, {code in JSON: (number, name of the protocol's)})}."""
    types = {one["name"]: one for one in json.loads(_TYPES.read_text())["definitions"]}
    out = {}
    for one in types["OperationResultTr"]["arms"]:
        kind = types[one["type"]["name"]]["discriminant"]["type"]["name"]
        members = types[kind]["members"]
        words = [member["name"].split("_") for member in members]
        common = 0
        while len({tuple(name[:common + 1]) for name in words}) == 1:
            common += 1
        out[one["cases"][0]["name"].lower()] = kind, {
            "_".join(member["name"].split("_")[common:]).lower(): (member["value"], member["name"])
            for member in members}
    return out


def camel(name):
    return name.title().replace("_", "")


def code_text(name):
    """Go's name of a code that all operations may have."""
    return "OperationResultCode" + camel(name)


def trace_code(kind, name):
    """Go's name of an operation's own code, `kind` being the type of such codes."""
    return kind.replace("TTL", "Ttl") + camel(name)


def coded(prefix, code, issuer):
    """Cells of an asset with a code, as JSON has it: twelve characters at least show that they are."""
    code = text_bytes(code)
    return {prefix + "asset_type": 1 if len(code) <= 4 else 2,
            prefix + "asset_code": replaced(code.rstrip(b"\0")), prefix + "asset_issuer": issuer}


def asset(prefix, one):
    kind, content = arm(one)
    if content is None:
        return {prefix + "asset_type": ASSET_TYPES[kind]}
    cells = coded(prefix, content["asset_code"], content["issuer"])
    assert cells[prefix + "asset_type"] == ASSET_TYPES[kind]
    return cells


def destination(text):
    plain, _, muxed, _ = account(text)
    return {"destination_account": plain, "destination_account_muxed": muxed}


def price(prefix, one):
    return {prefix + "price_n": one["n"], prefix + "price_d": one["d"]}


def offer(body, amount, done):
    cells = (asset("selling_", body["selling"]) | asset("buying_", body["buying"])
             | price("", body["price"]) | {"amount": int(body[amount])})
    if "offer_id" in body:
        cells["offer_id"] = int(body["offer_id"])
    if done is not None:
        effect, entry = arm(done["offer"])
        cells["result_offer_effect"] = OFFER_EFFECTS.index(effect)
        cells["result_offer_id"] = entry and int(entry["offer_id"])
    return cells


def signer_sponsor(entry, signer):
    """Who pays for a signer of an account, as an account's entry says; None where nobody else does."""
    data = inside(entry["data"], "account")
    if data is None:
        return None
    v1 = inside(data["ext"], "v1")
    v2 = v1 and inside(v1["ext"], "v2")
    if not v2:
        return None
    for one, by in zip(data["signers"], v2["signer_sponsoring_i_ds"]):
        if one["key"] == signer:
            return by
    return None


def sponsors(changes, signer):
    """All who came to pay for what the changes created, or for the signer."""
    out, before = set(), None
    for change in changes:
        kind, entry = arm(change)
        if kind == "state":
            before = entry
        if kind == "created":
            v1 = inside(entry["ext"], "v1")
            if v1 and v1["sponsoring_id"]:
                out.add(v1["sponsoring_id"])
        if kind in ("created", "updated") and signer:
            by = signer_sponsor(entry, signer)
            if by and not (kind == "updated" and signer_sponsor(before, signer) == by):
                out.add(by)
    return out


def revoked(body):
    kind, one = arm(body)
    if kind == "signer":
        return {"sponsored_account": one["account_id"], "signer_key": one["signer_key"]}
    kind, key = arm(one)
    if kind == "account":
        return {"sponsored_account": key["account_id"]}
    if kind == "trustline":
        pool = inside(key["asset"], "pool_share")
        if pool:
            return {"trustor": key["account_id"], "asset_type": 3, "liquidity_pool_id": key_of(pool)}
        return {"trustor": key["account_id"]} | asset("", key["asset"])
    if kind == "offer":
        return {"sponsored_account": key["seller_id"], "offer_id": int(key["offer_id"])}
    if kind == "data":
        name = text_bytes(key["data_name"])
        return {"sponsored_account": key["account_id"], "data_name": replaced(name),
                "data_name_bytes": name}
    if kind == "claimable_balance":
        return {"balance_id": key_of(key["balance_id"])[1:]}
    if kind == "liquidity_pool":
        return {"liquidity_pool_id": key_of(key["liquidity_pool_id"])}
    return {}


def host_function(body, network):
    kind, one = arm(body["host_function"])
    cells = {"host_function_type": HOST_FUNCTIONS.index(kind),
             "soroban_auth_count": len(body["auth"])}
    if kind == "invoke_contract":
        name = text_bytes(one["function_name"])
        called = one["contract_address"]
        return cells | {
            "contract_id": key_of(called) if called[0] == "C" else None, "function_name": replaced(name),
            "function_name_bytes": name, "arguments": one["args"]}
    if kind == "upload_contract_wasm":
        return cells | {"contract_code_hash": hashlib.sha256(bytes.fromhex(one)).digest()}
    code = inside(one["executable"], "wasm")
    cells |= {"contract_id": created_contract(one["contract_id_preimage"], network),
              "contract_code_hash": code and bytes.fromhex(code)}
    if kind == "create_contract_v2":
        cells["arguments"] = one["constructor_args"]
    return cells


def own_cells(place, operations, transaction, source, done, changes, network):
    """What only some operations have. `done` is what the result says of a success, if the transaction
    is one; else it is None."""
    kind, body = arm(operations[place]["body"])
    cells = {}
    if kind == "create_account":
        cells = {"destination_account": body["destination"],
                 "starting_balance": int(body["starting_balance"])}
    elif kind == "payment":
        cells = destination(body["destination"]) | asset("", body["asset"]) | {
            "amount": int(body["amount"])}
    elif kind == "path_payment_strict_receive":
        cells = (destination(body["destination"]) | asset("", body["dest_asset"])
                 | asset("send_", body["send_asset"])
                 | {"amount": int(body["dest_amount"]), "send_max": int(body["send_max"]),
                    "send_amount": done and spent(done), "path_length": len(body["path"])})
    elif kind == "path_payment_strict_send":
        cells = (destination(body["destination"]) | asset("", body["dest_asset"])
                 | asset("send_", body["send_asset"])
                 | {"send_amount": int(body["send_amount"]), "dest_min": int(body["dest_min"]),
                    "amount": done and int(done["last"]["amount"]),
                    "path_length": len(body["path"])})
    elif kind in ("manage_sell_offer", "create_passive_sell_offer"):
        cells = offer(body, "amount", done)
    elif kind == "manage_buy_offer":
        cells = offer(body, "buy_amount", done)
    elif kind == "set_options":
        domain = body["home_domain"]
        domain = None if domain is None else text_bytes(domain)
        signer = body["signer"]
        cells = {
            "inflation_dest": body["inflation_dest"], "set_flags": body["set_flags"],
            "clear_flags": body["clear_flags"], "master_weight": body["master_weight"],
            "threshold_low": body["low_threshold"], "threshold_medium": body["med_threshold"],
            "threshold_high": body["high_threshold"],
            "home_domain": None if domain is None else replaced(domain), "home_domain_bytes": domain,
            "signer_key": signer and signer["key"], "signer_weight": signer and signer["weight"]}
    elif kind == "change_trust":
        cells = {"trustor": source[0], "trust_limit": int(body["limit"])}
        pool = inside(body["line"], "pool_share")
        if pool:
            cells |= {"asset_type": 3, "liquidity_pool_id": pool_of(pool)}
        else:
            cells |= asset("", body["line"])
            cells["trustee"] = cells.get("asset_issuer")
    elif kind == "allow_trust":
        cells = coded("", body["asset"], source[0]) | {
            "trustor": body["trustor"], "trustee": source[0], "authorize": body["authorize"],
            "authorize_to_maintain_liabilities": bool(body["authorize"] & MAINTAIN)}
    elif kind == "account_merge":
        cells = destination(body) | {"amount": done and int(done)}
    elif kind == "manage_data":
        name, value = text_bytes(body["data_name"]), body["data_value"]
        cells = {"data_name": replaced(name), "data_name_bytes": name,
                 "data_value": None if value is None else bytes.fromhex(value)}
    elif kind == "bump_sequence":
        cells = {"bump_to": int(body["bump_to"])}
    elif kind == "create_claimable_balance":
        cells = asset("", body["asset"]) | {
            "amount": int(body["amount"]), "claimant_count": len(body["claimants"]),
            "balance_id": done and key_of(done)[1:]}
    elif kind in ("claim_claimable_balance", "clawback_claimable_balance"):
        cells = {"balance_id": key_of(body["balance_id"])[1:]}
    elif kind == "begin_sponsoring_future_reserves":
        cells = {"sponsored_account": body["sponsored_id"], "sponsor_account": source[0]}
    elif kind == "end_sponsoring_future_reserves":
        cells = {"sponsored_account": source[0]}
        if done is not None:
            for before in operations[:place]:
                begin = inside(before["body"], "begin_sponsoring_future_reserves")
                if begin and begin["sponsored_id"] == source[0]:
                    cells["sponsor_account"] = operation_source(before, transaction)[0]
    elif kind == "revoke_sponsorship":
        cells = revoked(body)
    elif kind == "clawback":
        plain, _, muxed, _ = account(body["from"])
        cells = asset("", body["asset"]) | {"amount": int(body["amount"]), "from_account": plain,
                                            "from_account_muxed": muxed}
    elif kind == "set_trust_line_flags":
        cells = asset("", body["asset"]) | {
            "trustor": body["trustor"], "set_flags": body["set_flags"],
            "clear_flags": body["clear_flags"],
            "authorize_to_maintain_liabilities": True if body["set_flags"] & MAINTAIN
            else False if body["clear_flags"] & MAINTAIN else None,
            "clawback_enabled": False if body["clear_flags"] & CLAWBACK else None}
        cells["trustee"] = cells.get("asset_issuer")
    elif kind == "liquidity_pool_deposit":
        change = done is not None and pool_changes(changes, body["liquidity_pool_id"])
        cells = price("min_", body["min_price"]) | price("max_", body["max_price"]) | {
            "liquidity_pool_id": key_of(body["liquidity_pool_id"]),
            "max_amount_a": int(body["max_amount_a"]), "max_amount_b": int(body["max_amount_b"])}
        if change:
            cells |= dict(zip(("reserve_a_deposit", "reserve_b_deposit", "shares_received"), change))
    elif kind == "liquidity_pool_withdraw":
        change = done is not None and pool_changes(changes, body["liquidity_pool_id"])
        cells = {"liquidity_pool_id": key_of(body["liquidity_pool_id"]),
                 "amount": int(body["amount"]), "min_amount_a": int(body["min_amount_a"]),
                 "min_amount_b": int(body["min_amount_b"])}
        if change:
            cells |= {"reserve_a_withdraw": -change[0], "reserve_b_withdraw": -change[1]}
    elif kind == "invoke_host_function":
        cells = host_function(body, network)
    elif kind == "extend_footprint_ttl":
        cells = {"extend_to": body["extend_to"], "contract_id": footprint_contract(transaction)}
    elif kind == "restore_footprint":
        cells = {"contract_id": footprint_contract(transaction)}
    else:
        assert kind == "inflation", kind
    return dict.fromkeys(OF_SOME) | cells


def outcome(result, place):
    """(the operation's result, whether the transaction succeeded); None where none was tried."""
    code, content = arm(result)
    succeeded = code in ("tx_success", "tx_fee_bump_inner_success")
    if code.startswith("tx_fee_bump"):
        code, content = arm(content["result"]["result"])
    return content[place] if code in ("tx_success", "tx_failed") else None, succeeded


def events_of(version, applied, index):
    """The events of an operation: metas of version 3 have those of their only one elsewhere."""
    if version == "v3":
        soroban = applied["soroban_meta"]
        return soroban["events"] if soroban and index == 0 else []
    return applied["operations"][index]["events"] if version == "v4" else []


def operation_rows(meta, place, envelope, network):
    """The rows of the `place`th applied transaction, whose envelope is `envelope`."""
    header = meta["ledger_header"]["header"]
    processed = meta["tx_processing"][place]
    transaction, _ = inner_of(envelope)
    transaction = transaction | {"source": source_of(envelope)}
    version, content_of_meta = arm(processed["tx_apply_processing"])
    applied = content_of_meta if version == "v0" else content_of_meta["operations"]
    sequence = header["ledger_seq"]
    toid = sequence << 32 | (place + 1) << 12
    for index, operation in enumerate(transaction["operations"]):
        source = operation_source(operation, transaction)
        kind = arm(operation["body"])[0]
        result, succeeded = outcome(processed["result"]["result"]["result"], index)
        changes = applied[index]["changes"] if succeeded else []
        done, trace = None, None
        if result is None:
            name = arm(processed["result"]["result"]["result"])[0]
            number = RESULT_CODES[name]
        elif arm(result)[0] == "op_inner":
            of, said = arm(arm(result)[1])
            code, content = arm(said)
            type_name, codes = result_codes()[of]
            number, name = codes[code]
            trace = trace_code(type_name, name)
            name = name.lower()
            done = (content if content is not None else {}) if succeeded else None
        else:
            name = arm(result)[0]
            number = OPERATION_CODES[name]
        signer = inside(operation["body"], "set_options")
        signer = signer and signer["signer"] and signer["signer"]["key"]
        by = sponsors(changes, signer)
        assert len(by) <= 1, by
        events = events_of(version, content_of_meta, index) if succeeded else []
        yield {
            "ledger_sequence": sequence,
            "transaction_hash": bytes.fromhex(processed["result"]["transaction_hash"]),
            "transaction_index": place + 1,
            "operation_index": index,
            "operation_id": toid | index + 1,
            "transaction_id": toid,
            "ledger_close_time": microseconds(header["scp_value"]["close_time"]),
            "operation_type": TYPES.index(kind),
            "operation_type_string": kind,
            "source_account": source[0],
            "source_account_ed25519": source[1],
            "source_account_muxed": source[2],
            "transaction_successful": succeeded,
            "transaction_source_account": transaction["source"][0],
            "successful": trace is not None and number == 0,
            "result_code": number,
            "result_code_string": name,
            "operation_result_code": result and code_text(arm(result)[0]),
            "operation_trace_code": trace,
            "meta_version": int(version[1:]),
            "sponsor": min(by, default=None),
            "details": details_reader.details(index, transaction, source, done, changes, events,
                                              network, min(by, default=None)),
        } | own_cells(index, transaction["operations"], transaction, source, done, changes, network)


def ours(row):
    """A row of ours as it is compared."""
    return row | {"arguments": row["arguments"] and json.loads(row["arguments"]),
                  "details": details_reader.ours(row["details"])}


def operation_differences(path, network, rows, transactions):
    """The cells of `rows`, ours of the operations in `path`, that this reading has otherwise.
    `transactions` are our rows of that table, which say whose envelope each is (second_reader.py has
    held them against its own reading)."""
    out = []
    rows, transactions = iter(rows), iter(transactions)
    for version, meta in ledgers(path):
        candidates = list(envelopes(version, meta))
        for place, processed in enumerate(meta["tx_processing"]):
            envelope = envelope_of(next(transactions), processed["result"]["result"], candidates)
            for want in operation_rows(meta, place, envelope, network):
                row = next(rows)
                got = ours(row) | {
                    "ledger_close_time": (row["ledger_close_time"] - EPOCH) // MICROSECOND}
                out += [f"ledger {row['ledger_sequence']}, operation {row['operation_id']}, "
                        f"{row['operation_type_string']}: {column}: {got[column]!r}, the second "
                        f"reader {cell!r}" for column, cell in want.items()
                        if got[column] != cell or type(got[column]) is not type(cell)]
    assert next(rows, None) is None and next(transactions, None) is None
    return out
