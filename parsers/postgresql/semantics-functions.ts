/** PostgreSQL's functions. How to read a line: ../kit/signatures.ts. */

const list = (types: string, name: string): string =>
  types
    .split(' ')
    .map((type) => `${type}.${name}`)
    .join(' ');

const NUMBERS = 'int2 int4 int8 float4 float8 numeric';
const PLAIN =
  'degrees radians sin cos tan cot asin acos atan sinh cosh tanh asinh acosh atanh cbrt sind cosd tand cotd asind acosd atand'
    .split(' ')
    .map((name) => `${name}: float8.${name}\n`)
    .join('');
const DATED = 'date time timestamp timestamptz interval';

const TEXT = `
length: text.length char.length bytea.length
char_length: text.length char.length
character_length: text.length char.length
octet_length: text.octetLength char.octetLength bytea.length
bit_length: text.bitLength bytea.bitLength
bit_count: bytea.bitCount
lower: text.lower
upper: text.upper
initcap: text.initcap
casefold: text.casefold
unistr: text.unistr
normalize: text.normalize text.normalize.form
is_normalized: text.isNormalized text.isNormalized.form
substring: text.substring.from text.substring text.substring.match text.substring.similar bytea.substring.from bytea.substring
substr: text.substring.from text.substring bytea.substring.from bytea.substring
overlay: text.overlay.from text.overlay bytea.overlay.from bytea.overlay
position: text.position bytea.position
strpos: text.position
btrim: text.trim text.trim.characters bytea.trim
ltrim: text.trimStart text.trimStart.characters bytea.trimStart
rtrim: text.trimEnd text.trimEnd.characters bytea.trimEnd
lpad: text.padStart text.padStart.blank
rpad: text.padEnd text.padEnd.blank
replace: text.replace
translate: text.translate
split_part: text.splitPart
repeat: text.repeat
reverse: text.reverse bytea.reverse
left: text.left
right: text.right
starts_with: text.startsWith
ascii: text.ascii
chr: int4.chr
md5: text.md5 bytea.md5
sha224: bytea.sha224
sha256: bytea.sha256
sha384: bytea.sha384
sha512: bytea.sha512
crc32: bytea.crc32
crc32c: bytea.crc32c
encode: bytea.encode
decode: text.decode
convert_to: text.toUtf8
convert_from: bytea.fromUtf8
get_byte: bytea.getByte
set_byte: bytea.setByte
get_bit: bytea.getBit
set_bit: bytea.setBit
to_hex: int4.toHex int8.toHex
to_oct: int4.toOctal int8.toOctal
to_bin: int4.toBinary int8.toBinary
concat: text.concat.nullIsEmpty<any>@output
concat_ws: text.concat.separator<text,any>@output
format: text.format<text,any>@output
quote_ident: text.quoteIdent
quote_literal: text.quoteLiteral text.quoteLiteral<any>@to.text
quote_nullable: text.quoteNullable text.quoteNullable<any>@to.text
regexp_replace: text.regexpReplace text.regexpReplace.flags text.regexpReplace.from text.regexpReplace.occurrence text.regexpReplace.all
regexp_like: text.regexpLike text.regexpLike.flags
regexp_count: text.regexpCount text.regexpCount.from text.regexpCount.flags
regexp_instr: text.regexpInstr text.regexpInstr.from text.regexpInstr.occurrence text.regexpInstr.end text.regexpInstr.flags
regexp_instr: text.regexpInstr.group
regexp_substr: text.regexpSubstr text.regexpSubstr.from text.regexpSubstr.occurrence text.regexpSubstr.flags text.regexpSubstr.group
like: text.like bytea.like
notlike: text.notLike bytea.notLike
like_escape: text.likeEscape
similar: text.similar
similar_to_escape: text.similarPattern text.similarPattern.escape
`;

const MATH = `
abs: ${list(NUMBERS, 'abs')}
ceil: numeric.ceil float8.ceil
ceiling: numeric.ceil float8.ceil
floor: numeric.floor float8.floor
round: numeric.round float8.round numeric.round.scale
trunc: numeric.trunc float8.trunc numeric.trunc.scale
sign: numeric.sign float8.sign
sqrt: numeric.sqrt float8.sqrt
exp: numeric.exp float8.exp
ln: numeric.ln float8.ln
log: numeric.log10 float8.log10 numeric.log
log10: numeric.log10 float8.log10
power: numeric.power float8.power
pow: numeric.power float8.power
mod: ${list('int2 int4 int8 numeric', 'mod')}
div: numeric.div.whole
gcd: ${list('int4 int8 numeric', 'gcd')}
lcm: ${list('int4 int8 numeric', 'lcm')}
factorial: int8.factorial
scale: numeric.scale
min_scale: numeric.minScale
trim_scale: numeric.trimScale
width_bucket: numeric.widthBucket float8.widthBucket
atan2: float8.atan2
atan2d: float8.atan2d
pi: float8.pi
random: float8.random int4.random int8.random numeric.random
pg_size_pretty: int8.sizePretty numeric.sizePretty
pg_size_bytes: text.sizeBytes
num_nulls: any.numNulls
num_nonnulls: any.numNonNulls
int2: ${list('int4 int8 float4 float8 numeric', 'to.int2')}
int4: ${list('bool int2 int8 float4 float8 numeric', 'to.int4')}
int8: ${list('int2 int4 float4 float8 numeric', 'to.int8')}
float4: ${list('int2 int4 int8 float8 numeric', 'to.float4')}
float8: ${list('int2 int4 int8 float4 numeric', 'to.float8')}
numeric: ${list('int2 int4 int8 float4 float8', 'to.numeric')}
`;

