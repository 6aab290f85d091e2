"""The host agent: one per machine with phones. It follows ADB and keeps one forked worker per phone.

agent.py     wires the parts and runs until it is told to end (`python -m workers.host`)
roster.py    decides: which phone gets a worker, which worker is to end, when one is forked again
adb.py       speaks to the adb server; adb_watch.py follows the phones that come and go
pulse.py     tells a worker, or a zygote, that is frozen from one that runs
leases.py    once a second: renews all leases, passes on stop requests, notes overrun limits
zygote.py    the process that workers are forked from; nursery.py is the agent's end of its socket
child.py     what a forked worker does before Celery runs in it; celery_worker.py makes that worker
rehearsal.py what the zygote runs through before it forks; holes.py fills its memory: so workers stay small
slots.py     the memory that agent and workers share
"""
