"""One HTML page for operators, from BigQuery."""
