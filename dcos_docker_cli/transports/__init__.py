"""How commands and files reach a node."""
