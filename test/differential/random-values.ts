/** Random values of every type, as texts: few common ones so that rows meet, and the edges. */

import { pick, type Random } from '../../engine/sblr/source-fixture.ts';
import { bareType } from './tree.ts';

const LONG = 'long text that does not fit a page. ';

/** What rows mostly hold. */
const COMMON: { readonly [type: string]: readonly string[] } = {
  bool: ['true', 'false'],
  int2: ['0', '1', '2', '-3', '7'],
  int4: ['0', '1', '2', '-3', '7', '10'],
  int8: ['0', '1', '2', '-3', '7', '10'],
  float4: ['0', '1', '1.5', '-2.25'],
  float8: ['0', '1', '1.5', '-2.25', '0.1'],
  numeric: ['0', '1', '1.5', '-2.25', '0.1'],
  text: ['', 'a', 'b', 'abc', 'ABC', 'a_c', '12', 'x y'],
  bytea: ['\\x', '\\x00', '\\x6162'],
  date: ['2024-02-29', '1999-12-31', '1970-01-01'],
  time: ['00:00:00', '12:30:00', '23:59:59.999999'],
  timestamp: ['2024-02-29 12:30:00', '1999-12-31 23:59:59.999999', '1970-01-01 00:00:00'],
  timestamptz: ['2024-02-29 12:30:00+00', '1999-12-31 23:59:59.999999+00', '1970-01-01 00:00:00+00'],
  interval: ['00:00:00', '1 day', '1 mon 2 days 03:04:05', '-2 days'],
  uuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000'],
  json: ['{"a": 1, "b": [true, null]}', '[1, 2]', 'null', '"x"'],
  jsonb: ['{"a": 1, "b": [true, null]}', '[1, 2]', 'null', '"x"', '{"a": {"b": "c"}}'],
};

const EDGES: { readonly [type: string]: readonly string[] } = {
  bool: ['true'],
  int2: ['32767', '-32768', '181'],
  int4: ['2147483647', '-2147483648', '46341', '65536'],
  int8: ['9223372036854775807', '-9223372036854775808', '9007199254740993', '-9007199254740993', '3037000500', '4294967296'],
  float4: ['3.4028235e+38', '1e-45', 'NaN', 'Infinity', '-Infinity', '16777216', '-0'],
  float8: ['1.7976931348623157e+308', '5e-324', 'NaN', 'Infinity', '-Infinity', '9007199254740993', '-0', '1e15'],
  numeric: [
    '123456789012345678901234567890.123456789',
    '-99999999999999999999',
    '0.000000000000000000001',
    'NaN',
    'Infinity',
    '-Infinity',
    '9007199254740993',
    '90071992547409.93',
    `${'9'.repeat(60)}.5`,
  ],
  text: ['äöü', '😀b', '\ue000', 'a\\', "it's", '%', '_', ' x ', '\t', LONG.repeat(3), LONG.repeat(90), LONG.repeat(300), 'é%'],
  bytea: ['\\xff00ff', `\\x${'ab'.repeat(40)}`, `\\x${'00ff'.repeat(3000)}`],
  date: ['infinity', '-infinity', '0001-01-01', '4713-11-24 BC', '5874897-12-31', '2000-02-29', '0044-03-15 BC'],
  time: ['24:00:00', '00:00:00.000001'],
  timestamp: ['infinity', '-infinity', '294276-12-31 23:59:58.999999', '4714-11-24 00:00:00 BC', '1969-12-31 23:59:59.999999'],
  timestamptz: [
    'infinity',
    '-infinity',
    // PostgreSQL rounds the last second to a time that it has not.
    '294276-12-31 23:59:58.999999+00',
    '4714-11-24 00:00:00+00 BC',
    '2024-03-10 02:30:00+05:30',
  ],
  interval: ['178000000 years', '-1 mons +1 day -00:00:00.000001', '30 days', '1 mon', '720:00:00', '5 years'],
  uuid: ['ffffffff-ffff-ffff-ffff-ffffffffffff'],
  json: ['{"a":1,  "a":2}', '1.50', '{}', '""'],
  jsonb: ['1.50', '{}', '[]', '"ä"', '{"z": null, "aa": 123456789012345678901234567890}'],
};

