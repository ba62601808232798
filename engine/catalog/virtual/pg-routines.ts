/** Rows of pg_proc and pg_aggregate: functions that there are, PostgreSQL's and those that somebody has made. */

import type { RoutineParameter } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import type { RoutineRow } from '../stored.ts';
import { ROLE_SUPERUSER } from '../system-tables.ts';
import type { SqlType } from '../../sblr/types.ts';
import { formatType, quoteName, typeOid } from './describe.ts';
import { LANGUAGE_INTERNAL, LANGUAGE_SQL } from './pg-access.ts';
import { aclOf } from './pg-rights.ts';
import { ROUTINE_ROWS } from './postgresql-routines.ts';
import { routinesOf } from './relations.ts';
import { arrayValue, type Lookup, type RowMakers, type VirtualRow, vectorValue } from './virtual-table.ts';

const PROC_DEFAULTS: VirtualRow = {
  procost: 1,
  prorows: 0,
  provariadic: 0,
  prosupport: 0,
  prosecdef: false,
  proleakproof: false,
  proparallel: 's',
  pronargdefaults: 0,
};

const numberOf = ({ name, domain }: SqlType): number => domain ?? typeOid(name);
/** The name that its author gave it; '': none. */
export const givenName = ({ name }: RoutineParameter): string => (/^\$\d+$/.test(name) ? '' : name);
const isInput = ({ mode }: RoutineParameter): boolean => mode === 'in' || mode === 'inout' || mode === 'variadic';
const MODES = { in: 'i', out: 'o', inout: 'b', variadic: 'v', table: 't' } as const;

function routineRow(reader: SessionReader, { id, schema, body }: RoutineRow): VirtualRow {
  const { routine, owner } = body;
  const { parameters } = routine;
  const inputs = parameters.filter(isInput);
  const variadic = parameters.find(({ mode }) => mode === 'variadic');
  const isPlain = parameters.every(({ mode }) => mode === 'in');
  return {
    ...PROC_DEFAULTS,
    oid: id,
    proname: routine.name,
    pronamespace: schema,
    proowner: owner,
    proacl: aclOf(reader, id),
    prolang: LANGUAGE_SQL,
    procost: Number(routine.options.cost ?? 100),
    prorows: routine.returnsSet ? Number(routine.options.rows ?? 1000) : 0,
    provariadic: variadic === undefined ? 0 : typeOid(variadic.type.name),
    prokind: routine.kind === 'procedure' ? 'p' : 'f',
    prosecdef: routine.securityDefiner,
    proisstrict: routine.strict,
    proretset: routine.returnsSet,
    provolatile: routine.volatility[0],
    proparallel: 'u',
    pronargs: inputs.length,
    pronargdefaults: inputs.filter((one) => one.default !== null).length,
    prorettype: numberOf(routine.returns),
    proargtypes: vectorValue(
      'oid',
      inputs.map(({ type }) => numberOf(type)),
    ),
    proallargtypes: isPlain
      ? null
      : arrayValue(
          'oid',
          parameters.map(({ type }) => numberOf(type)),
        ),
    proargmodes: isPlain
      ? null
      : arrayValue(
          'char1',
          parameters.map(({ mode }) => MODES[mode]),
        ),
    proargnames: parameters.every((one) => givenName(one) === '') ? null : arrayValue('text', parameters.map(givenName)),
    prosrc: routine.form === 'text' ? routine.text : '',
    prosqlbody: routine.form === 'text' ? null : routine.text,
  };
}

// ---- PostgreSQL's own ----

let builtIn: VirtualRow[] | null = null;

/** A line: oid name kind strict set volatility variadic result arguments, these with commas between. */
export function builtInRoutines(): readonly VirtualRow[] {
  builtIn ??= ROUTINE_ROWS.trim()
    .split('\n')
    .map((line) => {
      const [oid, proname, prokind, strict, set, provolatile, variadic, result, list] = line.split(' ');
      const types = list === undefined || list === '' ? [] : list.split(',').map(Number);
      return {
        ...PROC_DEFAULTS,
        ...{ oid: Number(oid), proname, pronamespace: 11, proowner: ROLE_SUPERUSER, prolang: LANGUAGE_INTERNAL, prokind },
        ...{ proisstrict: strict === 't', proretset: set === 't', provolatile, provariadic: Number(variadic) },
        ...{ pronargs: types.length, prorettype: Number(result), proargtypes: vectorValue('oid', types), prosrc: proname },
      };
    });
  return builtIn;
}

let builtInNames: Map<number, string> | null = null;

/** Name of one of PostgreSQL's functions; null: it is none, or not here. */
export function builtInRoutineName(id: number): string | null {
  builtInNames ??= new Map(builtInRoutines().map(({ oid, proname }) => [Number(oid), String(proname)]));
  return builtInNames.get(id) ?? null;
}

