"""Networks that other tools trained, told by the names of their tensors alone, and ours written in their names."""
