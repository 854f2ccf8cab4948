"""The tests' own ledgers are what they claim to be, before anything is judged by them."""

import hashlib

import ledgers


def test_published_ledgers_are_a_chain_of_right_hashes(pubnet):
    for sequence, lcm in pubnet.items():
        assert hashlib.sha256(ledgers.header(lcm)).digest() == ledgers.ledger_hash(lcm)
        if sequence > ledgers.FIRST:
            assert ledgers.previous_hash(lcm) == ledgers.ledger_hash(pubnet[sequence - 1])


def test_synthetic_ledgers_are_a_chain_of_right_hashes():
    chain = ledgers.make_chain(7, [0, 100, 5000])
    assert list(chain) == [7, 8, 9]
    for sequence, lcm in chain.items():
        assert hashlib.sha256(ledgers.header(lcm)).digest() == ledgers.ledger_hash(lcm)
        if sequence > 7:
            assert ledgers.previous_hash(lcm) == ledgers.ledger_hash(chain[sequence - 1])


def test_object_names_are_those_of_a_lake():
    lake = ledgers.PUBNET_LAKE
    assert all(ledgers.object_path(lake, sequence).is_file() for sequence in ledgers.PUBLISHED)
    assert ledgers.object_path(ledgers.TESTNET_LAKE, 997, flat=True).is_file()
