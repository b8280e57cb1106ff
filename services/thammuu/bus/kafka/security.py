"""How Kafka is reached: servers and security from the settings."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from thammuu.bus.topics import Topics
from thammuu.errors import BadInputError, Place, Problem
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
        BadInputError: With every setting that SASL or TLS lacks.
    """
    options = client_options(settings)
    context = options["ssl_context"]
    if "sasl_mechanism" not in options:
        return None if context is None else BaseSecurity(ssl_context=context, use_ssl=True)
    return _SASL[settings.kafka_mechanism](
        username=options["sasl_plain_username"],
        password=options["sasl_plain_password"],
        ssl_context=context,
        use_ssl=context is not None,
    )


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the same for aiokafka's own clients.

    Raises:
        BadInputError: With every setting that SASL or TLS lacks.
    """
    problems: list[Problem] = []
    options = {
        "security_protocol": settings.kafka_security,
        "ssl_context": _ssl_context(settings, problems),
    } | _user(settings, problems)
    if problems:
        raise BadInputError(_("The settings do not say how Kafka is reached."), problems)
    return options


def _user(settings: Settings, problems: list[Problem]) -> dict[str, str]:
    if not settings.kafka_security.startswith("SASL"):
        return {}
    if settings.kafka_user is not None and settings.kafka_password is not None:
        return {
            "sasl_mechanism": settings.kafka_mechanism,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    given = {"THAMMUU_KAFKA_USER": settings.kafka_user, "THAMMUU_KAFKA_PASSWORD": settings.kafka_password}
    because = _("to be set: THAMMUU_KAFKA_SECURITY is {security}").format(security=settings.kafka_security)
    problems += [Problem("missing", because, Place(name)) for name, value in given.items() if value is None]
    return {}


def _ssl_context(settings: Settings, problems: list[Problem]) -> ssl.SSLContext | None:
    if not settings.kafka_security.endswith("SSL"):
        return None
    file = settings.kafka_ca_file
    try:
        return ssl.create_default_context(cafile=str(file) if file else None)
    except OSError as error:
        expected = _("a file of certificates in PEM: {reason}").format(reason=error.strerror or error)
        problems.append(Problem("unreadable", expected, Place("THAMMUU_KAFKA_CA_FILE"), str(file)))
        return None
