"""Results from before phonefleet: titles and comments in Excel, CSV and docx tables, read into the ledger.

files.py          reads a file's tables in a child process with bounded memory and time
read_file.py      is that child: it prints one JSON line for each row
headings.py       recognises a table by its headings
rows.py           turns rows into titles and comments, or into problems with their places
"""
