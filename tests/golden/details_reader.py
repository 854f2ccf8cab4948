"""The second reading of `details`: stellar-etl's keys out of the JSON that `inspect` prints.

The third part of second_reader.py. Leaves out what JSON does not have, hashes of XDR and XDR itself
(`ledger_key_hash`, `parameters`, `parameters_json`), and what stellar-etl's rows alone can tell: the
numbers of assets (`*_id`) and Go's texts of values (`parameters_decoded`).
"""

import base64
import datetime
import decimal
import json

from operation_parts import (created_contract, footprint, footprint_contract, key_of, operation_source,
                             pool_changes, pool_of, replaced, spent)
from second_reader import HOST_FUNCTIONS, account, arm, inside, plain_address, text_bytes

LEFT_OUT = {"ledger_key_hash", "parameters", "parameters_json", "parameters_decoded"}
LEFT_OUT |= {prefix + "asset_id" for prefix in (
    "", "source_", "buying_", "selling_", "reserve_a_", "reserve_b_")}
ACCOUNT_FLAGS = ("auth_required", "auth_revocable", "auth_immutable", "auth_clawback_enabled")
TRUST_LINE_FLAGS = ("authorized", "authorized_to_maintain_liabilities", "clawback_enabled")
EPOCH = datetime.datetime(1970, 1, 1)
NO_AMOUNT = "0.0000000"
TYPES = {"invoke_contract": "invoke_contract", "create_contract": "create_contract",
         "upload_contract_wasm": "upload_wasm", "create_contract_v2": "create_contract_v2"}


def units(stroops):
    return decimal.Decimal(int(stroops)).scaleb(-7, decimal.Context(prec=60))


def seven_decimals(stroops):
    whole, rest = divmod(abs(int(stroops)), 10**7)
    return f"{'-' if int(stroops) < 0 else ''}{whole}.{rest:07}"


def who(prefix, one):
    """Keys of an account, which is as second_reader.account() has it."""
    plain, _, number, muxed = one
    return {prefix: plain} | ({} if muxed is None else
                              {prefix + "_muxed": muxed, prefix + "_muxed_id": number})


def code_of(content):
    return replaced(text_bytes(content["asset_code"]).rstrip(b"\0"))


def asset(prefix, one):
    kind, content = arm(one)
    if content is None:
        return {prefix + "asset_type": kind}
    return {prefix + "asset_type": kind, prefix + "asset_code": code_of(content),
            prefix + "asset_issuer": content["issuer"]}


def canonical(one):
    kind, content = arm(one)
    return kind if content is None else f"{code_of(content)}:{content['issuer']}"


def path(assets):
    return [{"asset_code": "", "asset_issuer": ""} | asset("", one) for one in assets] or None


def price(prefix, one):
    n, d = one["n"], one["d"]
    value = None
    if d:
        whole, rest = divmod(abs(n) * 10**7, abs(d))
        whole += rest * 2 >= abs(d)  # halves away from zero
        value = units(-whole if (n < 0) != (d < 0) else whole)
    return {prefix + "price": value, prefix + "price_r": {"n": n, "d": d}}


def offer(body, amount):
    out = {"amount": units(body[amount])} | price("", body["price"])
    out |= asset("buying_", body["buying"]) | asset("selling_", body["selling"])
    return out | ({"offer_id": int(body["offer_id"])} if "offer_id" in body else {})


def flags(prefix, names, value):
    if not value:
        return {}
    bits = [bit for bit in range(len(names)) if value >> bit & 1]
    return {prefix: [1 << bit for bit in bits], prefix + "_s": [names[bit] for bit in bits]}


def predicate(one):
    """As Go's SDK writes it, with times beyond Python's as None."""
    kind, content = arm(one)
    if kind == "unconditional":
        return {"unconditional": True}
    if kind in ("and", "or"):
        return {kind: [predicate(each) for each in content]}
    if kind == "not":
        return {"not": content and predicate(content)}
    if kind == "before_relative_time":
        return {"rel_before": content}
    assert kind == "before_absolute_time"
    try:
        time = (EPOCH + datetime.timedelta(seconds=int(content))).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        time = None
    return {"abs_before": time, "abs_before_epoch": content}


