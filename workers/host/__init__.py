"""The host agent: one per machine with phones. It follows ADB and keeps one forked worker per phone.

agent.py     wires the parts and runs until it is told to end (`python -m workers.host`)
roster.py    decides: which phone gets a worker, which worker is to end, when one is forked again
adb.py       speaks to the adb server; adb_watch.py follows the phones that come and go; adb_room.py counts its files
health.py    judges a phone's health; health_watch.py asks the phones, in rounds
leases.py    once a second: renews all leases, passes on stop requests, notes overrun limits
zygote.py    the process that forks the workers; zygote_client.py is the agent's end of its socket
worker_process.py  sets up a forked worker before Celery runs in it; celery_worker.py makes the Celery worker
warm_up.py   runs in the zygote before it forks; heap_fill.py fills its free memory: so workers stay small

Agent and workers share memory (workers/runtime/slots.py); workers/runtime/liveness.py recognises a frozen worker.
"""
