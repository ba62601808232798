/**
 * Primitives of dialects that read texts as numbers and times without being asked, and know NULL where others know an error. How
 * to read a line: primitives.ts.
 *
 *   text.leading.float8   the number that a text begins with; none: 0         text.rounded.int4   the whole text, rounded; 22P02
 *   text.loose.date       '2024-1-5', '20240105', with a time behind it       x.div.four          four digits more than the dividend has
 */

const NUMBERS = ['int2', 'int8', 'numeric', 'float4', 'float8'];

export const LOOSE_PRIMITIVES = `${NUMBERS.map((type) => `${type}.to.bool(${type}) bool\n`).join('')}
bool.to.int8(bool) int8
text.leading.bool(text) bool
text.leading.float8(text) float8
text.rounded.int2(text) int2 fails
text.rounded.int4(text) int4 fails
text.rounded.int8(text) int8 fails
text.loose.date(text) date fails
text.loose.timestamp(text) timestamp fails
text.loose.timestamptz(text) timestamptz fails stable context
text.loose.time(text) time fails
float8.loose.text(float8) text
float4.loose.text(float4) text
numeric.div.four(numeric, numeric) numeric fails null
float8.div.orNull(float8, float8) float8 fails null
int8.div.orNull(int8, int8) int8 fails null
int8.mod.orNull(int8, int8) int8 null
numeric.mod.orNull(numeric, numeric) numeric fails null
float8.mod.orNull(float8, float8) float8 null
bool.xor(bool, bool) bool
text.locate(text, text) int4
text.concat.all(text, text...) text
text.substring.loose(text, int8) text
text.substring.loose.length(text, int8, int8) text
date.daysSinceMonday(date) int4
`;