def pool(prefix, strkey):
    return {prefix: key_of(strkey).hex(), prefix + "_strkey": strkey}


def balance(prefix, strkey):
    """Its id's type takes four bytes in XDR, and one in a strkey."""
    return {prefix: "000000" + key_of(strkey).hex(), prefix + "_strkey": strkey}


def revoked(body):
    kind, one = arm(body)
    if kind == "signer":
        return {"signer_account_id": one["account_id"], "signer_key": one["signer_key"]}
    kind, key = arm(one)
    if kind == "account":
        return {"account_id": key["account_id"]}
    if kind == "trustline":
        of_pool = inside(key["asset"], "pool_share")
        rest = pool("trustline_liquidity_pool_id", of_pool) if of_pool else {
            "trustline_asset": canonical(key["asset"])}
        return {"trustline_account_id": key["account_id"]} | rest
    if kind == "offer":
        return {"offer_id": int(key["offer_id"])}
    if kind == "data":
        return {"data_account_id": key["account_id"],
                "data_name": replaced(text_bytes(key["data_name"]))}
    if kind == "claimable_balance":
        return balance("claimable_balance_id", key["balance_id"])
    if kind == "liquidity_pool":
        return pool("liquidity_pool_id", key["liquidity_pool_id"])
    return {}


def pool_assets(changes, of):
    """The assets of a pool that changed; None where it did not."""
    for change in changes:
        kind, entry = arm(change)
        data = None if kind == "removed" else inside(entry["data"], "liquidity_pool")
        if data and data["liquidity_pool_id"] == of:
            return arm(data["body"])[1]["params"]
    return None


def reserves(body, way, wanted, sign, changes):
    """Of both assets: `wanted` names the bounds."""
    of = body["liquidity_pool_id"]
    change, params = pool_changes(changes, of), pool_assets(changes, of)
    out = pool("liquidity_pool_id", of)
    for place, name in enumerate(("a", "b")):
        out |= asset(f"reserve_{name}_", params[f"asset_{name}"]) if change else {
            f"reserve_{name}_asset_type": None}
        out[f"reserve_{name}_{wanted}_amount"] = units(body[f"{wanted}_amount_{name}"])
        out[f"reserve_{name}_{way}_amount"] = units(sign * change[place]) if change else None
    return out, change


def is_account(text):
    """Whether a text is a G...: all of it tells the key, but for the checksum."""
    if len(text) != 56 or text[0] != "G":
        return False
    try:
        return plain_address(account(text)[1]) == text
    except ValueError:
        return False


def balance_change(event, network):
    """What an event of an asset's own contract says of balances; None where it is none."""
    topics, data = event["body"]["v0"]["topics"], event["body"]["v0"]["data"]
    if event["type"] != "contract" or event["contract_id"] is None or len(topics) not in (3, 4):
        return None
    name, of = inside(topics[0], "symbol"), inside(topics[-1], "string")
    parties = [inside(one, "address") for one in topics[1:-1]]
    amount = inside(data, "i128")
    if isinstance(data, dict) and data.get("map"):
        # The first of that name; keys of a map are of one kind, but need not be.
        amount = next((inside(entry["val"], "i128") for entry in data["map"]
                       if inside(entry["key"], "symbol") == "amount"), None)
    if name is None or of is None or amount is None or None in parties:
        return None
    one = "native"
    if of != "native":
        code, colon, issuer = of.partition(":")
        if not colon or not is_account(issuer) or not 0 < len(text_bytes(code)) <= 12:
            return None
        one = {"credit_alphanum4" if len(text_bytes(code)) <= 4 else "credit_alphanum12":
               {"asset_code": code, "issuer": issuer}}
    if created_contract({"asset": one}, network) != key_of(event["contract_id"]):
        return None
    roles = {("transfer", 2): {"from": 0, "to": 1}, ("mint", 1): {"to": 0}, ("mint", 2): {"to": 1},
             ("clawback", 1): {"from": 0}, ("clawback", 2): {"from": 1}, ("burn", 1): {"from": 0}}
    roles = roles.get((name, len(parties)))
    if roles is None:
        return None
    return {"type": name, "amount": seven_decimals(amount)} | asset("", one) | {
        role: parties[place] for role, place in roles.items()}


