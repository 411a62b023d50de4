{{ latest_incremental('comment_redaction') }}
