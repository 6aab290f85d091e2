"""What phonefleet says to people, in Chinese and English: the console, commands, messages about alerts, workbooks.

catalogue.py  finds the words of one language
po_file.py    reads gettext's files
language.py   chooses the language of a process
"""
