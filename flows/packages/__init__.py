"""Flow packages: flows that anyone writes, installed with pip or in a folder that a setting names."""
