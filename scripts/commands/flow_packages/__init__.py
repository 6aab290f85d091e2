"""What a person needs to write a flow package: a new one, checks, a try on a phone, recordings, a wheel.

commands.py    the command `phonefleet flow`
new.py         makes a package from the files in template/
check.py       names mistakes, from the package's files alone
judge_code.py  judges the code of a flow by its syntax tree
phones.py      a simulated or a real phone to try on
run.py         runs a flow on a phone, and records it
evidence.py    makes a recording of a failed attempt's evidence
pack.py        builds the wheel
"""
