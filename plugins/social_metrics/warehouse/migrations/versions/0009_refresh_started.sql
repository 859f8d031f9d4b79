alter table ops.credentials add column refresh_started_at timestamptz;
comment on column ops.credentials.refresh_started_at is
    'Set before a refresh is asked for and cleared with its saving; left over, the reply was lost.';