/** The first of PostgreSQL's functions of a name; 0: there is none. */
export const builtInRoutineNumber = (name: string): number =>
  Number(builtInRoutines().find(({ proname }) => proname === name)?.oid ?? 0);

function* procRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  if (lookup?.column === 'oid') {
    const row = reader.entry(Number(lookup.value))?.row;
    if (row?.kind === 'function' || row?.kind === 'procedure') yield routineRow(reader, row);
    else yield* builtInRoutines().filter(({ oid }) => oid === lookup.value);
    return;
  }
  yield* builtInRoutines();
  for (const row of routinesOf(reader)) yield routineRow(reader, row);
}

const aggregateRow = ({ oid }: VirtualRow): VirtualRow => ({
  ...{ aggfnoid: oid, aggkind: 'n', aggnumdirectargs: 0, aggtransfn: 0, aggfinalfn: 0, aggcombinefn: 0, aggserialfn: 0 },
  ...{ aggdeserialfn: 0, aggmtransfn: 0, aggminvtransfn: 0, aggmfinalfn: 0, aggfinalextra: false, aggmfinalextra: false },
  ...{ aggfinalmodify: 'r', aggmfinalmodify: 'r', aggsortop: 0, aggtranstype: 2281, aggtransspace: 0, aggmtranstype: 0 },
  ...{ aggmtransspace: 0 },
});

export const PG_ROUTINES: RowMakers = {
  pg_proc: procRows,
  pg_aggregate: () =>
    builtInRoutines()
      .filter(({ prokind }) => prokind === 'a')
      .map(aggregateRow),
};

// ---- what pg_get_function...() say ----

/** The routine of this number. */
export function routineById(reader: SessionReader, id: number): RoutineRow | null {
  const row = reader.entry(id)?.row;
  return row?.kind === 'function' || row?.kind === 'procedure' ? row : null;
}

const MODE_WORDS = { in: '', out: 'OUT ', inout: 'INOUT ', variadic: 'VARIADIC ', table: '' } as const;

function parameterText(parameter: RoutineParameter, isProcedure: boolean, defaults: boolean): string {
  const { mode, type, default: value } = parameter;
  const name = givenName(parameter);
  const word = isProcedure && mode === 'in' ? 'IN ' : MODE_WORDS[mode];
  const label = name === '' ? '' : `${quoteName(name)} `;
  return `${word}${label}${formatType(type)}${defaults && value !== null ? ` DEFAULT ${value.text}` : ''}`;
}

/** pg_get_function_arguments(), and without defaults pg_get_function_identity_arguments(). */
export function argumentsText({ body }: RoutineRow, defaults: boolean): string {
  const { parameters, kind } = body.routine;
  const shown = parameters.filter(({ mode }) => mode !== 'table' && (defaults || mode !== 'out' || kind === 'procedure'));
  return shown.map((one) => parameterText(one, kind === 'procedure', defaults)).join(', ');
}

/** pg_get_function_result(); null: a procedure. */
export function resultText({ body }: RoutineRow): string | null {
  const { routine } = body;
  if (routine.kind === 'procedure') return null;
  const columns = routine.parameters.filter(({ mode }) => mode === 'table');
  if (columns.length > 0) return `TABLE(${columns.map((one) => parameterText(one, false, false)).join(', ')})`;
  return `${routine.returnsSet ? 'SETOF ' : ''}${formatType(routine.returns)}`;
}

/** pg_get_functiondef(); `schema`: the name of its schema. */
export function routineDefinition(row: RoutineRow, schema: string): string {
  const { routine } = row.body;
  const word = routine.kind === 'procedure' ? 'PROCEDURE' : 'FUNCTION';
  const place = `${quoteName(schema)}.${quoteName(routine.name)}`;
  const marks = [
    routine.volatility === 'volatile' ? '' : ` ${routine.volatility.toUpperCase()}`,
    routine.strict ? ' STRICT' : '',
    routine.securityDefiner ? ' SECURITY DEFINER' : '',
  ].join('');
  const result = resultText(row);
  const lines = [
    `CREATE OR REPLACE ${word} ${place}(${argumentsText(row, true)})`,
    ...(result === null ? [] : [` RETURNS ${result}`]),
    ` LANGUAGE ${routine.language}`,
    ...(marks === '' ? [] : [marks]),
    routine.form === 'text' ? `AS ${dollarQuoted(routine.text, word.toLowerCase())}` : routine.text,
  ];
  return `${lines.join('\n')}\n`;
}

/** $function$text$function$, with as many more letters as the text needs. */
function dollarQuoted(text: string, word: string): string {
  let tag = `$${word}$`;
  while (text.includes(tag)) tag = `${tag.slice(0, -1)}x$`;
  return tag + text + tag;
}
