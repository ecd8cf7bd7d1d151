"""Encrypted recordings as Twilio makes them, with what a Debian has: the openssl program and its library.

The recording is encrypted with AES-256-GCM (the 16-byte tag follows the ciphertext) under a key of its own, and that
key with the customer's public RSA key (OAEP, SHA-256 for both digests). Only tests use this; nothing of Kol does.
"""
from __future__ import annotations

import base64
import ctypes
import ctypes.util
import secrets
import subprocess
from pathlib import Path

_OAEP = ("-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256")
_GET_TAG = 0x10  # EVP_CTRL_AEAD_GET_TAG


def _openssl(*arguments: str, data: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def make_keys(folder: Path, bits: int = 2048) -> tuple[Path, Path]:
    """A new key pair: (private.pem, public.pem) in a folder."""
    private, public = folder / "private.pem", folder / "public.pem"
    _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-out", str(private))
    _openssl("pkey", "-in", str(private), "-pubout", "-out", str(public))
    return private, public


def make_certificate(folder: Path, name: str = "127.0.0.1", days: int = 2) -> tuple[Path, Path]:
    """A self-signed certificate and its key, for a FakeServer that speaks https."""
    certificate, key = folder / "certificate.pem", folder / "certificate-key.pem"
    kind = "IP" if name.replace(".", "").isdigit() else "DNS"
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
             "-days", str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}")
    return certificate, key


def aes_256_gcm(key: bytes, iv: bytes, plain: bytes) -> bytes:
    """Ciphertext and tag."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    for function in (crypto.EVP_CIPHER_CTX_new, crypto.EVP_aes_256_gcm):
        function.restype = ctypes.c_void_p
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out, tag = ctypes.create_string_buffer(len(plain) + 16), ctypes.create_string_buffer(16)
    length, rest = ctypes.c_int(), ctypes.c_int()
    try:
        steps = (
            crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, iv),
            crypto.EVP_EncryptUpdate(context, out, ctypes.byref(length), plain, len(plain)),
            crypto.EVP_EncryptFinal_ex(context, ctypes.byref(out, length.value), ctypes.byref(rest)),
            crypto.EVP_CIPHER_CTX_ctrl(context, _GET_TAG, 16, tag),
        )
    finally:
        crypto.EVP_CIPHER_CTX_free(context)
    if not all(step == 1 for step in steps):
        raise RuntimeError("libcrypto refused to encrypt")
    return out.raw[:length.value + rest.value] + tag.raw


class Envelope:
    """The key of one recording, wrapped for the holder of a private key."""

    def __init__(self, public_key: Path, public_key_sid: str):
        self.key, self.iv = secrets.token_bytes(32), secrets.token_bytes(12)
        self.public_key_sid = public_key_sid
        self.wrapped = _openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", str(public_key), *_OAEP, data=self.key)

    def seal(self, plain: bytes) -> bytes:
        """A medium as Twilio stores it."""
        return aes_256_gcm(self.key, self.iv, plain)

    def as_json(self, as_in_guide: bool = False) -> dict:
        """`encryption_details` of the resource. Twilio's reference and its guide do not agree on the names."""
        iv = base64.b64encode(self.iv).decode()
        more = {"type": "rsa-aes", "iv": iv} if as_in_guide else {"encryption_iv": iv}
        return {"encryption_public_key_sid": self.public_key_sid,
                "encryption_cek": base64.b64encode(self.wrapped).decode()} | more

    def as_parameter(self) -> dict:
        """`EncryptionDetails` of a callback, whose names are others again."""
        return {"type": "rsa-aes", "public_key_sid": self.public_key_sid,
                "encrypted_cek": base64.b64encode(self.wrapped).decode(),
                "iv": base64.b64encode(self.iv).decode()}
