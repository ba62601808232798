/** What MySQL means, as data (dialects.md, 'Semantics are data'): put together from tables of lines (parsers/kit/signatures.ts). */

import type { DialectSemantics } from '../../engine/sblr/semantics.ts';
import { readTable, WINDOW_FUNCTIONS } from '../kit/signatures.ts';
import { CASTS, TYPES } from './semantics-types.ts';

const list = (types: string, name: string): string =>
  types
    .split(' ')
    .map((type) => `${type}.${name}`)
    .join(' ');

/** Integers are computed as BIGINT; what is neither integer nor exact as DOUBLE. */
const COMPUTED = 'int8 numeric float8';
/** The first that cost least are taken: numbers beside numbers, texts beside texts, times beside what may be one. */
const COMPARED = 'int8 numeric float8 int2 int4 bool text char date timestamp timestamptz time bytea uuid oid char1';

const comparisons = [
  ['=', 'equal'],
  ['<>', 'notEqual'],
  ['<', 'less'],
  ['<=', 'lessOrEqual'],
  ['>', 'greater'],
  ['>=', 'greaterOrEqual'],
]
  .map(([operator, name]) => `${operator}: ${list(COMPARED, name)}\n`)
  .join('');

const OPERATORS = `${comparisons}
+: ${list(COMPUTED, 'add')}
-: ${list(COMPUTED, 'sub')} ${list(COMPUTED, 'negate')}
*: ${list(COMPUTED, 'mul')}
/: numeric.div.four!four float8.div.orNull
div: int8.div.orNull
%: int8.mod.orNull numeric.mod.orNull!modulo float8.mod.orNull
xor: bool.xor
like: text.like char.like
`;

const ORDERED = 'int2 int4 int8 float4 float8 numeric text char date';
const TIMES = 'time!same timestamp!same timestamptz!same';
const aggregate = (name: string, types: string): string =>
  types
    .split(' ')
    .map((type) => `${name}.${type}`)
    .join(' ');

const FUNCTIONS = `
like_escape: text.likeEscape
current_setting: session.setting
database: session.schema
_current_user: session.currentUser
_session_user: session.user
connection_id: session.processId
concat: text.concat.all
lower: text.lower
upper: text.upper
length: text.octetLength char.octetLength bytea.length
char_length: text.length char.length
substring: text.substring.loose text.substring.loose.length
trim: text.trim
ltrim: text.trimStart
rtrim: text.trimEnd
ascii: text.ascii
reverse: text.reverse
replace: text.replace
locate: text.locate
md5: text.md5
_decode: text.decode
abs: ${list(COMPUTED, 'abs')}
ceil: numeric.ceil float8.ceil
floor: numeric.floor float8.floor
round: numeric.round float8.round numeric.round.scale
sqrt: float8.sqrt
pow: float8.power
sign: float8.sign numeric.sign
_field: timestamp.extract time.extract
_truncate: timestamp.truncate
_now: timestamp.now
curdate: date.now
weekday: date.daysSinceMonday
date: timestamp.to.date
`;

const AGGREGATES = `
count: count.star count
sum: sum.int8 sum.numeric sum.float8
min: ${aggregate('min', ORDERED)} ${aggregate('min', TIMES)}
max: ${aggregate('max', ORDERED)} ${aggregate('max', TIMES)}
any_value: any_value
`;

/** Functions that MySQL has and that are not here yet: 1235 instead of 'does not exist'. */
const MISSING =
  `adddate addtime aes_decrypt aes_encrypt atan atan2 avg benchmark bin bin_to_uuid bit_and bit_count bit_length bit_or bit_xor cast char
  char_length coercibility collation compress concat_ws conv convert_tz cos cot crc32 date_add date_format date_sub datediff dayname
  dayofweek dayofyear degrees elt exp export_set field find_in_set format found_rows from_base64 from_days from_unixtime get_format
  get_lock greatest group_concat hex if inet_aton inet_ntoa inet6_aton inet6_ntoa insert instr interval is_free_lock is_used_lock is_uuid
  json_array json_arrayagg json_array_append json_array_insert json_contains json_contains_path json_depth json_extract json_insert
  json_keys json_length json_merge json_merge_patch json_merge_preserve json_object json_objectagg json_overlaps json_pretty json_quote
  json_remove json_replace json_schema_valid json_search json_set json_type json_unquote json_valid json_value last_day last_insert_id
  least left ln load_file log log10 log2 lpad ltrim make_set makedate maketime microsecond mod monthname name_const oct ord period_add
  period_diff pi quote radians rand random_bytes regexp_instr regexp_like regexp_replace regexp_substr release_lock repeat right row_count
  rpad rtrim sec_to_time sha sha1 sha2 sin sleep soundex space statement_digest std stddev stddev_samp str_to_date strcmp subdate
  substring_index subtime sysdate tan time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_days
  to_seconds truncate uncompress unhex unix_timestamp utc_date utc_time utc_timestamp uuid uuid_short uuid_to_bin validate_password_strength
  var_samp variance version week weekofyear yearweek`.split(/\s+/);

const functions = readTable(FUNCTIONS, AGGREGATES, WINDOW_FUNCTIONS);

export const semantics: DialectSemantics = {
  dialect: 'mysql',
  algorithm: 'mysql',
  folding: 'none',
  columnNames: 'anyCase',
  insertsAllColumns: true,
  missingIsError: true,
  types: TYPES,
  operators: readTable(OPERATORS),
  functions,
  unsupportedFunctions: MISSING.filter((name) => !(name in functions)),
  casts: CASTS,
  comparison: { equal: '=', notEqual: '<>', less: '<', lessOrEqual: '<=', greater: '>', greaterOrEqual: '>=' },
  like: { like: 'like', ilike: 'like', similar: 'like', likeEscape: 'like_escape' },
  valueFunctions: {},
  literals: { integers: ['int8'], decimal: 'numeric', string: 'text' },
  orderByName: ['output', 'input', 'outer'],
  groupByName: ['input', 'output', 'outer'],
  havingSeesAliases: true,
  groupedColumns: 'dependent',
  nullOrder: 'lowest',
  unknownBecomes: 'text',
  unnamedColumn: '?',
  searchPath: [],
};
