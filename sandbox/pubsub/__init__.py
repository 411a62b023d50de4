"""A Pub/Sub server of our own, on gRPC and SQLite. Google's clients reach it by PUBSUB_EMULATOR_HOST.

As the real service does, and Google's emulator does not: it keeps everything across restarts, applies filters and flow
control, redelivers a key's messages in order, and refuses what is beyond the limits or mixes ordering keys in a request.

Not here, and refused as UNIMPLEMENTED: push, BigQuery and Cloud Storage subscriptions, exactly-once delivery, schemas,
transforms, snapshots. Kept and shown, but without effect: `retry_policy` (what comes again comes at once),
`expiration_policy`.
"""
