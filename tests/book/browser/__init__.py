"""The reader's page, checked in a browser."""
