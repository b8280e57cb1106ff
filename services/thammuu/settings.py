"""Settings from the environment (``THAMMUU_…``) and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the data lives and who writes the memos.

    Attributes:
        data: The data folder (``THAMMUU_DATA``).
        database_url: The PostgreSQL database of ledger and read models (``THAMMUU_DATABASE_URL``); a SQLite file in the
            data folder if left out.
        database_idle_timeout_s: How long an open transaction may do nothing before the server ends it.
        database_lock_timeout_s: How long a statement waits for another transaction.
        database_statement_timeout_s: How long one statement may take.
        database_connections: Connections that a process keeps; twice as many more come under load.
        blobs_url: The store of large files (``THAMMUU_BLOBS_URL``); a folder in the data folder if left out.
        issuer: The issuing body's file name in ``rules/issuers`` (``THAMMUU_ISSUER``).
        kafka_url: Servers of Kafka, ``host:port`` separated by commas (``THAMMUU_KAFKA_URL``); without it the program
            handles events by itself.
        kafka_security: How they are reached: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
        kafka_mechanism: Of SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
        kafka_user: Of SASL.
        kafka_password: Of SASL.
        kafka_ca_file: Certificates of authorities to trust; the system's own if left out.
        kafka_partitions: Of topics that are made.
        kafka_replicas: The same.
        stalled_after_s: How long something may wait for a consumer that makes no progress before it is not ready.
        topic_prefix: Before every topic's name, where several installations share a broker.
        submission_uris: Where submissions on Kafka may have their files fetched from: beginnings of addresses separated
            by spaces; nowhere if left out.
        api_token: What programs send to `thammuu serve` as bearer token; without one it answers this machine only.
        api_tokens_file: A file with more of them, one a line; ``read:``, ``publish:`` or ``recipients:`` before one
            that may not do everything.
        api_upload_mb: The largest score file it takes, in millions of bytes.
        secret_key: Keys that seal names, addresses and secrets of recipients: Fernet keys separated by commas, the
            newest first; older ones still open what they sealed.
        secret_key_file: A file with them, one a line.
        person: Who acts, as registered by ``thammuu people``; the account's name if left out.
        link_base: Where the portal is reached, ``https://…``; messages have no links without it.
        delivery_deadline_h: After how many hours a message without a final state is an incident.
        delivery_hosts: Hosts that messages may go to besides the mail server: exact names or ``*.example.org``,
            separated by commas.
        delivery_private_hosts: Of these, the ones that may have an address inside the own network.
        smtp_host: The mail server; without it no e-mail is sent.
        smtp_port: Its port.
        smtp_security: ``starttls``, ``tls`` or ``none``.
        smtp_user: To log in as.
        smtp_password: Of that user.
        smtp_ca_file: Certificates of authorities to trust; the system's own if left out.
        smtp_from: The sender's address; its domain is that of message ids.
        smtp_sub_addresses: Whether mail to ``name+anything@domain`` reaches the mailbox of the sender's address
            ``name@domain``: each delivery then has a secret address of its own that reports come to.
        smtp_reply_to: Where answers go.
        smtp_connections: How many connections to the server are kept.
        smtp_timeout_s: How long one command of the conversation may take.
        mails_a_minute: To one domain; 0 is no limit.
        dkim_selector: Of the key in the sender's domain; without it nothing is signed.
        dkim_key_file: The private key in PEM.
        imap_host: Where bounces and replies are read.
        imap_port: Its port.
        imap_user: To log in as.
        imap_password: Of that user.
        imap_folder: Which folder is read.
        mail_folder: The channel ``file`` writes messages there instead of sending them; a folder in the data folder
            if left out.
    """

    model_config = SettingsConfigDict(
        env_prefix="THAMMUU_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data: Path = Path("thammuu-data")
    database_url: SecretStr | None = None
    database_idle_timeout_s: float = Field(default=60.0, gt=0)
    database_lock_timeout_s: float = Field(default=90.0, gt=0)
    database_statement_timeout_s: float = Field(default=300.0, gt=0)
    database_connections: int = Field(default=5, ge=1)
    blobs_url: str | None = None
    issuer: str = "bo-noi-vu"
    kafka_url: str | None = None
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_partitions: int = Field(default=8, ge=1)
    kafka_replicas: int = Field(default=1, ge=1)
    topic_prefix: str = ""
    submission_uris: str = ""
    stalled_after_s: float = Field(default=300.0, gt=0)
    api_token: SecretStr | None = None
    api_tokens_file: Path | None = None
    api_upload_mb: int = Field(default=200, ge=1, le=200)
    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None
    person: str | None = None
    link_base: str = ""
    delivery_deadline_h: float = Field(default=72.0, gt=0)
    delivery_hosts: str = ""
    delivery_private_hosts: str = ""
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_ca_file: Path | None = None
    smtp_from: str | None = None
    smtp_sub_addresses: bool = False
    smtp_reply_to: str | None = None
    smtp_connections: int = Field(default=4, ge=1)
    smtp_timeout_s: float = Field(default=60.0, gt=0)
    mails_a_minute: int = Field(default=0, ge=0)
    dkim_selector: str | None = None
    dkim_key_file: Path | None = None
    imap_host: str | None = None
    imap_port: int = Field(default=993, ge=1, le=65_535)
    imap_user: str | None = None
    imap_password: SecretStr | None = None
    imap_folder: str = "INBOX"
    mail_folder: Path | None = None
