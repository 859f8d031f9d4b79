-- NULL in reports of before: a column without a value changes no row's canonical form.
alter table audit.issued_papers
    add column seal_no integer references audit.seals,
    add column template_version text,
    add column settings_sha256 text,
    add column pinned jsonb;
comment on column audit.issued_papers.seal_no is 'Newest seal at the issue: the report shows what it and those before cover.';
comment on column audit.issued_papers.template_version is 'sha256 of the files from which reports are rendered.';
comment on column audit.issued_papers.settings_sha256 is
    'sha256 of what a report is rendered with: kind, center, language, time in the file, versions of the libraries.';
comment on column audit.issued_papers.pinned is
    'Of a provisional report: its figures as they were read, from which it is rendered again.';

-- A name cannot claim another month, version or language; a report of a month names its approved close.
create function audit.check_paper() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    wanted text := case when new.is_provisional then to_char(new.as_of_date, 'YYYY-MM-DD') || '-sementara'
        else to_char(new.month_start, 'YYYY-MM') || '-v' || new.version end;
begin
    if not starts_with(new.file_name, wanted || '-') or new.file_name !~ ('^[a-z0-9-]+-' || new.language || '[.](pdf|xlsx)$')
    then
        raise exception 'the name % is not that of this report', new.file_name using errcode = 'check_violation';
    end if;
    if not new.is_provisional and not exists (
        select from audit.approvals join audit.closes using (month_start, version)
        where (month_start, version, action) = (new.month_start, new.version, 'approved')
            and closes.sha256 = new.close_sha256
    ) then
        raise exception '% version % is not approved, or has another digest', new.month_start, new.version
            using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger check_paper before insert on audit.issued_papers for each row execute function audit.check_paper();
