"""The controls of the trading page: seen, worked and read back one by one."""
