"""PocketOption: `codec` knows the wire, `driver` waits."""
