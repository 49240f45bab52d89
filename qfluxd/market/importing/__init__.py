"""Files of prices as they are found, put into the layout of the store: rows by name, times by a zone that is stated."""
