create table ops.doubted_listings (
    account_code text not null,
    run_date date not null,
    listed_at timestamptz not null,
    detail text not null,
    known_count integer not null check (known_count >= 0),
    missing_ids text[] not null,
    primary key (account_code, run_date)
);
comment on table ops.doubted_listings is
    'One row per account and WIB date whose latest listing of posts was not believed: empty, or short of known posts.';
grant select, insert, update on ops.doubted_listings to social_metrics_loader;
grant select on ops.doubted_listings to social_metrics_transformer;
