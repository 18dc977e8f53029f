"""Whether CloudTrail has signed a digest: RSA (PKCS #1 v1.5) over SHA-256, with one of the keys that it publishes.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html,
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html: keys are DER, in the form of PKCS #1,
and each Region has its own.
"""

import binascii
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trailsearch.audit.digests import Digest

PublicKeys = Mapping[str, bytes]
"""CloudTrail's public keys (DER, PKCS #1) of one Region, by their fingerprints."""


GetPublicKeys = Callable[[Digest], PublicKeys]
"""Gives the keys of the Region and time of a digest; of one that came late, the time at which it was made."""


class KeyUnknown(ValueError):
    """CloudTrail does not list the key that a digest says it is signed with, or what it lists is no RSA key."""


class SignatureInvalid(ValueError):
    """The signature is none, or not that of this digest by this key."""


def check_signature(digest: Digest, keys: PublicKeys) -> None:
    """Check that a digest is signed with one of these keys.

    Raises:
        KeyUnknown: the key that it names is not among them.
        SignatureInvalid: the key is, the signature is not by it.
    """
    if digest.fingerprint not in keys:
        raise KeyUnknown(f"CloudTrail lists no public key with the fingerprint {digest.fingerprint}")
    try:
        key = load_der_public_key(keys[digest.fingerprint])
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnknown(f"the public key {digest.fingerprint} cannot be read: {error}") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise KeyUnknown(f"the public key {digest.fingerprint} is none of RSA")
    try:
        key.verify(binascii.unhexlify(digest.signature), digest.signed_text, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid("the signature is not that of this digest") from error
