"""sha512-crypt, ``$6$…``: the hashes of DC/OS' passwords. Written out, for Python has no ``crypt`` any more.

The method is Ulrich Drepper's, https://www.akkadia.org/drepper/SHA-crypt.txt; the comments give its step numbers.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = "$6$"
DEFAULT_ROUNDS = 5000


def hash_password(password: str) -> str:
    """Hash with a salt of its own."""
    salt = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return crypt(password, PREFIX + salt)


def matches(password: str, hashed: str) -> bool:
    """Tell whether a hash is that of the password. Nothing matches what is no hash."""
    return hashed.startswith(PREFIX) and hmac.compare_digest(crypt(password, hashed), hashed)


def crypt(password: str, setting: str) -> str:
    """Hash with the salt and the rounds of ``setting``: ``$6$[rounds=N$]SALT``, or a hash."""
    fields = setting.removeprefix(PREFIX).split("$")
    chosen = fields.pop(0) if fields[0].startswith("rounds=") else ""
    rounds = min(max(int(chosen.removeprefix("rounds=")), 1000), 999_999_999) if chosen else DEFAULT_ROUNDS
    salt = fields[0][:16]
    digest = _digest(password.encode(), salt.encode(), rounds)
    return PREFIX + (f"rounds={rounds}$" if chosen else "") + f"{salt}${_encode(digest)}"


def _repeat(data: bytes, length: int) -> bytes:
    return (data * (length // len(data) + 1))[:length]


def _digest(key: bytes, salt: bytes, rounds: int) -> bytes:
    inner = hashlib.sha512(key + salt + key).digest()  # 4 to 8
    start = key + salt + _repeat(inner, len(key))  # 1 to 3, 9, 10
    bits = len(key)
    while bits:  # 11
        start += inner if bits & 1 else key
        bits >>= 1
    digest = hashlib.sha512(start).digest()  # 12
    p = _repeat(hashlib.sha512(key * len(key)).digest(), len(key))  # 13 to 16
    s = _repeat(hashlib.sha512(salt * (16 + digest[0])).digest(), len(salt))  # 17 to 20
    for i in range(rounds):  # 21
        parts = [p if i % 2 else digest, s if i % 3 else b"", p if i % 7 else b"", digest if i % 2 else p]
        digest = hashlib.sha512(b"".join(parts)).digest()
    return digest


def _encode(digest: bytes) -> str:
    """Return the digest in crypt's base 64: three bytes from three thirds, whose order rotates. Step 22."""
    encoded = ""
    for i in range(21):
        third = [digest[i], digest[i + 21], digest[i + 42]]
        rotated = third[i % 3 :] + third[: i % 3]
        encoded += _characters(int.from_bytes(bytes(rotated), "big"), 4)
    return encoded + _characters(digest[63], 2)


def _characters(value: int, count: int) -> str:
    return "".join(ALPHABET[value >> 6 * i & 0x3F] for i in range(count))
