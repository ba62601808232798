/** PostgreSQL's functions and operators beyond those over plain values: paths into jsonb. How to read a line: ../kit/signatures.ts. */

import { JSON_VALUE_TYPES } from '../../engine/sblr/primitives-json.ts';

const PATHS = ['exists', 'match', 'query_array', 'query_first', 'query']
  .flatMap((name) =>
    ['', '.tz'].map((zone) => {
      const primitive = `jsonpath.${name}${zone}`;
      return `jsonb_path_${name}${zone === '' ? '' : '_tz'}: ${primitive} ${primitive}.vars ${primitive}.silent\n`;
    }),
  )
  .join('');

const EACH = ['json', 'jsonb']
  .map((type) =>
    `#_each.key: #.each.key
#_each.value: #.each.value
#_each_text.value: #.each.valueText
#_to_record.field: #.record.field
#_to_recordset.field: #.recordset.field
#_object: #.object.list #.object.lists
`.replaceAll('#', type),
  )
  .join('');

/** What the syntax of SQL/JSON stands for (grammar/json.ts); no names of PostgreSQL's. */
const SQL_JSON = JSON_VALUE_TYPES.map((type) => `sql_json_value_${type}: sqlJson.value.${type}\n`).join('');

export const FURTHER_FUNCTIONS = `${PATHS}${EACH}${SQL_JSON}
sql_json_exists: sqlJson.exists
sql_json_query: sqlJson.query
sql_json_query_text: sqlJson.query.text
sql_json_query_unquoted: sqlJson.query.unquoted
sql_is_json: text.isJson json.isJson jsonb.isJson bytea.isJson
jsonb_set_lax: jsonb.setLax jsonb.setLax.create jsonb.setLax.treatment
array_to_json: array.toJson<anyarray>#0 array.toJson.pretty<anyarray,bool>#0
row_to_json: record.toJson<record>#0 record.toJson.pretty<record,bool>#0
regexp_match: text.regexpMatch text.regexpMatch.flags
regexp_matches: text.regexpMatches text.regexpMatches.flags
regexp_split_to_array: text.regexpSplitArray text.regexpSplitArray.flags
parse_ident: text.parseIdent text.parseIdent.strict
current_schemas: session.schemas
`;

/** Functions in FROM with rows of several columns. */
export const ROW_FUNCTIONS: { readonly [name: string]: readonly { readonly name: string; readonly function: string }[] } =
  Object.fromEntries([
    [
      'pg_timezone_names',
      ['name', 'abbrev', 'utc_offset', 'is_dst'].map((name) => ({ name, function: `pg_timezone_names.${name}` })),
    ],
    ['pg_options_to_table', ['option_name', 'option_value'].map((name) => ({ name, function: `pg_options_to_table.${name}` }))],
    ...['json_each', 'json_each_text', 'jsonb_each', 'jsonb_each_text'].map((name) => [
      name,
      [
        { name: 'key', function: `${name.replace('_text', '')}.key` },
        { name: 'value', function: `${name}.value` },
      ],
    ]),
  ]);
/** Those whose columns the statement says. */
export const RECORD_FUNCTIONS: { readonly [name: string]: string } = Object.fromEntries(
  ['json_to_record', 'json_to_recordset', 'jsonb_to_record', 'jsonb_to_recordset'].map((name) => [name, `${name}.field`]),
);

/** Those whose columns are those of their first argument's type. */
export const POPULATE_FUNCTIONS: { readonly [name: string]: string } = Object.fromEntries(
  ['json', 'jsonb'].flatMap((kind) =>
    ['', 'set'].map((set) => [`${kind}_populate_record${set}`, `${kind}_to_record${set}.field`]),
  ),
);

export const FURTHER_OPERATORS = `
@?: jsonb.pathExists
@@: jsonb.pathMatch
`;
