"""How the daemon is watched: logs and service notifications."""
