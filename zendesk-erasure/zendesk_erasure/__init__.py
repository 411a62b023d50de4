"""Erases the content of Zendesk tickets and users from the warehouse."""
