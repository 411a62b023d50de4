"""Singer target that publishes Zendesk tickets to Pub/Sub: it writes STATE only after everything published before
it is logged.
"""
