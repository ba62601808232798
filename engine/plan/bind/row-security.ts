/**
 * Row-level security (SBLR-N8): policies of a table as filters of the rows that are read and as checks of those that are made.
 *
 *   rows that a command may see    (permissive 1 or permissive 2 ...) and restrictive 1 and restrictive 2 ...     none permissive: no rows
 *   rows that it may make          the same as a check for the permissive ones and a check for each restrictive one; NULL refuses, too
 *
 * The filter stands right on the table: what the statement asks of its rows stands above it, and what may fail or is volatile is not
 * moved below (SBLR-E4), so that nothing is told of rows that are hidden. Expressions of policies are bound in the text in which they
 * were written, with the rights of the identity that reads the table: the session's role, or the owner of the view around it.
 */

import type { CatalogPolicy, CatalogTable, StoredCondition } from '../../catalog/objects.ts';
import {
  type BoundCheck,
  type BoundExpression,
  type BoundGet,
  type BoundNewRow,
  type BoundRelation,
  type PolicyCheck,
  policyCheckName,
  type TableColumnUse,
} from '../../sblr/bound.ts';
import { withInputs } from '../../sblr/relation-tree.ts';
import type { SourceExpression } from '../../sblr/source.gen.ts';
import { sqlType } from '../../sblr/types.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { clauseOf } from './clause.ts';
import { constantNode, toBoolean } from './coerce.ts';
import { bindExpr } from './expressions.ts';
import { BOOLEAN, type BindState } from './state.ts';
import { scopeRelation } from './tables.ts';
import { asItWas, enterStored, placeless, storedState } from './views.ts';

/** What a statement does with rows of a table. */
export type PolicyCommand = 'select' | 'insert' | 'update' | 'delete';

/** The policies of a table that are for whoever reads it; null: it has none, or none for them. 42501 with row_security = off. */
export function policiesFor(table: CatalogTable, state: BindState): readonly CatalogPolicy[] | null {
  if (table.rowSecurity?.enabled !== true) return null;
  const found = state.environment.catalog.rowSecurity?.(table.id) ?? null;
  if (found === null) return null;
  for (const { id, version } of found.roles) if (!state.uses.has(id)) state.uses.set(id, { version, rights: new Set() });
  if (found.policies !== null && found.refuses)
    throw new SqlError(
      SQLSTATE.insufficient_privilege,
      `query would be affected by row-level security policy for table "${table.name}"`,
      table.rowSecurity.forced
        ? { hint: "To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW LEVEL SECURITY." }
        : {},
    );
  return found.policies;
}

const sources = new WeakMap<SourceExpression, SourceExpression>();

function sourceOf(source: SourceExpression): SourceExpression {
  const known = sources.get(source) ?? placeless(source);
  sources.set(source, known);
  return known;
}

/** The condition of a policy, over a row of its table. 42P17 where reading the row asks for the policy again. */
export function bindPolicy(
  { source: written, dialect, names }: Pick<StoredCondition, 'source' | 'dialect' | 'names'>,
  table: CatalogTable,
  row: readonly TableColumnUse[],
  state: BindState,
): BoundExpression {
  const source = sourceOf(written);
  const again = (): Error =>
    new SqlError(SQLSTATE.invalid_object_definition, `infinite recursion detected in policy for relation "${table.name}"`);
  const inside = enterStored(storedState(state, dialect, names, null), table.id, again);
  const known = names.find(({ id }) => id === table.id);
  const named = known === undefined ? table : (asItWas(table, known) as CatalogTable);
  const relation = scopeRelation(named, named.name, row, [], () => {});
  const clause = clauseOf(inside, { relations: [relation], outer: null }, 'policy expressions');
  return toBoolean(inside, bindExpr(source, clause), 'POLICY', source.at);
}

