/** PostgreSQL's functions and operators beyond those over plain values: paths into jsonb. How to read a line: semantics.ts. */

const PATHS = ['exists', 'match', 'query_array', 'query_first', 'query']
  .flatMap((name) =>
    ['', '.tz'].map((zone) => {
      const primitive = `jsonpath.${name}${zone}`;
      return `jsonb_path_${name}${zone === '' ? '' : '_tz'}: ${primitive} ${primitive}.vars ${primitive}.silent\n`;
    }),
  )
  .join('');

export const FURTHER_FUNCTIONS = `${PATHS}`;

export const FURTHER_OPERATORS = `
@?: jsonb.pathExists
@@: jsonb.pathMatch
`;