const whole = (random: Random, below: number): number => Math.floor(random() * below);

function anyText(type: string, random: Random): string {
  const sign = random() < 0.3 ? '-' : '';
  switch (type) {
    case 'int2':
      return `${sign}${whole(random, 300)}`;
    case 'int4':
      return `${sign}${whole(random, pick(random, [100, 70000, 2 ** 31]))}`;
    case 'int8':
      return `${sign}${whole(random, pick(random, [100, 70000, 2 ** 53]))}`;
    case 'float4':
    case 'float8':
    case 'numeric':
      return `${sign}${whole(random, 1000)}.${1 + whole(random, 9)}`;
    case 'text':
      return Array.from({ length: whole(random, 7) }, () => pick(random, [...'aAbBcC _%1é'])).join('');
    case 'date':
      return `${1990 + whole(random, 40)}-0${1 + whole(random, 9)}-1${whole(random, 10)}`;
    case 'timestamp':
      return `${1990 + whole(random, 40)}-0${1 + whole(random, 9)}-1${whole(random, 10)} 0${whole(random, 10)}:${10 + whole(random, 50)}:00.5`;
    case 'timestamptz':
      return `${anyText('timestamp', random)}+00`;
    case 'interval':
      return `${sign}${whole(random, 20)} days ${whole(random, 24)}:10:00`;
    default:
      return pick(random, COMMON[type]);
  }
}

/** Text that fits the type's length, mostly. */
function fitted(type: string, text: string, random: Random): string {
  const length = Number(/\((\d+)\)/.exec(type)?.[1] ?? 0);
  return length === 0 || random() < 0.05 ? text : [...text].slice(0, length).join('');
}

/** The text of a value; null is NULL, one in ten. `edges`: how often an extreme one. */
export function randomValue(type: string, random: Random, edges = 0.12): string | null {
  if (random() < 0.1) return null;
  const bare = bareType(type);
  const family = bare === 'varchar' || bare === 'char' ? 'text' : bare;
  const draw = random();
  if (bare !== family && type !== 'varchar')
    return fitted(type, draw < 0.7 ? pick(random, COMMON.text) : anyText('text', random), random);
  if (type.includes('(') && family === 'numeric') return scaled(type, random);
  if (draw < edges) return pick(random, EDGES[family]);
  return draw < 0.75 ? pick(random, COMMON[family]) : anyText(family, random);
}

/** numeric(p,s): mostly within its digits. */
function scaled(type: string, random: Random): string {
  const [precision, scale] = (/\((\d+),(\d+)\)/.exec(type) ?? ['', '9', '0']).slice(1).map(Number);
  const draw = random();
  if (draw < 0.05)
    return pick(
      random,
      EDGES.numeric.filter((text) => text !== 'NaN' || draw < 0.002),
    );
  if (draw < 0.1) return `${'9'.repeat(precision - scale)}.${'9'.repeat(scale)}`;
  if (draw < 0.5) return pick(random, COMMON.numeric);
  const sign = random() < 0.3 ? '-' : '';
  return `${sign}${whole(random, 10 ** Math.min(precision - scale, 6))}.${String(whole(random, 10 ** Math.min(scale + 1, 5)))}`;
}

/** JavaScript's value for a parameter. */
export function parameterValue(type: string, text: string | null): unknown {
  if (text === null) return null;
  switch (bareType(type)) {
    case 'bool':
      return text === 'true';
    case 'int2':
    case 'int4':
      return /^-?\d+$/.test(text) ? Number(text) : text;
    case 'int8':
      return /^-?\d+$/.test(text) ? (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)) : text;
    case 'float4':
    case 'float8':
      return Number(text);
    case 'bytea':
      return Uint8Array.from(text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'latin1'));
    default:
      return text;
  }
}
