"""Small documents compressed: acs/db/deflate.py."""

import zlib

import pytest

from acs.db.deflate import deflated


@pytest.mark.parametrize("size", [0, 1, 5_000, 16_384, 16_385, 500_000])
def test_whatever_its_size_it_reads_back(size):
    data = bytes(n % 251 for n in range(size))
    assert zlib.decompress(deflated(data)) == data


def test_small_documents_are_not_larger_than_by_default():
    data = b"<ParameterValueStruct><Name>InternetGatewayDevice.A</Name></ParameterValueStruct>" * 40
    assert len(deflated(data)) <= len(zlib.compress(data, 1)) + 20
