"""Singer target that publishes Zendesk tickets to Pub/Sub: STATE goes out only after what was published is logged."""
