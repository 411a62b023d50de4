"""Singer target for BigQuery: it writes STATE only after BigQuery has confirmed that the rows before it are
loaded.
"""
