"""`phonefleet profile`: holds app profiles against phones, records them, and accepts their patches."""
