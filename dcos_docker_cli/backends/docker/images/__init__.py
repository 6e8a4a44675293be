"""Node images: what they are made of, and how they are made, listed, exported, imported and removed."""
