"""``muster directory``: puts the vendor's signed activation object into an organisation's directory, shows it, removes it.

Holds no state: an installation id follows from key and directory, and the directory keeps the rest.
"""
