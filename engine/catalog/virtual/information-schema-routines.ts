/** information_schema's functions and procedures that somebody has made, and their parameters. */

import type { SessionReader } from '../reader.ts';
import type { RoutineRow } from '../stored.ts';
import { catalogOf, dataType, udtColumns, yesNo } from './information-schema-shared.ts';
import { givenName } from './pg-routines.ts';
import { routinesOf } from './relations.ts';
import type { RowMakers, VirtualRow } from './virtual-table.ts';

/** Those that the role may call. */
const shown = (reader: SessionReader): readonly RoutineRow[] =>
  routinesOf(reader).filter(({ id, body }) => reader.owns(body.owner) || reader.allows(id, 'execute'));

const specific = (reader: SessionReader, { id, schema, body }: RoutineRow): VirtualRow => ({
  specific_catalog: catalogOf(reader),
  specific_schema: reader.schemaName(schema),
  specific_name: `${body.routine.name}_${id}`,
});

function* routineRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const row of shown(reader)) {
    const { routine } = row.body;
    const isProcedure = routine.kind === 'procedure';
    const returned: VirtualRow = isProcedure
      ? {}
      : {
          data_type: dataType(routine.returns),
          type_udt_catalog: catalogOf(reader),
          type_udt_schema: udtColumns(reader, routine.returns).udt_schema,
          type_udt_name: udtColumns(reader, routine.returns).udt_name,
          dtd_identifier: '0',
        };
    yield {
      ...specific(reader, row),
      ...returned,
      routine_catalog: catalogOf(reader),
      routine_schema: reader.schemaName(row.schema),
      routine_name: routine.name,
      routine_type: isProcedure ? 'PROCEDURE' : 'FUNCTION',
      routine_body: 'SQL',
      routine_definition: !reader.owns(row.body.owner) ? null : routine.form === 'text' ? routine.text : '',
      external_language: routine.language.toUpperCase(),
      parameter_style: 'GENERAL',
      is_deterministic: yesNo(routine.volatility === 'immutable'),
      sql_data_access: 'MODIFIES',
      is_null_call: isProcedure ? null : yesNo(routine.strict),
      schema_level_routine: 'YES',
      max_dynamic_result_sets: 0,
      security_type: routine.securityDefiner ? 'DEFINER' : 'INVOKER',
      as_locator: 'NO',
      is_udt_dependent: 'NO',
      result_cast_as_locator: null,
      new_savepoint_level: null,
    };
  }
}

const MODES = { in: 'IN', out: 'OUT', inout: 'INOUT', variadic: 'IN', table: 'OUT' } as const;

function* parameterRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const row of shown(reader)) {
    for (const [at, parameter] of row.body.routine.parameters.entries()) {
      const { mode, type, default: value } = parameter;
      const name = givenName(parameter);
      yield {
        ...specific(reader, row),
        ...udtColumns(reader, type),
        ordinal_position: at + 1,
        parameter_mode: MODES[mode],
        is_result: 'NO',
        as_locator: 'NO',
        parameter_name: name === '' ? null : name,
        data_type: dataType(type),
        dtd_identifier: String(at + 1),
        parameter_default: value?.text ?? null,
      };
    }
  }
}

export const INFORMATION_SCHEMA_ROUTINES: RowMakers = { routines: routineRows, parameters: parameterRows };
