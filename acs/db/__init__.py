"""The one database: base class, column types, engine, unit of work, bulk statements, migrations. Knows no name above it."""
