"""The fast codec against eth-abi, and its messages."""

import numpy as np
import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from voltberg.chain.abi_codec import EventCodec, FunctionCodec
from voltberg.chain.abi_words import CodecError, arguments_encoder, checksum_address, values_decoder

UINT_BITS = st.sampled_from([8, 16, 32, 40, 64, 128, 192, 256])
ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def function(name, inputs, outputs=()):
    return FunctionCodec.of(
        "book",
        {
            "type": "function",
            "name": name,
            "inputs": [{"type": kind} for kind in inputs],
            "outputs": [{"type": kind} for kind in outputs],
        },
    )


@st.composite
def typed_values(draw):
    kind = draw(st.sampled_from(["uint", "int", "bool", "address"]))
    if kind == "uint":
        bits = draw(UINT_BITS)
        return f"uint{bits}", draw(st.integers(0, 2**bits - 1))
    if kind == "int":
        bits = draw(UINT_BITS)
        return f"int{bits}", draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    if kind == "bool":
        return "bool", draw(st.booleans())
    return "address", checksum_address(draw(st.binary(min_size=20, max_size=20)))


@given(st.lists(typed_values(), min_size=1, max_size=9))
def test_words_encode_and_decode_as_eth_abi_does(items):
    kinds, values = [kind for kind, _ in items], [value for _, value in items]
    data = arguments_encoder(kinds)(values)
    assert data == encode(kinds, values)
    assert values_decoder(kinds)(data) == tuple(values)


@given(
    st.lists(typed_values(), max_size=3), st.sampled_from([32, 64, 256]), st.lists(st.integers(0, 2**32 - 1))
)
def test_trailing_arrays_encode_and_decode_as_eth_abi_does(heads, bits, array):
    kinds = [kind for kind, _ in heads] + [f"uint{bits}[]"]
    values = [value for _, value in heads] + [array]
    data = arguments_encoder(kinds)(values)
    assert data == encode(kinds, values)
    assert values_decoder(kinds)(data) == (*values[:-1], tuple(array))


@pytest.mark.parametrize(
    ("kinds", "values"),
    [
        (["(uint16,int16)", "bool"], [(7, -7), True]),
        (["uint256[]", "uint32"], [[1, 2], 3]),
        (["address[]", "uint256"], [[ADDRESS], 3]),
        (["string", "bytes"], ["Voltberg", b"\1\2"]),
        (["(uint256,uint32)[]"], [[(1, 2), (3, 4)]]),
    ],
)
def test_other_shapes_go_through_eth_abi(kinds, values):
    data = arguments_encoder(kinds)(values)
    assert data == encode(kinds, values)
    assert encode(kinds, values_decoder(kinds)(data)) == data
    assert [str(item).lower() for item in values_decoder(kinds)(data)] == [
        str(item).lower() for item in decode(kinds, data)
    ]


def test_call_starts_with_the_selector():
    # The first bytes of an ERC-20 transfer are known everywhere.
    codec = function("transfer", ["address", "uint256"], ["bool"])
    assert codec.encode((ADDRESS, 5)).hex()[:8] == "a9059cbb"
    assert codec.decode(bytes(31) + b"\1") is True


def test_results_are_bare_for_one_and_none_for_no_output():
    assert function("f", []).decode(b"") is None
    assert function("f", [], ["uint256"]).decode(bytes(31) + b"\5") == 5
    assert function("f", [], ["uint8", "bool"]).decode(bytes(31) + b"\5" + bytes(32)) == (5, False)


def test_numpy_integers_are_integers():
    assert function("place", ["uint256"]).encode((np.int64(7),))[4:] == (7).to_bytes(32)


@pytest.mark.parametrize(
    ("inputs", "values", "message"),
    [
        (["uint32"], (2**32,), r"book\.f\(uint32\): 4294967296 does not fit uint32"),
        (["uint256"], (-1,), r"-1 does not fit uint256"),
        (["int16"], (40_000,), r"40000 does not fit int16"),
        (["bool"], (2,), r"2 is not a bool"),
        (["address"], ("0x12",), r"'0x12' is not an address: it has 1 bytes, expected 20"),
        (["address"], ("Voltberg",), r"'Voltberg' is not an address"),
        (["uint256"], (1.5,), r"'float' object cannot be interpreted as an integer"),
        (["uint256"], (), r"got 0 arguments, expected 1"),
        (["uint256", "uint256"], (1,), r"got 1 arguments, expected 2"),
        (["uint32[]"], ([1, 2**32],), r"4294967296 does not fit uint32"),
        (["uint32[]"], ("12",), r"'12' is not an array"),
        (["(uint16,int16)"], ((1, 2**20),), r"does not fit \(\(uint16,int16\)\)"),
    ],
)
def test_argument_is_refused_when_it_does_not_fit(inputs, values, message):
    with pytest.raises(CodecError, match=message):
        function("f", inputs).encode(values)


def test_answer_is_refused_when_it_is_too_short():
    with pytest.raises(CodecError, match=r"book\.f\(\) returned 31 bytes, expected 32 for \(uint256\)"):
        function("f", [], ["uint256"]).decode(bytes(31))
    with pytest.raises(CodecError, match="do not decode"):
        function("f", [], ["uint256[]"]).decode(bytes(31) + b"\x20")


def event(*inputs):
    return EventCodec.of(
        {
            "type": "event",
            "name": "Moved",
            "inputs": [{"name": "x", "type": kind, "indexed": flag} for kind, flag in inputs],
        }
    )


def test_event_parameters_come_in_the_order_of_their_declaration():
    codec = event(("uint32", True), ("uint256", False), ("address", True), ("bool", False))
    topics = (codec.topic, encode(["uint32"], [7]), encode(["address"], [ADDRESS]))
    assert codec.decode(topics, encode(["uint256", "bool"], [9, True])) == (7, 9, ADDRESS, True)


def test_event_is_refused_when_its_topics_are_not_its_own():
    codec = event(("uint32", True))
    with pytest.raises(CodecError, match="Moved: 1 topics, expected 2"):
        codec.decode((codec.topic,), b"")
