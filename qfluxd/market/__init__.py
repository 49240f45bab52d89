"""Market data: candles from ticks, the broker's clock, what is stored, what is captured."""
