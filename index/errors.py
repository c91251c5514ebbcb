"""Every error that Refdesk tells a user, in one tree.

RefdeskError                 anything told to the user          exit code 1
├── UsageError               a wrong argument or value          exit code 2
│   ├── SettingsError        an unknown or unusable setting
│   └── QuestionError        an empty or over-long question
├── ReadError                one file could not be read; the others go on
│   ├── UnsupportedError     no reader for this kind of file
│   ├── EmptyDocumentError   nothing to index in it
│   ├── TooLargeError        over the size limit
│   └── LockedError          encrypted, or no permission
├── LibraryError             the library on disk
│   ├── NotFoundError        no such document
│   ├── BusyError            another process is writing
│   └── CorruptError         damaged, or made by a newer version
├── ReceiptError             a receipt that is none, or was changed since
├── StorageError             the disk is full or refuses to be written
├── ModelError               a model
│   ├── ModelMissingError    not installed; the message says where to put which file
│   ├── ChecksumError        not the file that the manifest describes
│   └── ModelLoadError       present but cannot be run
└── ServeError               the page cannot be served (a port in use)

A message says what happened, with which file or value, and what to do about it, in one line.
Lower layers' exceptions are turned into these where they arise, never further up.
"""

from __future__ import annotations

__all__ = [
    "BusyError",
    "ChecksumError",
    "CorruptError",
    "EmptyDocumentError",
    "LibraryError",
    "LockedError",
    "ModelError",
    "ModelLoadError",
    "ModelMissingError",
    "NotFoundError",
    "QuestionError",
    "ReadError",
    "ReceiptError",
    "RefdeskError",
    "ServeError",
    "SettingsError",
    "StorageError",
    "TooLargeError",
    "UnsupportedError",
    "UsageError",
]


class RefdeskError(Exception):
    """Base of all errors with a message written for the user."""

    exit_code = 1


class UsageError(RefdeskError):
    """A wrong argument or value."""

    exit_code = 2


class SettingsError(UsageError):
    """An unknown setting, or a value that it cannot take."""


class QuestionError(UsageError):
    """A question that cannot be asked: empty, or too long."""


class ReadError(RefdeskError):
    """One file could not be read. The message does not name the file: the caller does."""


class UnsupportedError(ReadError):
    """No reader takes this kind of file."""


class EmptyDocumentError(ReadError):
    """The file holds no text to index."""


class TooLargeError(ReadError):
    """The file is over the size limit."""


class LockedError(ReadError):
    """The file is encrypted, or may not be read."""


class LibraryError(RefdeskError):
    """The library on disk cannot do what was asked."""


class NotFoundError(LibraryError):
    """No document of that name or number."""


class BusyError(LibraryError):
    """Another process is writing to the library."""


class CorruptError(LibraryError):
    """The library's database is damaged or of an unknown version."""


class ReceiptError(RefdeskError):
    """A file that is no receipt of an answer, or one that was changed since it was written."""


class StorageError(RefdeskError):
    """The disk is full or refuses to be written."""


class ModelError(RefdeskError):
    """A model cannot be used."""


class ModelMissingError(ModelError):
    """A model is not installed."""


class ChecksumError(ModelError):
    """A model's file is not the one that the manifest describes."""


class ModelLoadError(ModelError):
    """A model's file is there but cannot be loaded or run."""


class ServeError(RefdeskError):
    """The page cannot be served."""
