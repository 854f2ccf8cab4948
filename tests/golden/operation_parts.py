"""What both second readings of operations, operation_reader.py and details_reader.py, look up."""

import base64
import hashlib

from second_reader import account, arm, inside, text_bytes
from xdr_values import encode


def key_of(strkey):
    """The bytes that a strkey stands for."""
    return base64.b32decode(strkey + "=" * (-len(strkey) % 8))[1:-2]


def replaced(content):
    return content.decode(errors="replace")


def spent(done):
    """What a path_payment_strict_receive sent: all that the first offers on the path got."""
    if not done["offers"]:
        return int(done["last"]["amount"])
    atoms = [arm(atom)[1] for atom in done["offers"]]
    total = 0
    for atom in atoms:
        if atom["asset_bought"] != atoms[0]["asset_bought"]:
            break
        total += int(atom["amount_bought"])
    return total


def xdr_asset(one):
    """An asset as xdr_values writes it."""
    kind, content = arm(one)
    if content is None:
        return "ASSET_TYPE_NATIVE"
    size = 4 if kind == "credit_alphanum4" else 12
    return (f"ASSET_TYPE_CREDIT_ALPHANUM{size}", {
        "assetCode": text_bytes(content["asset_code"]).ljust(size, b"\0"),
        "issuer": ("PUBLIC_KEY_TYPE_ED25519", key_of(content["issuer"]))})


def pool_of(parameters):
    """The id of the pool with some parameters."""
    one = parameters["liquidity_pool_constant_product"]
    return hashlib.sha256(encode("LiquidityPoolParameters", ("LIQUIDITY_POOL_CONSTANT_PRODUCT", {
        "assetA": xdr_asset(one["asset_a"]), "assetB": xdr_asset(one["asset_b"]),
        "fee": one["fee"]}))).digest()


def xdr_address(text):
    key = key_of(text)
    if text[0] == "G":
        return ("SC_ADDRESS_TYPE_ACCOUNT", ("PUBLIC_KEY_TYPE_ED25519", key))
    assert text[0] == "C"
    return ("SC_ADDRESS_TYPE_CONTRACT", key)


def created_contract(preimage, network):
    kind, content = arm(preimage)
    if kind == "asset":
        value = ("CONTRACT_ID_PREIMAGE_FROM_ASSET", xdr_asset(content))
    else:
        value = ("CONTRACT_ID_PREIMAGE_FROM_ADDRESS", {
            "address": xdr_address(content["address"]), "salt": bytes.fromhex(content["salt"])})
    return hashlib.sha256(encode("HashIDPreimage", ("ENVELOPE_TYPE_CONTRACT_ID", {
        "networkID": hashlib.sha256(network.encode()).digest(),
        "contractIDPreimage": value}))).digest()


def footprint(transaction):
    soroban = inside(transaction.get("ext"), "v1")
    return soroban and soroban["resources"]["footprint"]


def footprint_contract(transaction):
    keys = footprint(transaction)
    for one in (keys["read_write"] + keys["read_only"]) if keys else []:
        data = inside(one, "contract_data")
        if data and data["contract"][0] == "C":
            return key_of(data["contract"])
    return None


def pool_changes(changes, pool):
    """After less before of a pool's reserves and shares; None where it did not change."""
    before = after = None
    for change in changes:
        kind, entry = arm(change)
        if kind == "removed":
            key = inside(entry, "liquidity_pool")
            if key and key["liquidity_pool_id"] == pool:
                after = {}
            continue
        data = inside(entry["data"], "liquidity_pool")
        if data is None or data["liquidity_pool_id"] != pool:
            continue
        content = arm(data["body"])[1]
        if kind == "state":
            before = content
        elif after is None:
            before, after = before or {}, content
    if after is None:
        return None
    return [int(after.get(name, 0)) - int(before.get(name, 0))
            for name in ("reserve_a", "reserve_b", "total_pool_shares")]


def operation_source(operation, transaction):
    if operation["source_account"] is not None:
        return account(operation["source_account"])
    return transaction["source"]
