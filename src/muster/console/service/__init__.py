"""What the console does for its administrator, the same for the command line and for pages."""
