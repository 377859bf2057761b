"""Free-form JSON comes back as it was sent, or is refused."""

import msgspec
import pytest

from payments.kernel.free_json import content_of, read_object
from payments.kernel.strict import NotRead


@pytest.mark.case("M9")
@pytest.mark.parametrize(
    "text",
    [
        '{"z":1,"rate":1.23456789012345678901,"n":-0.0,"d":1}',
        '{"a":{"c":[1.50,1e3,1E+3,12345678901234567890123],"b":null},"":true}',
        '{"ключ":"значение","e":"\\"\\\\"}',
        "{}",
    ],
)
def test_it_comes_back_byte_for_byte(text: str) -> None:
    assert bytes(read_object(text.encode())).decode() == text


def test_white_space_between_its_parts_means_nothing() -> None:
    assert read_object(b' { "a" : [ 1 , 2 ] } ') == msgspec.Raw(b'{"a":[1,2]}')


def test_the_order_of_members_is_no_content() -> None:
    one = read_object(b'{"a":{"x":1,"y":2},"b":1}')
    other = read_object(b'{"b":1,"a":{"y":2,"x":1}}')
    assert one != other
    assert content_of(one) == content_of(other)
    assert content_of(one) != content_of(read_object(b'{"a":{"x":1,"y":2},"b":1.0}'))
    assert content_of(read_object(b'{"a":[1,2]}')) != content_of(read_object(b'{"a":[2,1]}'))


@pytest.mark.case("M9")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"d":1,"d":2}', '"d" is given twice'),
        ('{"a":[{"d":1,"\\u0064":1}]}', '"d" is given twice'),
        ('{"a":"\\ud800"}', "surrogate"),
        ('{"\\udc00":1}', "surrogate"),
        ('{"a":1e400}', "double"),
        ('{"a":' + "1" * 65 + "}", "64 characters"),
        ("[]", "a JSON object"),
        ("null", "a JSON object"),
    ],
)
def test_what_could_not_come_back_is_refused(text: str, expected: str) -> None:
    with pytest.raises(NotRead, match=expected):
        content_of(read_object(text.encode()))
