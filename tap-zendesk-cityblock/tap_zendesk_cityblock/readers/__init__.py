"""How the records of a model are read from Zendesk."""
