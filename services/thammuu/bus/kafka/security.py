"""How Kafka is reached: servers and security from the settings."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from thammuu.bus.topics import Topics
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.settings import Settings

_SASL = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


def servers_of(settings: Settings) -> str:
    """Return the servers.

    Raises:
        BadInputError: If none are set.
    """
    if not settings.kafka_url:
        raise BadInputError(_("THAMMUU_KAFKA_URL is not set: host:port, separated by commas."))
    return settings.kafka_url.removeprefix("kafka://")


def topics_of(settings: Settings) -> Topics:
    """Return the topics' names."""
    return Topics(settings.topic_prefix)


def security_of(settings: Settings) -> BaseSecurity | None:
    """Return the security of FastStream's clients; None for plain text without a user.

    Raises:
        BadInputError: If SASL lacks a user or password.
        EnvironmentFaultError: If the certificates cannot be read.
    """
    context = _ssl_context(settings)
    if not settings.kafka_security.startswith("SASL"):
        return None if context is None else BaseSecurity(ssl_context=context, use_ssl=True)
    if settings.kafka_user is None or settings.kafka_password is None:
        raise BadInputError(_("THAMMUU_KAFKA_USER and THAMMUU_KAFKA_PASSWORD are needed with SASL."))
    return _SASL[settings.kafka_mechanism](
        username=settings.kafka_user,
        password=settings.kafka_password.get_secret_value(),
        ssl_context=context,
        use_ssl=context is not None,
    )


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the same for aiokafka's own clients."""
    security: dict[str, Any] = {"security_protocol": settings.kafka_security, "ssl_context": _ssl_context(settings)}
    if settings.kafka_security.startswith("SASL") and settings.kafka_password is not None:
        security |= {
            "sasl_mechanism": settings.kafka_mechanism,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return security


def _ssl_context(settings: Settings) -> ssl.SSLContext | None:
    if not settings.kafka_security.endswith("SSL"):
        return None
    try:
        return ssl.create_default_context(cafile=str(settings.kafka_ca_file) if settings.kafka_ca_file else None)
    except OSError as error:
        raise EnvironmentFaultError(
            _("The certificates in {file} cannot be read: {reason}.").format(
                file=settings.kafka_ca_file, reason=error.strerror or error
            )
        ) from error
