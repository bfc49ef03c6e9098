"""The product beside programs of others, as an operator installs them: Debian's Prometheus and Alertmanager."""
