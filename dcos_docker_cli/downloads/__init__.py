"""Files that servers send: asked for, kept while they come, and asked for again when a connection breaks."""
