-- The narrowest fact with the growth and the recency of every account and day: a few numbers, one pass over one order.
-- What it leaves out is what the facts are for: bounds, reasons, definitions, windows of posts, sources.
create schema if not exists bench;
create table bench.accounts as
select account_code, cast(row_number() over (order by account_code) as integer) as account_id
from (select distinct account_code from raw.capture_outcomes) as known;
create table bench.account_daily as
select a.account_id, (s.captured_at at time zone 'Asia/Jakarta')::date as d, s.followers_count as followers
from raw.profile_snapshots as s inner join bench.accounts as a using (account_code);
create table bench.posts as
select a.account_id, (p.published_at at time zone 'Asia/Jakarta')::date as d
from raw.posts as p inner join bench.accounts as a using (account_code) group by 1, 2;
analyze bench.account_daily;
analyze bench.posts;
-- measured from here
create table bench.whole_fact as
with stream as (
    select account_id, d, kind, followers,
        max(posted) over (partition by account_id order by d, kind) as last_post
    from (
        select account_id, d, 1 as kind, followers, null::date as posted from bench.account_daily
        union all
        select account_id, d, 0, null, d from bench.posts
    ) as events
),
days as (
    select account_id, d, d - date '2000-01-01' as n, extract(year from d)::int * 12 + extract(month from d)::int as m,
        followers, d - last_post as days_since_post,
        lag(followers) over (partition by account_id order by d) as before
    from stream where kind = 1
),
months as (
    select *, first_value(before) over of_month as month_before, first_value(followers) over of_month as month_first
    from days window of_month as (partition by account_id, m order by d)
)
select account_id, d, followers, days_since_post,
    followers - last_value(followers) over (
        partition by account_id order by n range between unbounded preceding and 1 preceding) as change_1d,
    followers - last_value(followers) over (
        partition by account_id order by n range between unbounded preceding and 7 preceding) as change_7d,
    followers - last_value(followers) over (
        partition by account_id order by n range between unbounded preceding and 30 preceding) as change_30d,
    followers - coalesce(month_before, month_first) as change_mtd
from months;
alter table bench.whole_fact add primary key (account_id, d);
