"""A Pub/Sub server of our own: Google's clients reach it by PUBSUB_EMULATOR_HOST, and it keeps what it was told."""
