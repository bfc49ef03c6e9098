"""The outside world played over its real protocols, each partner a process that shares no code with ours."""
