"""Compares a Zendesk account with the warehouse and the published messages."""
