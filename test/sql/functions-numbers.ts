/**
 * Numbers: arithmetic, mathematics, casts, to_char and to_number.
 * One statement a line; what has no SELECT in front of it gets one.
 */

import { lines } from './lines.ts';

/** As PostgreSQL answers, or by the code of its error. */
export const NUMBERS: readonly string[] = lines(`
abs(-5), abs(-5.5), abs('-5'::float8), abs(-32768::int2 + 1), @ -5
abs((-32768)::int2)
abs((-2147483648)::int4)
ceil(1.2), ceiling(-1.2), floor(-1.2), floor(1.5::float8), ceil(5), round(2.5), round(-2.5), round(2.5::float8), round(3.5::float8), round(2.345, 2), round(1234.567, -2), trunc(1.999), trunc(-1.999, 1), trunc(1.9::float8), round(5)
round(2.5::float8, 1)
sign(-3), sign(0.0), sign(2.5::float8), sqrt(2), sqrt(2.0), sqrt(16::float8), cbrt(27), exp(1), exp(1.0), ln(2.0), ln(2), log(100), log(2.0, 8.0), log10(1000), power(2, 10), power(2.0, 0.5), pow(2, 3), 2 ^ 10, 2 ^ 0.5, |/ 25, ||/ 27
sqrt(-1)
sqrt(-1.0)
ln(0)
ln(-1.0)
log(0.0)
power(0, -1)
power(-1, 0.5)
power(0.0, -1.0)
exp(10000)
exp(10000.0)
mod(7, 3), mod(-7, 3), mod(7.5, 2), 7 % 3, -7 % 3, 7.5 % 2, div(7, 2), div(-7.5, 2), 7 / 2, -7 / 2, 7.0 / 2, 7 / 2.0::float8, 1 / 3.0
1 / 0
1.0 / 0
1::float8 / 0
1 % 0
mod(1.0, 0)
gcd(12, 18), lcm(4, 6), gcd(12.5, 2.5), factorial(5), factorial(20), factorial(25), 5 ! = 3
factorial(-1)
scale(1.2300), min_scale(1.2300), trim_scale(1.2300), width_bucket(5.35, 0.024, 10.06, 5), width_bucket(5.35::float8, 0.024, 10.06, 5), width_bucket(0, 1, 10, 3), width_bucket(11, 1, 10, 3)
width_bucket(5, 1, 1, 3)
width_bucket(5, 1, 10, 0)
degrees(0.5), radians(45), sin(1), cos(1), tan(1), cot(1), asin(0.5), acos(0.5), atan(1), atan2(1, 2), sinh(1), cosh(1), tanh(1), asinh(1), acosh(2), atanh(0.5), pi(), sind(30), cosd(60), tand(45), cotd(45), asind(0.5), acosd(0.5), atand(1), atan2d(1, 2)
acos(2)
random() < 1, pi()
5 & 3, 5 | 3, 5 # 3, ~5, 1 << 4, 256 >> 2, 5::int8 & 3, 2147483647 + 0
2147483647 + 1
9223372036854775807 + 1
-(-2147483648)::int4
32767::int2 + 1::int2
2147483647 * 2
(-2147483648) / -1
1e400::float8
'1e400'::float8
'nan'::float8, 'infinity'::float8, '-inf'::float8, 'NaN'::numeric, 'Infinity'::numeric, '1e-400'::numeric, 1e10::numeric, 0.1 + 0.2, 0.1::float8 + 0.2::float8, 1e20, 1e-7::float8, 123456789012345678::float8, 1.5::float4, 0.1::float4::float8
'1e-400'::float8
'abc'::int
'1.5'::int
' 12 '::int, '-12'::int8, '0x1F'::int, '1_000'::int
1.5::int, 2.5::int, -2.5::int, 2.5::float8::int, 3.5::float8::int, 1e3::int, 1.5::int8, true::int, 1::bool, 0::bool, 't'::bool, 'yes'::bool, 'off'::bool, '1'::bool
'maybe'::bool
1e10::int
3000000000::int
999.995::numeric(5,2)
1::numeric(1001)
sum(1), avg(2), min(1), max('a'), count(*), count(null)
to_char(1234.5, '9999.99'), to_char(-1234.5, '9,999.9'), to_char(12, '0009'), to_char(12.34, 'FM999.00'), to_char(485, 'RN'), to_char(1, '9th'), to_char(12345.678, '9.99EEEE'), to_char(125, '"Good number:"999'), to_char(-485, '999PR'), to_char(148.5, '999D999'), to_char(0.1, '0.9'), to_char(0, 'FM9999'), to_char(3148.5, '9G999D999'), to_char(-12, 'S99'), to_char(12, 'MI99'), to_char(-12, '99MI'), to_char(12, 'PL99'), to_char(12, 'SG99'), to_char(485.8, '"Pre:"999" Post:" .999'), to_char(12, 'L99'), to_char(12454, '99V999'), to_char(1234567, '9999')
to_char(125.8::float8, '999D9'), to_char(125::int8, '999'), to_char(12.4, 'FMRN'), to_char(3, 'rn'), to_char('NaN'::float8, '999'), to_char(5, ''), to_char(12.5, '99.9 %')
to_number('12,454.8-', '99G999D9S'), to_number('$1,234.56', 'L9,999.99'), to_number('12.34', '99.99'), to_number('-5', 'S9'), to_number('<12>', '99PR'), to_number('123abc', '999')
to_number('abc', '999')
to_number('XIV', 'RN')
pg_size_pretty(123456789::int8), pg_size_bytes('10 MB')
int4(1.5), int8('12'), float8('1.5'), numeric(5)
float4(1.1), numeric '1.50', integer '5', double precision '1.5', real '2.5', smallint '3', bigint '4', decimal '1.1', decimal(3,1) '1.15', float '1', float(10) '1.5', int '3', bool 'true', dec '1'
1.0::float4 = 1.0::float8, 0.1::float4 = 0.1::float8, 1 = 1.0, 1::int2 = 1::int8, 'NaN'::float8 = 'NaN', '-0'::float8 = 0, -0.0::float8, '-0'::float8
1 <> 2, 1 != 2, 1 is distinct from null, null is not distinct from null, 1 between 0 and 2, 1 not between 2 and 3, 2 between symmetric 3 and 1, 2 in (1, 2), 2 not in (1, null), null in (1), 1 is null, 1 notnull, true is unknown, null is unknown, true is not false
num_nulls(1, null, 'a'), num_nonnulls(1, null)
random(1, 5) between 1 and 5
1.10 + 2.205, 1.10 * 2.205, 10 / 4.0, 1e-3 * 1e-3, 2::numeric ^ 100, 10.0 ^ -5, 1.5 % 0.4, 1/7.0, 100/3.0, 1e30/3, 0.00001/3
sqrt(1e100::numeric), exp(-50.0), ln(1e50), 2.0 ^ 0.333, power(1.1, 100.5)
12345678901234567890 * 98765432109876543210, 9223372036854775807::numeric + 1, 1e131071 * 10
1e131072
'9223372036854775808'::int8
bit_length('a'), 1::int8::int2, 70000::int8::int2
70000::int2
'1e5'::numeric, '1e5'::int
+5, - 5, -(-5), +'5', -'5'
sind(30), cosd(60), tand(45), cotd(45), asind(0.5), acosd(0.5), atand(1), atan2d(1, 2), sind(-30), sind(180), sind(210), cosd(90), cosd(270), tand(135), cotd(135), tand(180), acosd(-0.5), asind(-1), sind(37), cosd(123), tand(-10), 'nan'::float8 = sind('nan')
sind('inf')
acosd(2)
pg_size_bytes('10 MB'), pg_size_bytes('1.5GB'), pg_size_bytes('100'), pg_size_bytes(' -1 kB '), pg_size_bytes('1e3 bytes'), pg_size_bytes('.5 kB')
pg_size_bytes('10 XB')
pg_size_bytes('x')
to_char(5, ''), to_char(5.5::float8, ''), to_char(5.5, ''), to_number('', ''), to_number('5', '')
width_bucket(now(), array['yesterday', 'today', 'tomorrow']::timestamptz[])
`);

/** What is not built yet: 0A000. */
export const NUMBERS_REFUSED: readonly string[] = lines(`
123.456::numeric(5,2), 1234.5::numeric(6,1), 99.995::numeric(5,2), 0.5::numeric(3,3), 12345::numeric(3,-2)
1::numeric(5,6)
`);
