"""What the tests share: running the program, looking at the engine, and standing between the two."""
