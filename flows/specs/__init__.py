"""What the flows take, return and may do, without the code that drives a phone: who plants or checks needs no more."""
