"""How far each model has been exported, and where that is recorded."""
