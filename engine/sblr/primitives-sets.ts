/** Primitives that give rows, in FROM and in the list of SELECT. How to read a line: primitives.ts. */

const series = ['int4', 'int8', 'numeric']
  .map(
    (type) => `generate_series.${type}(${type}, ${type}) ${type} rows fails
generate_series.${type}.step(${type}, ${type}, ${type}) ${type} rows fails
`,
  )
  .join('');

export const SET_PRIMITIVES = `${series}
generate_series.timestamp(timestamp, timestamp, interval) timestamp rows fails
generate_series.timestamptz(timestamptz, timestamptz, interval) timestamptz rows fails stable context
`;
