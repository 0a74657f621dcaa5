"""The console's pages: made on the server, without JavaScript (docs/decisions/0017-pages-are-made-on-the-server.md)."""
