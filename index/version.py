"""The version of Refdesk. Standard library only."""

VERSION = "0.1.0"
