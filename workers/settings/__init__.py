"""The settings of a process, read from its environment once.

declaration.py  lists the variables: name, default, reader, remedy
values.py       reads their values
flow_lists.py   reads lists of flows
mail.py         reads the mail server
servers.py      reads the addresses of Redis and the database
variable.py     is one variable, and the error that names it
"""

from workers.settings.declaration import Settings, read_settings, settings
from workers.settings.values import STOCK_ADB_PORT, Network
from workers.settings.variable import SettingsError

__all__ = ["STOCK_ADB_PORT", "Network", "Settings", "SettingsError", "read_settings", "settings"]
