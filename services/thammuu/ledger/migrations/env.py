"""Run migrations on the connection that the caller hands over."""

from alembic import context

from thammuu.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
