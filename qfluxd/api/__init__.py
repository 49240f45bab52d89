"""What the outside may ask and is told."""
