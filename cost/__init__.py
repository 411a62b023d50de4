"""What BigQuery would bill for the product's statements: `make cost` (docs/measurements/cost.md)."""
