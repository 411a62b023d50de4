"""A Zendesk Support account on loopback: made-up objects, real paging, limits, errors and credentials."""
