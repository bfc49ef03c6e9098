"""Every shape that outlives a process: messages, events, names on the wire, named SQL, migrations."""
