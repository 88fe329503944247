-- What readers wish, and what is left to do for those who wished to be erased.

-- Until the file was written anew after an erasure, it may still hold octets of who was erased. All before now was at once.
ALTER TABLE erased
ADD COLUMN is_scoured INTEGER NOT NULL DEFAULT 1 CHECK (is_scoured IN (0, 1));

CREATE INDEX erased_to_be_scoured
    ON erased (mark)
    WHERE is_scoured = 0;

-- Which form of the mail a reader gets: 0 HTML with plain text beside it, 1 plain text alone.
ALTER TABLE subscribers
ADD COLUMN format INTEGER NOT NULL DEFAULT 0 CHECK (format IN (0, 1));

-- The language of a list, where it is not the publication's, and how often it comes.
ALTER TABLE lists
ADD COLUMN lang TEXT;

ALTER TABLE lists
ADD COLUMN frequency TEXT NOT NULL DEFAULT '';