def host_function(body, transaction, events, network):
    kind, one = arm(body["host_function"])
    out = {"type": TYPES[kind], "contract_code_hash": None,
           "function": "HostFunctionTypeHostFunctionType" + kind.title().replace("_", "")}
    assert kind in HOST_FUNCTIONS
    if kind == "upload_contract_wasm":
        return out
    if kind == "invoke_contract":
        called = [{"address": one["contract_address"]}, {"symbol": one["function_name"]}]
        changes = (balance_change(event, network) for event in events)
        return out | {"contract_id": one["contract_address"],
                      "parameters_json_decoded": called + one["args"],
                      "asset_balance_changes": [change for change in changes if change]}
    out["contract_id"] = contract_of(transaction)
    of, content = arm(one["contract_id_preimage"])
    out["from"] = of
    out[of] = content["address"] if of == "address" else canonical(content)
    if kind == "create_contract_v2":
        out["parameters_json_decoded"] = one["constructor_args"]
    return out


def contract_of(transaction):
    """The strkey of the footprint's first contract."""
    key = footprint_contract(transaction)
    if key is None:
        return ""
    keys = footprint(transaction)
    return next(data["contract"] for one in keys["read_write"] + keys["read_only"]
                if (data := inside(one, "contract_data")) and data["contract"][0] == "C")


