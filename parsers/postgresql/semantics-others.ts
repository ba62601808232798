/** What PostgreSQL has and this dialect does not yet: said to be unsupported (0A000), not unknown. Names of parameters. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const OTHER_TYPES: readonly string[] = words(`
  xml point line lseg box path polygon circle tsvector tsquery regoperator regconfig regdictionary pg_lsn refcursor smallserial
  serial2 serial serial4 bigserial serial8 void cstring
`);

export const OTHER_FUNCTIONS: readonly string[] = words(`
  json_object json_each json_each_text jsonb_each jsonb_each_text json_populate_record json_populate_recordset
  jsonb_populate_record jsonb_populate_recordset json_to_record json_to_recordset jsonb_to_record jsonb_to_recordset
  current_query xmlagg obj_description col_description shobj_description pg_get_viewdef
  pg_get_indexdef pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_ruledef pg_get_triggerdef pg_get_serial_sequence
  pg_relation_size pg_total_relation_size pg_table_size pg_indexes_size pg_database_size pg_column_size pg_relation_filenode
  
  pg_notify pg_listening_channels pg_stat_get_activity 
  txid_current txid_current_if_assigned pg_current_xact_id pg_current_snapshot to_tsvector to_tsquery plainto_tsquery
  phraseto_tsquery websearch_to_tsquery ts_rank ts_headline hashtext xmlconcat xmlelement xpath query_to_xml table_to_xml
  txid_status
`);

export interface ParameterName {
  readonly name: string;
  /** Text of the default; left out: there is none. */
  readonly value?: string;
}

const PARAMETERS = `
make_interval: years=0 months=0 weeks=0 days=0 hours=0 mins=0 secs=0
make_date: year month day
make_time: hour min sec
make_timestamp: year month mday hour min sec
make_timestamptz: year month mday hour min sec timezone
jsonb_set_lax: jsonb_in path replacement create_if_missing=true null_value_treatment
jsonb_set: jsonb_in path replacement create_if_missing=true
jsonb_insert: jsonb_in path replacement insert_after=false
`;

export const PARAMETER_NAMES: { readonly [name: string]: readonly ParameterName[] } = Object.fromEntries(
  PARAMETERS.trim()
    .split('\n')
    .map((line) => {
      const [name, list] = line.split(': ');
      const parameters = list.split(' ').map((one): ParameterName => {
        const [parameter, value] = one.split('=');
        return value === undefined ? { name: parameter } : { name: parameter, value };
      });
      return [name, parameters];
    }),
);
