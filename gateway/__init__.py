"""The HTTP face: back-office systems submit, command, look up and follow; the payment platform calls back."""
