-- Persons are compared in one canonical form: `registry/persons.py` has the same rule, and a test holds both together.
-- The body is parsed now, so no search path of a session changes what it calls.
create function audit.canonical_person(name text) returns text language sql immutable strict parallel safe
return btrim(regexp_replace(lower(translate(
    regexp_replace(
        normalize(name, NFKD),
        '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u0300-\u036f\u061c\u115f\u1160\u180b-\u180e'
            || '\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]',
        '', 'g'
    ),
    'АаВЕеКкМмНнОоРрСсТтУуХхІіЈјЅѕҺһԀԁԚԛԜԝѴѵӀӏьзгипΑαΒβΕεΖΗηΙιΚκΜΝνΟοΡρΤτΥυΧχϳγωօոսհցԼıȷɑɡɩɪʏɴʀʟʙɢʜłŁøØđĐᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ01|',
    'AaBEeKkMmHhOoPpCcTtYyXxIiJjSsHhDdQqWwVvllb3runAaBbEeZHnIiKkMNvOoPpTtYuXxjywonuhgLijagiiynrlbghlLoOdDacdejkmoptuvwzoll'
) collate "C"), '[\t\n\v\f\r \u0085\u1680\u2028\u2029]+', ' ', 'g'));
comment on function audit.canonical_person is
    'A name in lower case, with Latin letters for their look-alikes and single spaces: equal for one and the same person.';

-- Rows from before keep what they hold: a new constraint binds new rows.
alter table audit.approvals
    drop constraint maker_checker_approver_differ,
    drop constraint nobody_refuses_what_is_their_own,
    add constraint maker_checker_approver_differ check (
        audit.canonical_person(maker) <> audit.canonical_person(checker)
        and audit.canonical_person(maker) <> audit.canonical_person(approver)
        and audit.canonical_person(checker) <> audit.canonical_person(approver)
    ) not valid,
    add constraint nobody_refuses_what_is_their_own check (
        action <> 'refused' or audit.canonical_person(person) <> audit.canonical_person(maker)
    ) not valid,
    add constraint person_is_written_in_latin check (audit.canonical_person(person) ~ '^[ -~]+$') not valid;

alter table audit.exception_answers
    add constraint person_is_written_in_latin check (audit.canonical_person(person) ~ '^[ -~]+$') not valid;

alter table audit.correction_requests
    add constraint person_is_written_in_latin check (audit.canonical_person(requester) ~ '^[ -~]+$') not valid;

alter table audit.corrections
    drop constraint approved_by_another_person,
    add constraint approved_by_another_person check (
        audit.canonical_person(approver) <> audit.canonical_person(requester)
    ) not valid,
    add constraint person_is_written_in_latin check (audit.canonical_person(approver) ~ '^[ -~]+$') not valid;

alter table raw.manual_entries
    add constraint person_is_written_in_latin check (audit.canonical_person(entered_by) ~ '^[ -~]+$') not valid;

alter table raw.manual_confirmations
    drop constraint confirmed_by_a_second_person,
    add constraint confirmed_by_a_second_person check (
        audit.canonical_person(confirmed_by) <> audit.canonical_person(entered_by)
    ) not valid,
    add constraint person_is_written_in_latin check (audit.canonical_person(confirmed_by) ~ '^[ -~]+$') not valid;

-- Person and time of an act are the database's, whatever the statement gives. Where a digest holds the time (third
-- argument), a time within this transaction is kept.
create function audit.record_person_and_time() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    given timestamptz;
    acted timestamptz := clock_timestamp();
begin
    if tg_nargs > 2 then
        execute format('select ($1).%I', tg_argv[1]) into given using new;
        if given between transaction_timestamp() and acted then
            acted := given;
        end if;
    end if;
    return jsonb_populate_record(new, jsonb_build_object(tg_argv[0], session_user, tg_argv[1], acted));
end $$;

create trigger record_person_and_time before insert on audit.seals
    for each row execute function audit.record_person_and_time('sealed_by', 'sealed_at', 'digest');
create trigger record_person_and_time before insert on audit.closes
    for each row execute function audit.record_person_and_time('drafted_by', 'drafted_at', 'digest');
create trigger record_person_and_time before insert on audit.approvals
    for each row execute function audit.record_person_and_time('login', 'acted_at');
create trigger record_person_and_time before insert on audit.exception_answers
    for each row execute function audit.record_person_and_time('login', 'answered_at');
create trigger record_person_and_time before insert on audit.correction_requests
    for each row execute function audit.record_person_and_time('login', 'requested_at');
create trigger record_person_and_time before insert on audit.corrections
    for each row execute function audit.record_person_and_time('login', 'approved_at');
create trigger record_person_and_time before insert on audit.issued_papers
    for each row execute function audit.record_person_and_time('issued_by', 'issued_at');
create trigger record_person_and_time before insert on audit.deliveries
    for each row execute function audit.record_person_and_time('delivered_by', 'delivered_at');
