"""What is measured: a module for each family of jobs, with a function `measure(bench)`."""
