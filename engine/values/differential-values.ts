/** Texts of values for the differential tests: the edges of each type, and random ones. */

const EDGES: { readonly [type: string]: readonly string[] } = {
  bool: ['true', 'false', 't', 'no', 'of', ' on ', 'x', ''],
  int2: ['0', '1', '-1', '7', '32767', '-32768', '32768', '12', '-3', ' 5 ', '', '0x1F', '1_0', 'x'],
  int4: [
    '0',
    '1',
    '-1',
    '2',
    '3',
    '-7',
    '10',
    '2147483647',
    '-2147483648',
    '2147483648',
    '65536',
    '1e3',
    '0b11',
    '+4',
    '- 4',
    '46341',
  ],
  int8: ['0', '1', '-1', '5', '9007199254740991', '9007199254740993', '-9007199254740993', '9223372036854775807'].concat([
    '-9223372036854775808',
    '9223372036854775808',
    '4294967296',
    '3037000500',
    '123456789012',
  ]),
  float4: [
    '0',
    '-0',
    '1',
    '1.5',
    '-2.5',
    '0.1',
    '3.4028235e38',
    '1e39',
    '1e-45',
    '1e-46',
    'NaN',
    'Infinity',
    '-inf',
    '16777217',
    '1e6',
  ],
  float8: [
    '0',
    '-0',
    '1',
    '0.5',
    '-1.5',
    '2.5',
    '0.1',
    '1e15',
    '123456789012345678',
    '1e-5',
    '1.7976931348623157e308',
    '1e400',
  ].concat(['NaN', 'Infinity', '-Infinity', '4.9e-324', '1e-400', '100', '-3', '2147483647.5']),
  numeric: [
    '0',
    '0.00',
    '1',
    '-1',
    '1.5',
    '-2.50',
    '0.1',
    '100',
    '1e10',
    '1e-10',
    '123456789.987654321',
    '99999999999999999999',
  ].concat([
    'NaN',
    'Infinity',
    '-Infinity',
    '0.000000000000000000001',
    '12345678901234567890.12345',
    '3.14159',
    '2',
    '10000',
    '9999',
    '.5',
    '5.',
    '-0.0',
    '1.0001',
    'abc',
    '1_000.5',
  ]),
  text: [
    '',
    'a',
    'abc',
    'ABC def',
    ' x ',
    'äöü',
    '😀b',
    'zz%',
    'a_c',
    'a\\',
    "it's",
    '\ue000',
    'aaa',
    'abcabc',
    'Hello World',
    '12',
    '-3.5',
  ].concat(['\t', 'b', 'foobar']),
  char: ['', 'a', 'a  ', 'abc', ' b', 'äö '],
  bytea: ['', '\\x00', '\\x616263', '\\xff00ff', 'abc', '\\x6', 'a\\\\b', '\\x61'],
  date: [
    '1970-01-01',
    '2000-02-29',
    '2024-01-31',
    '1999-12-31',
    '0001-01-01',
    '0044-03-15 BC',
    '5874897-12-31',
    '4713-11-24 BC',
  ].concat(['infinity', '-infinity', '1/8/1999', 'January 8, 1999', '20240315', '2023-02-30', '13/13/2020', 'J2451187', 'epoch']),
  time: ['00:00:00', '12:34:56.789', '23:59:59.999999', '24:00:00', '04:05 PM', '040506', '25:00', '12:60', '1:2:3'],
  timestamp: ['1970-01-01 00:00:00', '2024-02-29 12:34:56.789012', '1999-12-31 23:59:59.999999', '2024-03-10 02:30:00'].concat([
    '2024-11-03 01:30:00',
    '0044-03-15 12:00 BC',
    '294276-12-31 23:59:59',
    '4713-11-24 00:00 BC',
    'infinity',
    '-infinity',
    '2024-13-01',
    '2024-01-01T10:20',
    'Jan 5 2021 3:04 AM',
    '1850-06-07 01:02:03.5',
  ]),
  timestamptz: ['1970-01-01 00:00:00Z', '2024-02-29 12:34:56.789012+05:30', '2024-03-10 02:30:00', '2024-11-03 01:30:00'].concat([
    '2024-07-04 00:00 Europe/Berlin',
    'infinity',
    '-infinity',
    '2021-01-05 PST',
    '1850-06-07 01:02:03',
    '2024-01-01 12:00-15:59',
    '2024-01-01 12:00+16',
    '2050-07-01 12:00',
  ]),
  interval: [
    '0',
    '1 day',
    '1 month',
    '-1 year',
    '1 year 2 mons 3 days 04:05:06.789',
    '-3 days +04:00',
    '1.5 months',
    '36 hours',
  ].concat([
    '1-2',
    '3 4:05:06',
    'P1Y2M3DT4H5M6S',
    '1 week ago',
    '0.1 second',
    '@ 5 minutes',
    'infinity',
    '178000000 years',
    '1 foo',
    '30 days',
    '24:00:00',
    '-00:00:01',
    '2.5 hours',
    '1 mil',
  ]),
  uuid: [
    '00000000-0000-0000-0000-000000000000',
    'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    '{a0eebc999c0b4ef8bb6d6bb9bd380a11}',
    'x',
  ],
  json: [
    'null',
    '1',
    '"a"',
    '[1, 2,3]',
    '{"a": 1, "b": [true,null]}',
    '{"a":{"b":"c"}}',
    '[]',
    '{}',
    '{',
    '"\\u00e4\\n"',
    '1.50',
    '[null]',
  ],
  jsonb: [
    'null',
    '1',
    '"a"',
    '[1, 2,3]',
    '{"b": [true,null], "a": 1}',
    '{"a":{"b":"c"}}',
    '[]',
    '{}',
    '[',
    '"\\u00e4\\n"',
    '1.50',
    '1e3',
  ].concat(['{"aa":1,"b":2,"aa":3}', '[1,[2]]', '-0', 'true', '["a","b"]', '"\\u0000"', '{"a":null,"c":[null,1]}']),
  oid: ['0', '1', '4294967295', '-1', '16384'],
  name: ['a', 'abc', 'x'.repeat(70)],
};

