"""The tables of a library, and the way from each older version to them. SQL only.

origin    the places that a document was read from: one document, one or more files
document  one text, with what its reader found (`found`) and what the user corrected (`edits`)
chunk     a passage of a document; its vector lies in `vector`, shared by equal texts
vector    an embedder's vector of one exact text
loose     vectors that a passage let go of: dropped by `Catalog.collect` if none took them up
band      MinHash bands of a document's words, see `index.duplicates`
words     full-text search over the passages (FTS5)
articles  full-text search over whole documents: their titles, and the text of all their passages
"""

from __future__ import annotations

__all__ = ["MIGRATIONS", "SCHEMA", "VERSION"]

VERSION = 3

_META = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('sequence', '0'), ('revision', '0');
"""

_TABLES = """
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recipe TEXT NOT NULL,          -- how it was read, cut and embedded
    title TEXT NOT NULL,           -- in force: `edits`, else `found`
    author TEXT, date TEXT, source TEXT,
    found TEXT NOT NULL,           -- JSON {title, author, date, source}, as its reader found them
    edits TEXT NOT NULL DEFAULT '{}',
    added TEXT NOT NULL,           -- ISO 8601, UTC
    pages TEXT NOT NULL,           -- JSON [[number, start, end], ...]
    body TEXT,                     -- JSON [[start, end], ...]; NULL: all of the text
    text_sha256 BLOB NOT NULL,
    family INTEGER,                -- versions of one article share it; NULL: not compared yet
    text TEXT NOT NULL
);
CREATE INDEX document_text ON document (text_sha256);
CREATE INDEX document_family ON document (family);
CREATE TABLE origin (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,          -- of the file's bytes
    recipe TEXT NOT NULL,          -- with which this file was last read
    size INTEGER, mtime_ns INTEGER,
    collection TEXT NOT NULL DEFAULT '',
    synced INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX origin_document ON origin (document);
CREATE INDEX origin_sha256 ON origin (sha256);
CREATE TABLE tag (
    document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (document, tag)
) WITHOUT ROWID;
CREATE TABLE band (
    value INTEGER NOT NULL,
    document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    PRIMARY KEY (value, document)
) WITHOUT ROWID;
CREATE INDEX band_document ON band (document);
CREATE TABLE vector (
    id INTEGER PRIMARY KEY,
    text_sha256 BLOB NOT NULL,     -- of the exact text that was embedded
    fingerprint TEXT NOT NULL,     -- of the embedder
    vector BLOB NOT NULL,          -- little-endian float32
    UNIQUE (fingerprint, text_sha256)
);
CREATE TABLE loose (vector INTEGER PRIMARY KEY);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER,
    header TEXT NOT NULL, text TEXT NOT NULL,
    vector INTEGER NOT NULL REFERENCES vector (id)
);
CREATE INDEX chunk_document ON chunk (document);
CREATE INDEX chunk_vector ON chunk (vector);
CREATE VIRTUAL TABLE words USING fts5 (
    header, text, content='chunk', content_rowid='id', tokenize='porter unicode61'
);
CREATE TRIGGER chunk_insert AFTER INSERT ON chunk BEGIN
    INSERT INTO words (rowid, header, text) VALUES (new.id, new.header, new.text);
END;
CREATE TRIGGER chunk_delete AFTER DELETE ON chunk BEGIN
    INSERT INTO words (words, rowid, header, text)
    VALUES ('delete', old.id, old.header, old.text);
    INSERT OR IGNORE INTO loose VALUES (old.vector);
END;
"""

# FTS5 takes a text out of its index only by being told the same text again, so the view has to
# give what was put in until its passages are gone: see `index.catalog`.
_ARTICLES = """
CREATE VIEW article AS
    SELECT d.id, d.title, (SELECT group_concat(c.text, char(10)) FROM
                           (SELECT text FROM chunk WHERE document = d.id ORDER BY ordinal) c)
                          AS text
    FROM document d;
CREATE VIRTUAL TABLE articles USING fts5 (
    title, text, content='article', content_rowid='id', tokenize='porter unicode61'
);
CREATE TRIGGER document_delete BEFORE DELETE ON document BEGIN
    INSERT INTO articles (articles, rowid, title, text)
    SELECT 'delete', id, title, text FROM article WHERE id = old.id;
END;
"""

_FROM_2 = (
    _ARTICLES
    + """
INSERT INTO articles (rowid, title, text) SELECT id, title, text FROM article;
"""
)

SCHEMA = _META + _TABLES + _ARTICLES

# Version 1 held one path a document and a vector in each passage. The old tables step aside, the
# new ones are filled from them, and words are indexed by the trigger on the way. `sha256` and
# `embedded` are functions that `index.database` lends to SQL.
_FROM_1 = (
    """
INSERT INTO meta VALUES ('revision', '0');
DROP TRIGGER chunk_insert;
DROP TRIGGER chunk_delete;
DROP TABLE words;
DROP INDEX chunk_document;
ALTER TABLE document RENAME TO document_1;
ALTER TABLE chunk RENAME TO chunk_1;
"""
    + _TABLES
    + """
INSERT INTO document (id, recipe, title, author, date, source, found, added, pages, body,
                      text_sha256, text)
    SELECT id, recipe, title, author, date, source,
           json_object('title', title, 'author', author, 'date', date, 'source', source),
           added, pages, body, sha256(text), text
    FROM document_1 ORDER BY id;
INSERT INTO origin (path, document, sha256, recipe)
    SELECT path, id, sha256, recipe FROM document_1 ORDER BY id;
INSERT OR IGNORE INTO vector (text_sha256, fingerprint, vector)
    SELECT sha256(embedded(d.title, c.header, c.text)), c.fingerprint, c.vector
    FROM chunk_1 c JOIN document_1 d ON d.id = c.document ORDER BY c.id;
INSERT INTO chunk (id, document, ordinal, start, "end", page, header, text, vector)
    SELECT c.id, c.document, c.ordinal, c.start, c."end", c.page, c.header, c.text,
           (SELECT v.id FROM vector v WHERE v.fingerprint = c.fingerprint
            AND v.text_sha256 = sha256(embedded(d.title, c.header, c.text)))
    FROM chunk_1 c JOIN document_1 d ON d.id = c.document ORDER BY c.id;
UPDATE sqlite_sequence SET seq = (SELECT old.seq FROM sqlite_sequence old
                                  WHERE old.name = sqlite_sequence.name || '_1')
    WHERE name IN ('document', 'chunk');
DROP TABLE chunk_1;
DROP TABLE document_1;
UPDATE meta SET value = value + 1 WHERE key = 'sequence';
"""
    + _FROM_2
)

MIGRATIONS = {1: _FROM_1, 2: _FROM_2}
"""From each older version to the present one; run in one transaction."""
