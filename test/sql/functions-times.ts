/**
 * Dates, times, intervals; JSON, uuids and the session.
 * One statement a line; what has no SELECT in front of it gets one.
 */

import { lines } from './lines.ts';

/** As PostgreSQL answers, or by the code of its error. */
export const TIMES: readonly string[] = lines(`
date '2020-02-29', '2020-02-30'::date
'2020-13-01'::date
'20200131'::date, 'Jan 5 2020'::date, '5 January 2020'::date, '2020-001'::date, '1/2/2020'::date, 'J2451187'::date, '2020.05'::date, '44 BC-01-01'::date
'0001-01-01 BC'::date, 'infinity'::date, '-infinity'::date, 'epoch'::date, '5874897-12-31'::date
'5874898-01-01'::date
'294276-12-31 23:59:59.999999'::timestamp, '4713-01-01 00:00:00 BC'::timestamp, 'infinity'::timestamp, '2020-01-01 24:00:00'::timestamp, '2020-01-01T12:34:56.789'::timestamp, '2020-01-01 1:2:3 pm'::timestamp, '2020-01-01 12:00:60'::timestamp
'294277-01-01'::timestamp
'2020-01-01 25:00'::timestamp
'2020-01-01 12:00+02'::timestamptz, '2020-01-01 12:00 Europe/Berlin'::timestamptz, '2020-07-01 12:00 CEST'::timestamptz, '2020-01-01 12:00Z'::timestamptz, '2020-01-01 00:00:00-05:30'::timestamptz
'2020-01-01 12:00 Nowhere/Zone'::timestamptz
'12:34'::time, '12:34:56.1234567'::time, '24:00'::time, '12:34 PM'::time, 'allballs'::time, '123456'::time, time(2) '12:34:56.789', '12:34:56'::time(0)
'25:00'::time
'1 day'::interval, '1 year 2 mons 3 days 04:05:06'::interval, '1-2'::interval, '1 2:03'::interval, 'P1Y2M3DT4H5M6S'::interval, '1.5 hours'::interval, '-1 day +02:00'::interval, '1 week'::interval, '1.5 months'::interval, '2 days ago'::interval, '@ 1 minute'::interval, '1 century'::interval, 'infinity'::interval
'2020-02-29'::interval
interval '2020-02-29'
interval 'abc'
interval '1 foo'
interval '1' year, interval '5' minute, interval '1-2' year to month, interval '1 2:03:04' day to second, interval '1.234567' second(3), interval '90' minute, interval(2) '1.2345 s'
interval '1:2:3:4'
interval '01:02:60', interval '25:00', interval '1 day 25:00', interval '-1-2', interval '1 month -1 day', interval '3 4:05:06', interval '1e3 s', interval '.5 day'
extract(year from date '2020-05-06'), extract(month from timestamp '2020-05-06 07:08:09.123456'), extract(second from timestamp '2020-05-06 07:08:09.123456'), extract(epoch from timestamp '2020-01-01'), extract(dow from date '2020-05-06'), extract(isodow from date '2020-05-10'), extract(doy from date '2020-12-31'), extract(week from date '2020-01-01'), extract(isoyear from date '2021-01-01'), extract(quarter from date '2020-05-06'), extract(century from date '2000-01-01'), extract(decade from date '2020-01-01'), extract(millennium from date '2001-01-01'), extract(julian from date '2020-01-01'), extract(milliseconds from time '1:2:3.4567'), extract(microseconds from time '1:2:3.4567'), extract(hour from interval '25 hours'), extract(day from interval '3 days'), extract(epoch from interval '1 month 1 day'), extract(timezone from timestamptz '2020-01-01'), extract(timezone_hour from timestamptz '2020-01-01'), extract('year' from date '2020-01-01')
extract(hour from date '2020-01-01')
extract(foo from timestamp '2020-01-01')
extract(year from time '12:00')
date_part('year', timestamp '2020-01-01'), date_part('epoch', interval '1 day'), date_part('hour', time '12:34')
date_trunc('month', timestamp '2020-05-06 07:08'), date_trunc('week', date '2020-05-06'), date_trunc('quarter', timestamptz '2020-05-06'), date_trunc('hour', interval '1 day 2:30'), date_trunc('century', timestamp '2020-01-01'), date_trunc('milliseconds', timestamp '2020-01-01 0:0:0.123456'), date_trunc('day', timestamptz '2020-05-06 23:00+00', 'Europe/Berlin')
date_trunc('foo', now())
date_bin('15 minutes', timestamp '2020-02-11 15:44:17', timestamp '2001-01-01'), date_bin('1 day', timestamptz '2020-02-11 15:44', timestamptz '2001-01-01')
date_bin('1 month', timestamp '2020-02-11', timestamp '2001-01-01')
age(timestamp '2020-03-01', timestamp '2019-12-31'), age(timestamptz '2020-03-01', timestamptz '2020-01-31'), age(date '2001-04-10', date '1957-06-13')
make_date(2020, 2, 29), make_date(-44, 3, 15), make_time(8, 15, 23.5), make_timestamp(2020, 1, 2, 3, 4, 5.5), make_timestamptz(2020, 1, 2, 3, 4, 5.5), make_timestamptz(2020, 1, 2, 3, 4, 5.5, 'Europe/Berlin'), make_interval(1, 2, 3, 4, 5, 6, 7.5), make_interval(days => 10), make_interval(hours => 5, mins => 3), make_interval()
make_interval(secs => 1.5)
make_date(2021, 2, 29)
make_date(0, 1, 1)
make_time(24, 0, 0)
make_time(25, 0, 0)
justify_hours(interval '27 hours'), justify_days(interval '35 days'), justify_interval(interval '1 mon -1 hour')
date '2020-01-31' + interval '1 month', date '2020-01-01' + 5, 5 + date '2020-01-01', date '2020-03-01' - date '2020-02-01', date '2020-01-01' + time '12:00', timestamp '2020-01-01' - timestamp '2019-01-01 1:00', timestamp '2020-01-31' + interval '1 mon', interval '1 day' * 2.5, interval '1 day' / 3, 2 * interval '1 hour', -interval '1 day', time '12:00' + interval '13 hours', time '12:00' - time '1:00', interval '1 day' + interval '2 hours', timestamptz '2020-03-29 00:00 Europe/Berlin' + interval '1 day'
date '2020-01-01' - 'abc'
interval '1 day' / 0
date '2020-01-01' + date '2020-01-01'
interval '1 month' = interval '30 days', interval '1 day' < interval '25 hours', date '2020-01-01' < timestamp '2020-01-01 1:00', date '2020-01-01' = timestamptz '2020-01-01 00:00+00', timestamp '2020-01-01' = timestamptz '2020-01-01'
timestamp '2020-01-01 12:00' at time zone 'Europe/Berlin', timestamptz '2020-01-01 12:00+00' at time zone 'America/New_York', timestamptz '2020-01-01' at time zone interval '2 hours'
timestamp '2020-01-01 12:00' at time zone '+02', timestamp '2020-01-01' at time zone 'EST', timezone('UTC', timestamp '2020-01-01'), timestamp '2020-07-01' at time zone 'EST5EDT'
timestamp '2020-01-01' at time zone 'foo'
to_char(timestamp '2020-05-06 07:08:09.123456', 'YYYY-MM-DD HH24:MI:SS.US'), to_char(timestamp '2020-05-06 17:08:09', 'HH12:MI AM Day DD Month YYYY'), to_char(timestamp '2020-05-06', 'FMDay, FMDDth FMMonth YYYY'), to_char(date '2020-05-06', 'Dy Mon DDD WW IW Q J CC'), to_char(interval '1 day 2:03:04', 'HH24:MI:SS'), to_char(timestamp '2020-05-06', 'IYYY-IDDD ID D W'), to_char(timestamptz '2020-05-06 12:00+00', 'TZ OF TZH:TZM'), to_char(timestamp '2020-05-06 07:08:09.5', 'SSSS SSSSS MS FF3'), to_char(timestamp '2020-05-06', '"Year" YYYY'), to_char(timestamp '2020-05-06', 'Y,YYY YY Y RM rm'), to_char(timestamp '0044-03-15 BC', 'YYYY BC'), to_char(timestamp '2020-05-06', 'MONTH|month|Mon|MON|DAY|day|DY|dy|a.m.|PM')
to_char(now(), null), to_char(date '2020-01-01', '')
to_date('05 Dec 2000', 'DD Mon YYYY'), to_date('20200506', 'YYYYMMDD'), to_date('2020-127', 'YYYY-DDD'), to_date('2020/5/6', 'YYYY/MM/DD'), to_date('12', 'YY'), to_date('70', 'YY')
to_date('2020-13-01', 'YYYY-MM-DD')
to_date('abc', 'YYYY')
to_date('2020-02-30', 'YYYY-MM-DD')
to_timestamp('05 Dec 2000 13:14:15', 'DD Mon YYYY HH24:MI:SS'), to_timestamp(1284352323), to_timestamp(1284352323.5), to_timestamp('2020-05-06 07:08:09.123', 'YYYY-MM-DD HH24:MI:SS.MS'), to_timestamp('2020-01-01 12 PM', 'YYYY-MM-DD HH12 AM')
to_timestamp('infinity'::float8)
isfinite(date '2020-01-01'), isfinite(timestamp 'infinity'), isfinite(interval '1 day')
(date '2020-01-01', date '2020-02-01') overlaps (date '2020-01-15', date '2020-03-01'), (timestamp '2020-01-01', interval '10 days') overlaps (timestamp '2020-01-05', interval '1 day')
timestamp(3) '2020-01-01 00:00:00.123456', timestamptz(0) '2020-01-01 00:00:00.5+00', '2020-01-01 0:0:0.999999'::timestamp(3), now()::timestamp(0) is null
timestamp with time zone '2020-01-01 00:00+00', timestamp without time zone '2020-01-01', time without time zone '12:00', cast('2020-01-01' as timestamp with time zone)
'2020-01-01'::date::timestamp, '2020-01-01 12:34'::timestamp::date, '2020-01-01 12:34'::timestamp::time, '2020-01-01 12:00+00'::timestamptz::time, '12:00'::time::interval, '25:00'::interval::time, '2020-01-01'::date::text, now()::text is null, '2020-01-01 12:34:56.100'::timestamp::text
date 'today' = current_date, date 'tomorrow' - date 'today', timestamp 'now' is null, 'yesterday'::date < 'today'::date
to_char(interval '1 year 2 months', 'YYYY MM'), to_char(interval '100 hours', 'HH24'), to_char(time '12:34', 'HH24:MI')
date_part('week', date '2016-01-01'), extract(epoch from date '1970-01-02'), extract(epoch from timestamptz '1970-01-01 00:00:00.000001+00'), extract(second from interval '1.5 s'), extract(day from timestamp 'infinity'), extract(year from timestamp '-infinity')
date_add('2020-01-01 00:00+00'::timestamptz, '1 day'), date_subtract('2020-01-01 00:00+00'::timestamptz, '1 day')
timestamp '2020-01-01' + '1 day', '1 day' + timestamp '2020-01-01', timestamp '2020-01-01' - '1 day'
date 'infinity' + 1, timestamp 'infinity' - interval '1 day'
timestamp 'infinity' - timestamp 'infinity'
date '5874897-12-31' + 1
'2020-01-01'::timestamp - '2019-12-31'::date, date '2020-01-02' - timestamp '2020-01-01', date '2020-01-01' = '2020-01-01', '2020-01-01' < now()
interval '178000000 years'
interval '1 day' * 1e20
sum(interval '1 day'), avg(interval '3 days'), min(date '2020-01-01'), max(time '12:00')
gen_random_uuid() is null, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '{A0EEBC999C0B4EF8BB6D6BB9BD380A11}'::uuid, uuid 'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11' = 'a0eebc999c0b4ef8bb6d6bb9bd380a11'
'xyz'::uuid
'{"a":1}'::json -> 'a', '{"a":"x"}'::jsonb ->> 'a', '[1,2,3]'::jsonb -> 1, '[1,2,3]'::json ->> -1, '{"a":{"b":[10,20]}}'::jsonb #> '{a,b,1}', '{"a":{"b":2}}'::json #>> '{a,b}', '{"a":1,"b":2}'::jsonb @> '{"a":1}', '{"a":1}'::jsonb <@ '{"a":1,"b":2}', '{"a":1}'::jsonb ? 'a', '{"a":1}'::jsonb || '{"b":2}', '{"a":1,"b":2}'::jsonb - 'a', '[1,2]'::jsonb - 0
'{bad'::json
jsonb_set('{"a":1}', '{b}', '5', false), jsonb_insert('[1,2]', '{1}', '9'), jsonb_extract_path('{"a":{"b":1}}', 'a', 'b'), jsonb_extract_path_text('{"a":"x"}', 'a'), '1'::jsonb::int, '1.5'::jsonb::numeric, 'true'::jsonb::bool, '[1,2]'::jsonb = '[1, 2]'
current_user = user, current_setting('timezone'), current_database() is null, current_schema, session_user is null, version() is null, pg_backend_pid() > 0, current_schema()
(date '2020-01-01', date '2020-02-01') overlaps (date '2020-01-15', date '2020-03-01'), (timestamp '2020-01-01', interval '10 days') overlaps (timestamp '2020-01-05', interval '1 day')
(time '10:00', interval '1 hour') overlaps (time '10:30', time '12:00'), (timestamptz '2020-01-01', timestamptz '2020-01-03') overlaps (timestamptz '2020-01-02', interval '1 day'), (timestamp '2020-01-01', null::interval) overlaps (timestamp '2020-01-01', interval '1 day'), (date '2020-01-01', interval '1 day') overlaps (date '2020-01-02', interval '1 day'), (null::timestamp, interval '1 day') overlaps (timestamp '2020-01-01', interval '1 day'), (time '23:00', interval '2 hours') overlaps (time '00:30', interval '10 min')
interval '1' year, interval '5' minute, interval '1-2' year to month, interval '1 2:03:04' day to second, interval '1.234567' second(3), interval '90' minute, interval(2) '1.2345 s', interval '3' day, interval '1' month, interval '7' hour
interval '1 2' day to hour, interval '1 2:03' day to minute
interval '2:03' minute to second, interval '2:03' hour to minute, interval '1 day 2 hours 3 minutes' hour, interval '5 years 3 months' year, '1'::interval year, cast('15' as interval minute), interval '1 year 2 months 3 days' month, interval '-90' second, interval '25 hours 61 minutes' day, '2 days 3:04:05'::text::interval hour, interval '1' day * 3
'1 year 2 months'::interval::interval year
interval 'x' year
interval '2:03:04' minute to second
make_interval(days => 10), make_interval(hours => 5, mins => 3), make_interval(1, months => 2), make_interval(secs => 1.5), make_interval(), make_date(year => 2020, month => 1, day => 2), make_date(2020, day => 3, month => 4), jsonb_set('{"a":1}', '{b}', '5', create_if_missing => false), make_interval(weeks := 2)
make_interval(foo => 1)
make_date(year => 2020)
make_interval(days => 1, 2)
make_interval(1, years => 2)
'2020-02-29'::interval
interval '1e3 s'
interval '1-2-3'
interval '1-2 3'
interval '+1-2 -3 +4:05'
interval '1 2 hours', interval '3 4 5:06', interval '1 2 hours 3 minutes'
interval '1 hours 2 3'
interval '1 2'
time '23:', time '1::5', '1999-12-31 23:'::timestamp, '1999-12-31 23:59:59+01:'::timestamptz, '1:'::interval, '-1:2:'::interval, '1 day 2:'::interval
time '1:2:3:'
interval '1:2:3:'
set_config('app.user', 'x', false), current_setting('app.user'), set_config('work_mem', '1MB', false), current_setting('work_mem'), set_config('work_mem', null, false) is null
set_config(null, 'x', false)
set_config('nonsense', 'x', false)
set_config('work_mem', 'x', false)
'{"a":1}'::jsonb ?| array['a','c'], '{"a":1}'::jsonb ?& array['a']
'{"a":1,"a":2, "c":  [1.50, true,null]}'::jsonb, '{"a":1,"a":2}'::json, '1e3'::jsonb, '"\u00e9"'::jsonb, jsonb_typeof('[1]'), json_typeof('null'), jsonb_array_length('[1,2]'), jsonb_pretty('{"a":[1]}'), jsonb_build_object('a', 1, 'b', null), jsonb_build_array(1, 'x', null, 2.50), to_json('a"b'::text), to_jsonb(1.50), jsonb_set('{"a":1}', '{a}', '5'), jsonb_strip_nulls('{"a":null,"b":1}'), json_build_object('x', date '2020-01-01'), row_to_json(row(1,'a'))
json_object('{a,1,b,2}'), jsonb_object_agg('a', 1), json_agg(1), jsonb_agg('x'::text)
jsonb_path_query('{"a":1}', '$.a')
jsonb_path_exists('{"a":1}', '$.a'), '{"a":1}'::jsonb @? '$.a'
(1, 2) = 1
`);

/** What is not built yet: 0A000. */
export const TIMES_REFUSED: readonly string[] = lines(`
1::numeric(3,-2)
(1, 2) + (1, 2)
`);
