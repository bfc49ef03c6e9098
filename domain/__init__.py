"""The law as pure functions and frozen values; nothing here knows the engine, the database or the hour."""
