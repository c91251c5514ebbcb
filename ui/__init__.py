"""The faces of Refdesk: the command line, the page, the HTTP interface."""
