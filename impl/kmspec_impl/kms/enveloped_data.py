"""Enveloped data: the only place that writes CMS (RFC 5652), as CiphertextForRecipient is.

One recipient, known by the identifier of its public key: an AES-256-CBC key for the content,
encrypted by RSAES-OAEP with SHA-256. Loaded only when it is needed.
"""

import os
from dataclasses import field
from typing import Annotated, Final

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.x509 import ObjectIdentifier, SubjectKeyIdentifier

_VERSION: Final = 2
"""Of the data and of its recipient where a key identifier names it (sections 6.1 and 6.2.1)."""
_DATA: Final = ObjectIdentifier("1.2.840.113549.1.7.1")
_ENVELOPED_DATA: Final = ObjectIdentifier("1.2.840.113549.1.7.3")
_RSAES_OAEP: Final = ObjectIdentifier("1.2.840.113549.1.1.7")
_MGF1: Final = ObjectIdentifier("1.2.840.113549.1.1.8")
_SHA_256: Final = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_AES_256_CBC: Final = ObjectIdentifier("2.16.840.1.101.3.4.1.42")
_KEY_BYTES: Final = 32


@asn1.sequence
class _Hash:
    algorithm: ObjectIdentifier = _SHA_256
    parameters: asn1.Null = field(default_factory=asn1.Null)


@asn1.sequence
class _Mask:
    algorithm: ObjectIdentifier = _MGF1
    parameters: _Hash = field(default_factory=_Hash)


@asn1.sequence
class _Oaep:
    hash: Annotated[_Hash, asn1.Explicit(0)] = field(default_factory=_Hash)
    mask: Annotated[_Mask, asn1.Explicit(1)] = field(default_factory=_Mask)


@asn1.sequence
class _KeyEncryption:
    algorithm: ObjectIdentifier = _RSAES_OAEP
    parameters: _Oaep = field(default_factory=_Oaep)


@asn1.sequence
class _Recipient:
    version: int = _VERSION
    key_identifier: Annotated[bytes, asn1.Implicit(0)]
    encryption: _KeyEncryption = field(default_factory=_KeyEncryption)
    encrypted_key: bytes


@asn1.sequence
class _ContentEncryption:
    algorithm: ObjectIdentifier = _AES_256_CBC
    vector: bytes


@asn1.sequence
class _EncryptedContent:
    content_type: ObjectIdentifier = _DATA
    encryption: _ContentEncryption
    content: Annotated[bytes, asn1.Implicit(0)]


@asn1.sequence
class _EnvelopedData:
    version: int = _VERSION
    recipients: asn1.SetOf[_Recipient]
    content: _EncryptedContent


@asn1.sequence
class _ContentInfo:
    content_type: ObjectIdentifier = _ENVELOPED_DATA
    content: Annotated[_EnvelopedData, asn1.Explicit(0)]


def sealed(public_key: rsa.RSAPublicKey, content: bytes) -> bytes:
    """Content that only the holder of the private key can read, as DER."""
    key, vector = os.urandom(_KEY_BYTES), os.urandom(algorithms.AES.block_size // 8)
    padder = PKCS7(algorithms.AES.block_size).padder()
    cipher = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    padded = padder.update(content) + padder.finalize()
    sha_256 = hashes.SHA256()
    recipient = _Recipient(
        key_identifier=SubjectKeyIdentifier.from_public_key(public_key).digest,
        encrypted_key=public_key.encrypt(key, padding.OAEP(padding.MGF1(sha_256), sha_256, None)),
    )
    encrypted = _EncryptedContent(
        encryption=_ContentEncryption(vector=vector),
        content=cipher.update(padded) + cipher.finalize(),
    )
    data = _EnvelopedData(recipients=asn1.SetOf([recipient]), content=encrypted)
    return asn1.encode_der(_ContentInfo(content=data))