/** Conditions of the policies that count for a command, over a row. `isUsing`: USING, even where there is WITH CHECK. */
function conditions(
  policies: readonly CatalogPolicy[],
  command: PolicyCommand,
  isUsing: boolean,
  table: CatalogTable,
  row: readonly TableColumnUse[],
  state: BindState,
): { readonly permissive: BoundExpression; readonly restrictive: readonly { name: string; condition: BoundExpression }[] } {
  const bound = (permissive: boolean): { name: string; condition: BoundExpression }[] =>
    policies
      .filter((one) => one.permissive === permissive && (one.command === 'all' || one.command === command))
      .flatMap(({ name, using, check }) => {
        const stored = isUsing ? using : (check ?? using);
        if (stored === null) return [];
        return [{ name, condition: bindPolicy(stored, table, row, state) }];
      });
  const some = bound(true).map(({ condition }) => condition);
  const restrictive = bound(false).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (some.length === 0) return { permissive: constantNode(state, false, sqlType('bool', false), 0), restrictive };
  const [only] = some;
  return { permissive: some.length === 1 ? only : { op: 'or', operands: some, type: BOOLEAN }, restrictive };
}

type Row = readonly TableColumnUse[];

/** What the rows of a table must satisfy for each of the commands. Null: nothing. */
export function visibleRows(
  table: CatalogTable,
  row: Row,
  commands: readonly PolicyCommand[],
  state: BindState,
): BoundExpression | null {
  const policies = policiesFor(table, state);
  if (policies === null) return null;
  const operands = commands.flatMap((command) => {
    const { permissive, restrictive } = conditions(policies, command, true, table, row, state);
    return [...restrictive.map(({ condition }) => condition), permissive];
  });
  return operands.length === 1 ? operands[0] : { op: 'and', operands, type: BOOLEAN };
}

/** Rows of a table that may be read. */
export function securedGet(get: BoundGet, table: CatalogTable, state: BindState): BoundRelation {
  const condition = visibleRows(table, get.columns, ['select'], state);
  if (condition === null) return get;
  lockable.set(get, { table, state });
  return { op: 'filter', input: get, condition };
}

/** Tables with policies that a block reads: locking their rows asks for more (UPDATE). */
const lockable = new WeakMap<BoundGet, { readonly table: CatalogTable; readonly state: BindState }>();

/** Rows that may be locked, of those that are read. */
export function lockableRows(input: BoundRelation, get: BoundGet): BoundRelation {
  const secured = lockable.get(get);
  if (secured === undefined) return input;
  const condition = visibleRows(secured.table, get.columns, ['update'], secured.state);
  return condition === null ? input : { op: 'filter', input, condition };
}

/** A relation in which the rows of one of its tables (`rows`, with these columns) are those that the commands may see. */
export function withVisibleRows(
  root: BoundRelation,
  rows: BoundRelation,
  columns: readonly TableColumnUse[],
  table: CatalogTable,
  commands: readonly PolicyCommand[],
  state: BindState,
): BoundRelation {
  const condition = visibleRows(table, columns, commands, state);
  if (condition === null) return root;
  const replaced = (node: BoundRelation): BoundRelation =>
    node === rows ? { op: 'filter', input: rows, condition } : withInputs(node, replaced);
  return replaced(root);
}

/** A check of rows: the command's policies, by USING alone or by WITH CHECK where there is one. */
export interface RowDemand {
  readonly command: PolicyCommand;
  readonly isUsing: boolean;
  readonly of: PolicyCheck;
  /** Columns of the row that is looked at. */
  readonly row: Row;
}

export function policyChecks(table: CatalogTable, demands: readonly RowDemand[], state: BindState): BoundCheck[] {
  const policies = policiesFor(table, state);
  if (policies === null) return [];
  const check = (of: PolicyCheck, name: string | null, operand: BoundExpression): BoundCheck => ({
    name: policyCheckName({ of, table: table.name, policy: name }),
    expression: { op: 'isTest', operand, test: 'true', negated: false, type: sqlType('bool', false) },
  });
  return demands.flatMap(({ command, isUsing, of, row }) => {
    const { permissive, restrictive } = conditions(policies, command, isUsing, table, row, state);
    return [check(of, null, permissive), ...restrictive.map(({ name, condition }) => check(of, name, condition))];
  });
}

/** A new row that the policies must allow, before all that is asked of it otherwise. */
export function securedRow(row: BoundNewRow, table: CatalogTable, demands: readonly RowDemand[], state: BindState): BoundNewRow {
  const checks = policyChecks(table, demands, state);
  return checks.length === 0 ? row : { ...row, checks: [...checks, ...row.checks] };
}
