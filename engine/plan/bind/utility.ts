/** EXPLAIN, and the statements that are not compiled. */

import type { BoundExplain, BoundStatement, BoundUtility } from '../../sblr/bound.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import type { SourceExplainNode, SourceName, SourceNode, SourceOption, SourceStatement } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault, unsupported } from './errors.ts';
import type { BindState } from './state.ts';

/** Options of PostgreSQL's EXPLAIN that there is nothing to show for; what VERBOSE adds is shown anyway. */
const WITHOUT_EFFECT = [
  'verbose',
  'costs',
  'timing',
  'summary',
  'buffers',
  'settings',
  'wal',
  'memory',
  'serialize',
  'generic_plan',
];

function optionText({ value }: SourceOption): string {
  if (value === null) return 'true';
  if (value.op === 'constant') return value.text.toLowerCase();
  if (value.op === 'column') return value.name.parts.join('.').toLowerCase();
  throw fault(SQLSTATE.syntax_error, 'EXPLAIN options are words or numbers', value.at);
}

function isOn(option: SourceOption): boolean {
  const text = optionText(option);
  if (['true', 'on', '1'].includes(text)) return true;
  if (['false', 'off', '0'].includes(text)) return false;
  throw fault(SQLSTATE.syntax_error, `${option.name} requires a Boolean value`, option.at);
}

function formatOf(option: SourceOption): BoundExplain['format'] {
  const text = optionText(option);
  if (text === 'text' || text === 'json' || text === 'dot' || text === 'svg') return text;
  if (['xml', 'yaml'].includes(text)) throw unsupported(`EXPLAIN (FORMAT ${text.toUpperCase()}) is`, option.at);
  throw fault(SQLSTATE.invalid_parameter_value, `unrecognized value for EXPLAIN option "format": "${text}"`, option.at);
}

export function bindExplain(
  source: SourceExplainNode,
  bindInner: (statement: SourceExplainNode['statement']) => BoundStatement,
): BoundExplain {
  const flags = { analyze: false, sblr: false, codegen: false };
  let format: BoundExplain['format'] = 'text';
  for (const option of source.options) {
    const name = option.name.toLowerCase();
    if (name === 'format') format = formatOf(option);
    else if (name === 'analyze' || name === 'sblr' || name === 'codegen') flags[name] = isOn(option);
    else if (!WITHOUT_EFFECT.includes(name))
      throw fault(SQLSTATE.syntax_error, `unrecognized EXPLAIN option "${option.name}"`, option.at);
    else if (name !== 'costs' && name !== 'verbose' && isOn(option))
      throw unsupported(`EXPLAIN (${name.toUpperCase()}) is`, option.at);
  }
  const statement = bindInner(source.statement);
  if (statement.kind === 'utility' || statement.kind === 'explain')
    throw unsupported('EXPLAIN of a statement that is not compiled is', source.statement.at);
  return { kind: 'explain', ...flags, format, statement };
}

/** Names of objects: at most a schema and a name. */
function checkNames(node: unknown, state: BindState): void {
  if (Array.isArray(node)) for (const item of node) checkNames(item, state);
  if (typeof node !== 'object' || node === null) return;
  const { op } = node as SourceNode;
  if (op === 'comment' && (node as { kind?: string }).kind === 'column') return;
  if (op === 'name' && (node as SourceName).parts.length > 2) {
    const name = node as SourceName;
    throw unsupported(
      `the name ${foldParts(name, state.semantics).join('.')} has more parts than a schema and a name, which is`,
      name.at,
    );
  }
  // Expressions have their own names: columns.
  for (const [key, value] of Object.entries(node))
    if (key !== 'expression' && key !== 'values' && key !== 'value') checkNames(value, state);
}

export function bindUtility(statement: SourceStatement, state: BindState): BoundUtility {
  checkNames(statement, state);
  return { kind: 'utility', statement };
}
