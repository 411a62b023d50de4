"""How far each model is read, and what says so."""
