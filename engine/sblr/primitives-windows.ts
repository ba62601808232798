/**
 * Primitives of windows. How to read a line: primitives.ts. `window.before.T(key, offset, isStart)` is what a RANGE frame reaches to
 * from a row with that key: a type's arithmetic without its overflows; NULL for a NULL key, which has its peers as frame.
 */

const shifted = ['lag', 'lead']
  .map((name) => `${name}(any) any window\n${name}.offset(any, int4) any window\n${name}.default(any, int4, any) any window\n`)
  .join('');

const targets = ['before', 'after']
  .map(
    (name) => `window.${name}.int4(int4, int8, bool) int8 called fails
window.${name}.int8(int8, int8, bool) numeric called fails
window.${name}.numeric(numeric, numeric, bool) numeric called fails
window.${name}.float8(float8, float8, bool) float8 called fails
window.${name}.timestamp(timestamp, interval, bool) timestamp called fails
window.${name}.timestamptz(timestamptz, interval, bool) timestamptz called fails stable context
window.${name}.interval(interval, interval, bool) interval called fails
`,
  )
  .join('');

export const WINDOW_PRIMITIVES = `${shifted}${targets}
row_number() int8 window
rank() int8 window
dense_rank() int8 window
percent_rank() float8 window
cume_dist() float8 window
ntile(int4) int4 window
first_value(any) any window
last_value(any) any window
nth_value(any, int4) any window
`;
