"""What is done to whole clusters: readable lists of steps, each undone when a later one fails."""