const TIME = `
extract: ${list(DATED, 'extract')}
date_part: ${list(DATED, 'part')}
date_trunc: timestamp.truncate timestamptz.truncate timestamptz.truncate.zone interval.truncate
date_bin: timestamp.bin timestamptz.bin
date_add: timestamptz.add.interval timestamptz.add.zone
date_subtract: timestamptz.sub.interval timestamptz.sub.zone
age: timestamp.age timestamptz.age timestamp.age.today timestamptz.age.today
isfinite: ${list('date timestamp timestamptz interval', 'isFinite')}
justify_hours: interval.justifyHours
justify_days: interval.justifyDays
justify_interval: interval.justifyInterval
timezone: timestamp.atZone timestamptz.atZone timestamp.atOffset timestamptz.atOffset timestamp.atLocal timestamptz.atLocal
make_date: date.make
make_time: time.make
make_timestamp: timestamp.make
make_timestamptz: timestamptz.make timestamptz.make.zone
make_interval: interval.make interval.make.some<int4> interval.make.some<int4,int4> interval.make.some<int4,int4,int4>
make_interval: interval.make.some<int4,int4,int4,int4> interval.make.some<int4,int4,int4,int4,int4>
make_interval: interval.make.some<int4,int4,int4,int4,int4,int4> interval.make.none
to_timestamp: timestamptz.fromEpoch timestamptz.parse
to_date: date.parse
to_number: numeric.parse
to_char: timestamp.toChar timestamptz.toChar interval.toChar int4.toChar int8.toChar numeric.toChar float4.toChar float8.toChar
now: timestamptz.now
transaction_timestamp: timestamptz.now
statement_timestamp: timestamptz.statement
clock_timestamp: timestamptz.clock
timeofday: timestamptz.timeOfDay
current_timestamp: timestamptz.now timestamptz.now.digits
localtimestamp: timestamp.now timestamp.now.digits
localtime: time.now time.now.digits
current_date: date.now
overlaps: timestamp.overlaps timestamptz.overlaps time.overlaps
overlaps: timestamp.overlaps.spans timestamptz.overlaps.spans time.overlaps.spans
overlaps: timestamp.overlaps.firstSpan timestamptz.overlaps.firstSpan time.overlaps.firstSpan
overlaps: timestamp.overlaps.lastSpan timestamptz.overlaps.lastSpan time.overlaps.lastSpan
date: timestamp.to.date timestamptz.to.date
`;

const JSON_FUNCTIONS = ['json', 'jsonb']
  .map((type) =>
    `#_typeof: #.typeof.json
#_array_length: #.arrayLength
#_strip_nulls: #.stripNulls #.stripNulls.arrays
#_build_array: #.build.array<any>@as%
#_build_object: #.build.object<any>@as%
#_build_array_strict: #.build.array.strict<any>@as%
#_build_object_strict: #.build.object.strict<any>@as%
#_build_object_unique: #.build.object.unique<any>@as%
#_build_object_unique_strict: #.build.object.strictUnique<any>@as%
#_extract_path: #.path
#_extract_path_text: #.path.text
to_#: #.same<any>@as%
`
      .replaceAll('#', type)
      .replaceAll('%', type === 'json' ? 'Json' : 'Jsonb'),
  )
  .join('');

const SESSION = `
jsonb_set: jsonb.setAt jsonb.setAt.create
jsonb_insert: jsonb.insertAt jsonb.insertAt.after
jsonb_pretty: jsonb.pretty
gen_random_uuid: uuid.random
sb_digest: bytea.digest
sb_hmac: bytea.hmac
sb_random_bytes: bytea.random
sb_uuid_by_time: uuid.byTime
sb_uuid_by_name: uuid.byName
uuidv4: uuid.random
uuidv7: uuid.version7
uuid_extract_version: uuid.extractVersion
uuid_extract_timestamp: uuid.extractTimestamp
nextval: sequence.next sequence.next.oid
currval: sequence.current sequence.current.oid
setval: sequence.set sequence.set.oid sequence.set.called sequence.set.called.oid
lastval: sequence.last
current_user: session.currentUser
session_user: session.user
current_database: session.database
current_schema: session.schema
current_setting: session.setting session.setting.missing
set_config: session.setSetting
version: session.version
pg_client_encoding: session.encoding
pg_backend_pid: session.processId
pg_notify: session.notify
pg_typeof: text.same<any>@typeof
`;

export const FUNCTIONS = `${PLAIN}${TEXT}${MATH}${TIME}${JSON_FUNCTIONS}${SESSION}`;
