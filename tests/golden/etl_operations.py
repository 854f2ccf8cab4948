"""stellar-etl's rows of operations beside ours: which cells mean the same, and where they differ."""

import base64
import collections
import decimal
import functools
import json

import corpora

# Of one operation: where, what we say, what stellar-etl says.
Difference = collections.namedtuple("Difference", "corpus stream id type key ours theirs")

ABSENT = "(no such key)"


@functools.cache
def etl_operations():
    """{(corpus, stream): stellar-etl's rows}."""
    rows = collections.defaultdict(list)
    for row in corpora.read_jsonl(corpora.CORPORA / "stellar-etl-operations.jsonl.zst"):
        rows[row.pop("corpus"), row.pop("stream")].append(row)
    return rows


def as_etl(row):
    """A row of ours with stellar-etl's names and its ways to write absence."""
    return {
        "id": row["operation_id"],
        "transaction_id": row["transaction_id"],
        "ledger_sequence": row["ledger_sequence"],
        "closed_at": row["ledger_close_time"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "type": row["operation_type"],
        "type_string": row["operation_type_string"],
        "source_account": row["source_account"],
        "operation_result_code": row["operation_result_code"] or "",
        "operation_trace_code": row["operation_trace_code"] or "",
    }


def differences(corpus, stream, ours, theirs):
    """What differs in two lists of rows of the same ledgers, cell by cell and key by key. A number
    in our details equals theirs if it is the same double, or the same integer."""
    out = []
    theirs = {row["id"]: row for row in theirs}
    assert [row["operation_id"] for row in ours] == sorted(theirs)
    for row in ours:
        want = dict(theirs[row["operation_id"]])
        want_details = want.pop("details")
        details = json.loads(row["details"])
        assert list(details) == sorted(details)
        pairs = [(key, value, want.pop(key)) for key, value in as_etl(row).items()]
        assert not want
        pairs += [(f"details.{key}", details.get(key, ABSENT), want_details.get(key, ABSENT))
                  for key in sorted(details.keys() | want_details.keys())]
        for key, value, other in pairs:
            if type(value) is not type(other) and not (
                    {type(value), type(other)} <= {int, float}) or value != other:
                out.append(Difference(corpus, stream, row["operation_id"],
                                      row["operation_type_string"], key, value, other))
        out += [Difference(corpus, stream, row["operation_id"], row["operation_type_string"],
                           f"columns of {key}", "other", want_details[key])
                for key in column_faults(row, want_details)]
    return out


# What our columns say of stellar-etl's details, by their key. Every key is here or in ELSEWHERE.
TEXTS = {
    "to": "destination_account", "into": "destination_account", "from": "source_account",
    "funder": "source_account", "claimant": "source_account",
    "asset_code": "asset_code", "asset_issuer": "asset_issuer",
    "source_asset_code": "send_asset_code", "source_asset_issuer": "send_asset_issuer",
    "buying_asset_code": "buying_asset_code", "buying_asset_issuer": "buying_asset_issuer",
    "selling_asset_code": "selling_asset_code", "selling_asset_issuer": "selling_asset_issuer",
    "trustor": "trustor", "trustee": "trustee", "signer_key": "signer_key",
    "inflation_dest": "inflation_dest", "sponsored_id": "sponsored_account",
    "begin_sponsor": "sponsor_account", "sponsor": "sponsor",
}
AMOUNTS = {
    "amount": "amount", "starting_balance": "starting_balance", "source_amount": "send_amount",
    "source_max": "send_max", "destination_min": "dest_min", "limit": "trust_limit",
    "reserve_a_deposit_amount": "reserve_a_deposit", "reserve_b_deposit_amount": "reserve_b_deposit",
    "reserve_a_max_amount": "max_amount_a", "reserve_b_max_amount": "max_amount_b",
    "shares_received": "shares_received",
}
NUMBERS = {
    "offer_id": "offer_id", "master_key_weight": "master_weight", "low_threshold": "threshold_low",
    "med_threshold": "threshold_medium", "high_threshold": "threshold_high",
    "signer_weight": "signer_weight", "extend_to": "extend_to",
    "authorize_to_maintain_liabilities": "authorize_to_maintain_liabilities",
}
ASSET_TYPES = {"asset_type": "asset_type", "source_asset_type": "send_asset_type",
               "buying_asset_type": "buying_asset_type", "selling_asset_type": "selling_asset_type"}
PRICES = {"price_r": "price", "min_price_r": "min_price", "max_price_r": "max_price"}
ASSET_TYPE_NAMES = ["native", "credit_alphanum4", "credit_alphanum12", "liquidity_pool_shares"]
HOST_FUNCTIONS = ["InvokeContract", "CreateContract", "UploadContractWasm", "CreateContractV2"]

# Has no column of its own, or stands in one that another key is held against.
ELSEWHERE = {
    "asset_id", "source_asset_id", "buying_asset_id", "selling_asset_id", "price", "min_price",
    "max_price", "liquidity_pool_id_strkey", "balance_id_strkey", "set_flags_s", "clear_flags_s",
    "reserve_a_asset_type", "reserve_a_asset_code", "reserve_a_asset_issuer", "reserve_a_asset_id",
    "reserve_b_asset_type", "reserve_b_asset_code", "reserve_b_asset_issuer", "reserve_b_asset_id",
    "ledger_key_hash", "contract_code_hash", "asset_balance_changes", "parameters",
    "parameters_json", "type", "address", "asset",
}


def key_bytes(strkey):
    """The 32 bytes of a strkey."""
    return base64.b32decode(strkey)[1:33]


def column_faults(row, details):
    """The keys of stellar-etl's details that our columns contradict."""
    faults = []
    kind = row["operation_type_string"]
    for key, value in details.items():
        if key == "account":
            column = "source_account" if kind == "account_merge" else "destination_account"
            ok = row[column] == value
        elif key == "from" and kind == "invoke_host_function":
            ok = value in ("address", "asset")
        elif key in TEXTS:
            ok = row[TEXTS[key]] == value
        elif key in AMOUNTS:
            stroops = row[AMOUNTS[key]]
            if stroops is None:  # of a failed transaction
                ok = not row["transaction_successful"] and float(value) == 0
            else:
                ok = float(decimal.Decimal(stroops) / 10**7) == float(value)
        elif key in NUMBERS:
            ok = row[NUMBERS[key]] == value
        elif key in ASSET_TYPES:
            ok = row[ASSET_TYPES[key]] == ASSET_TYPE_NAMES.index(value)
        elif key in PRICES:
            ok = {"n": row[PRICES[key] + "_n"], "d": row[PRICES[key] + "_d"]} == value
        elif key in ("set_flags", "clear_flags"):
            ok = row[key] == sum(value)
        elif key == "authorize":
            ok = bool(row["authorize"] & 1) == value
        elif key == "bump_to":
            ok = str(row["bump_to"]) == value
        elif key == "path":
            ok = row["path_length"] == len(value or [])
        elif key == "claimants":
            ok = row["claimant_count"] == len(value)
        elif key == "balance_id":
            ok = "00000000" + row["balance_id"].hex() == value
        elif key == "liquidity_pool_id":
            ok = row["liquidity_pool_id"].hex() == value
        elif key == "function":
            name = HOST_FUNCTIONS[row["host_function_type"]]
            ok = "HostFunctionTypeHostFunctionType" + name == value
        elif key == "contract_id":
            # What is called may be no contract. Of a failed creation it is another contract of the
            # footprint, or none.
            ok = (row["contract_id"] == (key_bytes(value) if value.startswith("C") else None)
                  or details["type"].startswith("create_contract") and not row["successful"])
        elif key == "parameters_decoded":
            ok = kind == "invoke_host_function" and (
                details["type"] != "invoke_contract" or row["function_name"] == value[1]["value"])
        elif key == "parameters_json_decoded":
            arguments = value[2:] if details["type"] == "invoke_contract" else value
            ok = json.loads(row["arguments"]) == arguments
        else:
            ok = key in ELSEWHERE
        if not ok:
            faults.append(key)
    return faults
