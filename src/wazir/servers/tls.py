"""The files of TLS, looked at before a server starts."""

import ssl
from pathlib import Path

from wazir.domain.errors import InvalidInputError


def check_tls(certificate: Path, key: Path) -> None:
    """Let pass a certificate (PEM, with its chain) and its key.

    Raises:
        InvalidInputError: a file cannot be read, is none of the kind, or the two do not belong
            together, or the key has a passphrase.
    """
    for path in (certificate, key):
        try:
            path.read_bytes()
        except OSError as error:
            raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
    asked = []

    def no_passphrase() -> str:
        asked.append(True)
        return ""

    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certificate, key, no_passphrase
        )
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInputError(_problem(certificate, key, error, bool(asked))) from None


def _problem(certificate: Path, key: Path, error: Exception, has_passphrase: bool) -> str:
    if has_passphrase:
        return f"the key {key} has a passphrase, and nobody can be asked for it"
    reason = getattr(error, "reason", None) or str(error)
    if reason == "KEY_VALUES_MISMATCH":
        return f"the key {key} does not belong to the certificate {certificate}"
    return (
        f"{certificate} and {key} are no certificate and key in PEM that can be used "
        f"({reason.lower().replace('_', ' ')})"
    )
