-- NULL in reports of before: a column without a value changes no row's canonical form.
alter table audit.issued_papers
    add column close_sha256 text,
    add column log_head text;
comment on column audit.issued_papers.close_sha256 is 'Digest of the close that the report shows.';
comment on column audit.issued_papers.log_head is
    'Head of the log of seals that the report prints: number of seals, a colon, Merkle root in hexadecimal.';
