/** Primitives of jsonpath. Those with `zoned` know the session's time zone. How to read a line: primitives.ts. */

const functions = ['exists', 'match', 'query_array', 'query_first']
  .flatMap((name) =>
    ['', '.tz'].map((zone) => {
      const result = name === 'exists' || name === 'match' ? 'bool' : 'jsonb';
      const context = zone === '' ? '' : ' stable context';
      return `jsonpath.${name}${zone}(jsonb, jsonpath) ${result} fails null${context}
jsonpath.${name}${zone}.vars(jsonb, jsonpath, jsonb) ${result} fails null${context}
jsonpath.${name}${zone}.silent(jsonb, jsonpath, jsonb, bool) ${result} fails null${context}
`;
    }),
  )
  .join('');

const sets = ['', '.tz']
  .map((zone) => {
    const context = zone === '' ? '' : ' stable context';
    return `jsonpath.query${zone}(jsonb, jsonpath) jsonb rows fails${context}
jsonpath.query${zone}.vars(jsonb, jsonpath, jsonb) jsonb rows fails${context}
jsonpath.query${zone}.silent(jsonb, jsonpath, jsonb, bool) jsonb rows fails${context}
`;
  })
  .join('');

export const PATH_PRIMITIVES = `${functions}${sets}
jsonb.pathExists(jsonb, jsonpath) bool fails null
jsonb.pathMatch(jsonb, jsonpath) bool fails null
`;
