/** Primitives that give rows, in FROM and in the list of SELECT. How to read a line: primitives.ts. */

const series = ['int4', 'int8', 'numeric']
  .map(
    (type) => `generate_series.${type}(${type}, ${type}) ${type} rows fails
generate_series.${type}.step(${type}, ${type}, ${type}) ${type} rows fails
`,
  )
  .join('');

const json = ['json', 'jsonb']
  .map(
    (type) => `${type}.elements(${type}) ${type} rows fails
${type}.elements.text(${type}) text rows fails null
${type}.keys(${type}) text rows fails
`,
  )
  .join('');

export const SET_PRIMITIVES = `${series}${json}
text.split(text, text) text rows called null
text.split.null(text, text, text) text rows called null
text.regexpSplit(text, text) text rows fails
text.regexpSplit.flags(text, text, text) text rows fails
generate_series.timestamp(timestamp, timestamp, interval) timestamp rows fails
generate_series.timestamptz(timestamptz, timestamptz, interval) timestamptz rows fails stable context
`;
