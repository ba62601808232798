/** Primitives of dates, times and intervals. How to read a line: primitives.ts. */

const each = (types: string, lines: string): string =>
  types
    .split(' ')
    .map((type) => lines.replaceAll('#', type))
    .join('');

const fields = each('date time timestamp interval', '#.extract(text, #) numeric fails null\n#.part(text, #) float8 fails null\n');
const finite = each('date timestamp timestamptz interval', '#.isFinite(#) bool\n');

export const TIME_PRIMITIVES = `${fields}${finite}
timestamptz.extract(text, timestamptz) numeric fails null stable context
timestamptz.part(text, timestamptz) float8 fails null stable context
date.add.int4(date, int4) date fails
date.sub.int4(date, int4) date fails
date.sub(date, date) int4 fails
date.add.interval(date, interval) timestamp fails
date.sub.interval(date, interval) timestamp fails
date.add.time(date, time) timestamp fails
int4.add.date(int4, date) date fails
time.add.date(time, date) timestamp fails
interval.add.date(interval, date) timestamp fails
interval.add.time(interval, time) time fails
interval.add.timestamp(interval, timestamp) timestamp fails
interval.add.timestamptz(interval, timestamptz) timestamptz fails stable context
float8.mul.interval(float8, interval) interval fails
time.add.interval(time, interval) time fails
time.sub.interval(time, interval) time fails
time.sub(time, time) interval
timestamp.add.interval(timestamp, interval) timestamp fails
timestamp.sub.interval(timestamp, interval) timestamp fails
timestamp.sub(timestamp, timestamp) interval fails
timestamptz.add.interval(timestamptz, interval) timestamptz fails stable context
timestamptz.sub.interval(timestamptz, interval) timestamptz fails stable context
timestamptz.add.zone(timestamptz, interval, text) timestamptz fails
timestamptz.sub.zone(timestamptz, interval, text) timestamptz fails
timestamptz.sub(timestamptz, timestamptz) interval fails
interval.add(interval, interval) interval fails
interval.sub(interval, interval) interval fails
interval.negate(interval) interval fails
interval.mul(interval, float8) interval fails
interval.div(interval, float8) interval fails
interval.justifyHours(interval) interval fails
interval.justifyDays(interval) interval fails
interval.justifyInterval(interval) interval fails
timestamp.age(timestamp, timestamp) interval fails
timestamptz.age(timestamptz, timestamptz) interval fails stable context
timestamp.age.today(timestamp) interval fails stable context
timestamptz.age.today(timestamptz) interval fails stable context
timestamp.truncate(text, timestamp) timestamp fails
timestamptz.truncate(text, timestamptz) timestamptz fails stable context
timestamptz.truncate.zone(text, timestamptz, text) timestamptz fails stable
interval.truncate(text, interval) interval fails
timestamp.bin(interval, timestamp, timestamp) timestamp fails
timestamptz.bin(interval, timestamptz, timestamptz) timestamptz fails
timestamp.atZone(text, timestamp) timestamptz fails
timestamptz.atZone(text, timestamptz) timestamp fails
timestamp.atOffset(interval, timestamp) timestamptz fails
timestamptz.atOffset(interval, timestamptz) timestamp fails
timestamp.atLocal(timestamp) timestamptz fails stable context
timestamptz.atLocal(timestamptz) timestamp fails stable context
date.make(int4, int4, int4) date fails
time.make(int4, int4, float8) time fails
timestamp.make(int4, int4, int4, int4, int4, float8) timestamp fails
timestamptz.make(int4, int4, int4, int4, int4, float8) timestamptz fails stable context
timestamptz.make.zone(int4, int4, int4, int4, int4, float8, text) timestamptz fails stable
interval.make(int4, int4, int4, int4, int4, int4, float8) interval fails
interval.make.some(int4...) interval fails
interval.make.none() interval
timestamptz.fromEpoch(float8) timestamptz fails
timestamptz.parse(text, text) timestamptz fails stable context null
date.parse(text, text) date fails null
numeric.parse(text, text) numeric fails null
timestamp.toChar(timestamp, text) text fails null
timestamptz.toChar(timestamptz, text) text fails null stable context
interval.toChar(interval, text) text fails null
int4.toChar(int4, text) text fails
int8.toChar(int8, text) text fails
numeric.toChar(numeric, text) text fails
float4.toChar(float4, text) text fails
float8.toChar(float8, text) text fails
timestamptz.now() timestamptz stable context
timestamptz.statement() timestamptz stable context
timestamptz.clock() timestamptz volatile context
timestamptz.now.digits(int4) timestamptz stable context
timestamp.now() timestamp stable context
timestamp.now.digits(int4) timestamp stable context
time.now() time stable context
time.now.digits(int4) time stable context
date.now() date stable context
timestamptz.timeOfDay() text volatile context
timestamp.overlaps(timestamp, timestamp, timestamp, timestamp) bool called null
timestamptz.overlaps(timestamptz, timestamptz, timestamptz, timestamptz) bool called null
time.overlaps(time, time, time, time) bool called null
timestamp.overlaps.spans(timestamp, interval, timestamp, interval) bool fails called null
timestamp.overlaps.firstSpan(timestamp, interval, timestamp, timestamp) bool fails called null
timestamp.overlaps.lastSpan(timestamp, timestamp, timestamp, interval) bool fails called null
timestamptz.overlaps.spans(timestamptz, interval, timestamptz, interval) bool fails called null stable context
timestamptz.overlaps.firstSpan(timestamptz, interval, timestamptz, timestamptz) bool fails called null stable context
timestamptz.overlaps.lastSpan(timestamptz, timestamptz, timestamptz, interval) bool fails called null stable context
time.overlaps.spans(time, interval, time, interval) bool fails called null
time.overlaps.firstSpan(time, interval, time, time) bool fails called null
time.overlaps.lastSpan(time, time, time, interval) bool fails called null
sum.interval(interval) interval aggregate fails
avg.interval(interval) interval aggregate fails
`;