const digits = (random: (below: number) => number, count: number): string =>
  Array.from({ length: count }, () => random(10)).join('');

function randomText(type: string, random: (below: number) => number): string {
  const sign = random(2) === 0 ? '' : '-';
  switch (type) {
    case 'int2':
      return String(random(65536) - 32768);
    case 'int4':
      return sign + String(random(2 ** [4, 10, 20, 31][random(4)]));
    case 'int8':
      return sign + digits(random, 1 + random(18));
    case 'numeric':
      return `${sign}${digits(random, 1 + random(12))}.${digits(random, 1 + random(8))}`;
    case 'float4':
    case 'float8':
      return `${sign}${digits(random, 1 + random(6))}.${digits(random, 1 + random(9))}e${random(30) - 15}`;
    case 'date':
      return `${1500 + random(1000)}-${1 + random(12)}-${1 + random(28)}`;
    case 'timestamp':
    case 'timestamptz':
      return `${1900 + random(200)}-${1 + random(12)}-${1 + random(28)} ${random(24)}:${random(60)}:${random(60)}.${digits(random, 6)}`;
    case 'time':
      return `${random(24)}:${random(60)}:${random(60)}.${digits(random, 1 + random(6))}`;
    case 'interval':
      return `${sign}${random(50)} mons ${random(60) - 30} days ${sign}${random(100)}:${random(60)}:${random(60)}.${digits(random, 3)}`;
    case 'text':
    case 'char':
      return Array.from({ length: random(8) }, () => 'aAbBcé %_1 x.'[random(13)]).join('');
    case 'bytea':
      return '\\x' + Array.from({ length: random(5) }, () => random(256).toString(16).padStart(2, '0')).join('');
    default:
      return '';
  }
}

export function textOf(type: string, random: (below: number) => number): string {
  const edges = edgesOf(type);
  const made = random(3) === 0 ? randomText(type, random) : '';
  return made === '' ? edges[random(edges.length)] : made;
}

export const edgesOf = (type: string): readonly string[] => EDGES[type === 'varchar' ? 'text' : type];
