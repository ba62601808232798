/**
 * Strings: functions, operators, patterns, encodings.
 * One statement a line; what has no SELECT in front of it gets one.
 */

import { lines } from './lines.ts';

/** As PostgreSQL answers, or by the code of its error. */
export const TEXT: readonly string[] = lines(String.raw`
length('häß'), char_length('abc '), octet_length('é'), bit_length('é'), length('abc  '::char(6)), length('\x0102'::bytea)
substring('hello' from 2 for 3), substring('hello', 0, 3), substring('hello' from -1), substring('hello' for 2), substring('foobar' from 'o(.)b'), substring('foobar' similar '%#"o_b#"%' escape '#')
substring('hello', 2, -1)
substr('hello', 2), substr('hello', 2, 2), substr('hello', -3, 5)
overlay('Txxxxas' placing 'hom' from 2 for 4), overlay('abc' placing 'X' from 2), overlay('abc' placing 'ZZZZ' from 5)
overlay('abc' placing 'X' from 0)
position('om' in 'Thomas'), strpos('high', 'ig'), position('' in 'a'), position('x' in '')
trim('  a '), trim(both 'x' from 'xxaxx'), trim(leading from '  a'), trim(trailing 'ab' from 'cabab'), trim('xy' from 'yxax'), trim(from '  q '), trim('  a', ' '), btrim('xyxtrimyyx', 'xyz'), ltrim('zzzytest', 'xyz'), rtrim('testxxzx', 'xyz'), ltrim('  a'), rtrim('a  ')
lpad('hi', 5, 'xy'), lpad('hello', 3), rpad('hi', 5, 'xy'), rpad('hi', 4), lpad('hi', 5, ''), lpad('a', -1)
replace('abcdef', 'cd', 'XX'), replace('aaa', '', 'b'), translate('12345', '143', 'ax'), translate('abc', '', 'x')
split_part('abc~@~def~@~ghi', '~@~', 2), split_part('a,b', ',', -1), split_part('a,b', ',', 5), split_part('a', '', 1)
split_part('a,b', ',', 0)
repeat('Pg', 4), repeat('a', 0), repeat('a', -1), reverse('abcde'), reverse('äö')
left('abcde', 2), left('abcde', -2), right('abcde', 2), right('abcde', -2), left('abc', 0)
starts_with('alphabet', 'alph'), 'alphabet' ^@ 'alph', ascii('é'), ascii(''), chr(65), chr(233)
chr(0)
chr(-1)
md5('abc'), md5('\x00'::bytea), sha256('abc'::bytea), sha224('abc'), sha384('abc'), sha512('abc')
encode('abc', 'base64'), encode('\x00ff'::bytea, 'hex'), encode('\x00ff41'::bytea, 'escape'), decode('YWJj', 'base64'), decode('00ff', 'hex'), decode('a\000b', 'escape')
decode('zz', 'hex')
decode('abc', 'hex')
decode('@@', 'base64')
encode('a', 'rot13')
encode(repeat('a',100)::bytea, 'base64')
convert_to('é', 'UTF8'), convert_from('\xc3a9', 'UTF8')
convert_from('\xe9'::bytea, 'utf8')
concat('a', 1, null, true, 2.50), concat_ws(',', 'a', null, 'b', 3), concat_ws(null, 'a'), concat('x'), concat(null)
format('Hello %s', 'World'), format('%s %I %L', 'a', 'b c', 'd''e'), format('%2$s %1$s', 'a', 'b'), format('|%10s|', 'foo'), format('|%-10s|', 'foo'), format('%%'), format('%s', null), format('%L', null), format('|%*s|', 5, 'x'), format('%1$s %s', 'a', 'b')
format('%I', null)
format('%z', 1)
format('%s')
quote_ident('Foo bar'), quote_ident('foo'), quote_ident('select'), quote_literal('O''Reilly'), quote_literal(42.5), quote_literal('a\b'), quote_nullable(null), quote_literal(null)
'a' || 'b', 'a' || 1, 1 || 'a', null || 'a', 'a' || true
1 || 2
to_hex(255), to_hex(-1), to_hex(9223372036854775807)
regexp_replace('Thomas', '.[mN]a.', 'M'), regexp_replace('foobarbaz', 'b..', 'X', 'g'), regexp_replace('foobarbaz', 'b(..)', 'X\1Y', 'g'), regexp_replace('foobarbaz', 'b(..)', '[\&]'), regexp_replace('ABC', 'b', 'x', 'i'), regexp_replace('aaa', 'a', 'b', 2), regexp_replace('aaa', 'a', 'b', 1, 2)
regexp_replace('abc', '(', 'x')
regexp_like('Hello', 'h', 'i'), regexp_count('abcabc', 'a'), regexp_instr('abcabc', 'b', 3), regexp_substr('abc123', '\d+')
'abc' ~ '^a', 'abc' ~* 'B', 'abc' !~ 'z', 'abc' !~* 'B', 'abc' like 'a%', 'abc' ilike 'A_C', 'abc' not like 'b%', 'a%c' like 'a\%c', 'a%c' like 'a!%c' escape '!', 'abc' similar to '(a|b)%', 'abc' not similar to 'x'
'abc' like 'a\'
'abc' like 'abc' escape 'xx'
'a_c' like 'a\_c' escape '', 'x' like 'x' escape null
unistr('\0441\043B\043E\043D'), unistr('d\0061t\+000061')
normalize('é', NFD), 'é' is normalized
to_ascii('é')
pg_client_encoding(), length(convert_to('ab','UTF8'))
bit_count('\xff'::bytea), get_byte('\x1234'::bytea, 1), set_byte('\x1234'::bytea, 0, 255), get_bit('\x01'::bytea, 0), set_bit('\x00'::bytea, 3, 1)
get_byte('\x12'::bytea, 1)
substring('\x123456'::bytea from 2 for 1), position('\x34'::bytea in '\x1234'::bytea), '\x12'::bytea || '\x34'::bytea, trim('\x00'::bytea from '\x001200'::bytea), overlay('\x123456'::bytea placing '\xff'::bytea from 2), length('\x1234'::bytea), md5('\x12'::bytea)
ltrim('\x0012'::bytea, '\x00'::bytea), rtrim('\x1200'::bytea, '\x00'::bytea)
'A' < 'a', 'a' < 'B', 'ä' > 'z'
pg_typeof(1)::text, pg_typeof(1.5)::text, pg_typeof(now())::text, pg_typeof(null)::text
text 'a' || varchar 'b', 'a'::char(3) || 'b'
'a '::char(3) = 'a', 'a '::char(3) like 'a', 'a '::text = 'a'
levenshtein('a','b')
char_length(null), upper(null), length(repeat(null, 3))
greatest(1, 2.5, null), least('b', 'a'), greatest(null, null), least(1, null), nullif(1, 1), nullif('a', 'b'), coalesce(null, 1, 2), coalesce(null, 'x'), greatest('2020-01-01'::date, '2021-01-01')
greatest(1, 'x')
coalesce(1, 'x')
nullif(1, 'a')
substring('abc' from 'b' for '#')
substring('Thomas' from '%#"o_a#"_' for '#')
bpcharlen('a'), textcat('a','b'), text('a'), varchar('a'), name('abc')
casefold('ß'), to_bin(5), to_oct(8)
string_agg('a', ',')
random() between 0 and 1, random() is null
initcap(null), translate('abc', 'abc', ''), translate('aabb', 'ab', 'ba')
ascii('€'), chr(8364), chr(1114112)
lpad('äö', 5, '€'), rpad('', 3, 'ab'), left('€uro', 1)
regexp_replace('abab', '(a)(b)', '\2\1', 'g'), regexp_replace(E'a\nb', 'a.b', 'x'), regexp_replace('abc', '', '-', 'g'), regexp_replace('x', 'x', '\\')
concat_ws('-', 2020, '01', date '2020-01-01', null, 1.50), concat(1.0, ' ', date '2020-01-01', interval '1 day', true, '\x01'::bytea)
substring('foobar' similar '%#"o_b#"%' escape '#'), substring('a' similar 'b' escape '#')
upper(x => 'a')
unistr('\0441\043B\043E\043D'), unistr('d\0061t\+000061'), unistr('\\'), unistr('\u0061\U00000062'), unistr('\D83D\DE00')
unistr('\zz')
unistr('\D83D')
unistr('\DE00')
unistr('\+110000')
normalize('é', NFD), 'é' is normalized, normalize('é'), 'é' is nfd normalized, 'e' is not nfkc normalized, normalize(null)
pg_typeof('a') is null, pg_typeof(null) is null
1::foo
foo(1)
(regexp_match('foobarbequebaz', '(bar)(beque)'))[1]
array_to_string(array['a','b'], ',')
'abc' ~ 'a(?=b)'
'aaa' ~ '(a)\1'
`);
