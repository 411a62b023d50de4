"""Zendesk, BigQuery and GCS on loopback: the product's default environment, and what its tests run against."""
