"""Singer target for BigQuery: STATE goes out only after BigQuery has said that the rows before it are loaded."""
