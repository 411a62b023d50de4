"""Google's services, for the plugins that use them: the extra `bigquery`."""
