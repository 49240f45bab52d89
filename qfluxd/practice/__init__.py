"""The practice broker: a Socket.IO server and a trading page with the broker's wire and DOM."""