def details(place, transaction, source, done, changes, events, network, sponsor):
    """As operation_reader.own_cells(); `source` is as account() has it."""
    operations = transaction["operations"]
    kind, body = arm(operations[place]["body"])
    out = {}
    if kind == "create_account":
        out = who("funder", source) | {"account": body["destination"],
                                       "starting_balance": units(body["starting_balance"])}
    elif kind == "payment":
        out = who("from", source) | who("to", account(body["destination"])) | asset("", body["asset"])
        out["amount"] = units(body["amount"])
    elif kind in ("path_payment_strict_receive", "path_payment_strict_send"):
        out = who("from", source) | who("to", account(body["destination"])) | {
            "path": path(body["path"])}
        out |= asset("", body["dest_asset"]) | asset("source_", body["send_asset"])
        if kind == "path_payment_strict_receive":
            out |= {"amount": units(body["dest_amount"]), "source_max": units(body["send_max"]),
                    "source_amount": NO_AMOUNT if done is None else units(spent(done))}
        else:
            out |= {"source_amount": units(body["send_amount"]),
                    "destination_min": seven_decimals(body["dest_min"]),
                    "amount": NO_AMOUNT if done is None else units(done["last"]["amount"])}
    elif kind in ("manage_sell_offer", "create_passive_sell_offer"):
        out = offer(body, "amount")
    elif kind == "manage_buy_offer":
        out = offer(body, "buy_amount")
    elif kind == "set_options":
        signer = body["signer"] or {"key": None, "weight": None}
        domain = body["home_domain"]
        given = {
            "inflation_dest": body["inflation_dest"], "master_key_weight": body["master_weight"],
            "low_threshold": body["low_threshold"], "med_threshold": body["med_threshold"],
            "high_threshold": body["high_threshold"], "signer_key": signer["key"],
            "signer_weight": signer["weight"],
            "home_domain": None if domain is None else replaced(text_bytes(domain))}
        out = {key: value for key, value in given.items() if value is not None}
        out |= flags("set_flags", ACCOUNT_FLAGS, body["set_flags"])
        out |= flags("clear_flags", ACCOUNT_FLAGS, body["clear_flags"])
    elif kind == "change_trust":
        out = who("trustor", source) | {"limit": units(body["limit"])}
        shares = inside(body["line"], "pool_share")
        if shares:
            digest = pool_of(shares).hex()
            out |= {"asset_type": "liquidity_pool_shares", "liquidity_pool_id": digest,
                    "liquidity_pool_id_strkey": f"of {digest}"}
        else:
            out |= asset("", body["line"])
            out["trustee"] = out.get("asset_issuer")
    elif kind == "allow_trust":
        code = text_bytes(body["asset"])
        out = who("trustee", source) | {
            "trustor": body["trustor"], "asset_issuer": source[0],
            "asset_type": "credit_alphanum4" if len(code) <= 4 else "credit_alphanum12",
            "asset_code": replaced(code.rstrip(b"\0")), "authorize": bool(body["authorize"] & 1)}
        for bit, key in ((2, "authorize_to_maintain_liabilities"), (4, "clawback_enabled")):
            if body["authorize"] & bit:
                out[key] = True
    elif kind == "account_merge":
        out = who("account", source) | who("into", account(body))
    elif kind == "manage_data":
        value = body["data_value"]
        out = {"name": replaced(text_bytes(body["data_name"])),
               "value": value if value is None else base64.b64encode(bytes.fromhex(value)).decode()}
    elif kind == "bump_sequence":
        out = {"bump_to": body["bump_to"]}
    elif kind == "create_claimable_balance":
        out = {"asset": canonical(body["asset"]), "amount": units(body["amount"]), "claimants": [
            {"destination": arm(one)[1]["destination"],
             "predicate": predicate(arm(one)[1]["predicate"])} for one in body["claimants"]]}
    elif kind == "claim_claimable_balance":
        out = balance("balance_id", body["balance_id"]) | who("claimant", source)
    elif kind == "clawback_claimable_balance":
        out = balance("balance_id", body["balance_id"])
    elif kind == "begin_sponsoring_future_reserves":
        out = {"sponsored_id": body["sponsored_id"]}
    elif kind == "end_sponsoring_future_reserves":
        for before in operations[:place] if done is not None else []:
            begin = inside(before["body"], "begin_sponsoring_future_reserves")
            if begin and begin["sponsored_id"] == source[0]:
                out = who("begin_sponsor", operation_source(before, transaction))
    elif kind == "revoke_sponsorship":
        out = revoked(body)
    elif kind == "clawback":
        out = asset("", body["asset"]) | who("from", account(body["from"]))
        out["amount"] = units(body["amount"])
    elif kind == "set_trust_line_flags":
        out = asset("", body["asset"]) | {"trustor": body["trustor"]}
        out |= flags("set_flags", TRUST_LINE_FLAGS, body["set_flags"])
        out |= flags("clear_flags", TRUST_LINE_FLAGS, body["clear_flags"])
    elif kind == "liquidity_pool_deposit":
        out, change = reserves(body, "deposit", "max", 1, changes)
        out |= price("min_", body["min_price"]) | price("max_", body["max_price"])
        out["shares_received"] = units(change[2]) if change else None
    elif kind == "liquidity_pool_withdraw":
        out, _ = reserves(body, "withdraw", "min", -1, changes)
        out["shares"] = units(body["amount"])
    elif kind == "invoke_host_function":
        out = host_function(body, transaction, events, network)
    elif kind in ("extend_footprint_ttl", "restore_footprint"):
        out = {"type": kind, "contract_code_hash": None, "contract_id": contract_of(transaction)}
        if kind == "extend_footprint_ttl":
            out["extend_to"] = body["extend_to"]
    else:
        assert kind == "inflation", kind
    return out | ({} if sponsor is None else {"sponsor": sponsor})


def without_late_times(value):
    """Our times beyond Python's as predicate() has them."""
    if isinstance(value, dict):
        time = value.get("abs_before")
        return {key: None if key == "abs_before" and (time[0] in "+-" or int(time[:4]) == 0)
                else without_late_times(one) for key, one in value.items()}
    return [without_late_times(one) for one in value] if isinstance(value, list) else value


def ours(text):
    """Our details as they are compared."""
    out = json.loads(text, parse_float=decimal.Decimal)
    out = {key: value for key, value in out.items() if key not in LEFT_OUT}
    if out.get("asset_type") == "liquidity_pool_shares" and "limit" in out:
        # Whoever made the id in hex made the strkey, too: its payload is what counts.
        out["liquidity_pool_id_strkey"] = f"of {key_of(out['liquidity_pool_id_strkey']).hex()}"
    return without_late_times(out)
