"""Requests to Zendesk: credentials, retries and rate limits."""
