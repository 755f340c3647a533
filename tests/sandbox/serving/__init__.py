"""Sandboxes as PostgreSQL databases, against a real server."""
