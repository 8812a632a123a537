"""What looks after every run, and says in words when training goes wrong."""
