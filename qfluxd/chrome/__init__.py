"""Chrome: finding and starting it, and reading the frames of its pages."""
