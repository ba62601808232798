/** JOIN: two items of FROM side by side; ON, USING and NATURAL, and what names see of the whole. */

import type { BoundExpression, BoundProject, BoundRelation } from '../../sblr/bound.ts';
import type { BoundJoin } from '../../sblr/bound-relations.ts';
import { columnTest } from '../../sblr/resolve-type.ts';
import type { SourceJoinNode } from '../../sblr/source.gen.ts';
import { withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { columnNode } from './clause.ts';
import { castCommon, toBoolean } from './coerce.ts';
import { logic } from './compare.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { type BoundFrom, type FromBinder, type LockTarget, mustDiffer, siblings } from './from.ts';
import { operatorCall } from './operators.ts';
import type { ScopeColumn, ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';

/** Columns that a bare `*` shows. */
export const starColumns = (names: readonly ScopeRelation[]): ScopeColumn[] =>
  names.filter(({ qualifiedOnly }) => qualifiedOnly !== true).flatMap(({ columns }) => columns);

const nullableColumn = (column: ScopeColumn): ScopeColumn => ({ ...column, type: withNullable(column.type, true) });

/** A side as it is seen above a join whose rows may lack it. */
function maybeLacking(side: BoundFrom, lacks: boolean): BoundFrom {
  if (!lacks) return side;
  return {
    ...side,
    names: side.names.map((relation) => ({ ...relation, columns: relation.columns.map(nullableColumn) })),
    locks: side.locks.map((lock): LockTarget => ({ ...lock, nullable: true })),
  };
}

/** The column of a side that USING names. 42703, 42702 */
function usingColumn(
  name: string,
  columns: readonly ScopeColumn[],
  side: 'left' | 'right',
  state: BindState,
  at: number,
): ScopeColumn {
  const isNamed = columnTest(name, state.semantics);
  const [found, ...more] = columns.filter((column) => isNamed(column.name));
  if (found === undefined)
    throw fault(SQLSTATE.undefined_column, `column "${name}" specified in USING clause does not exist in ${side} table`, at);
  if (more.length > 0)
    throw fault(SQLSTATE.ambiguous_column, `common column name "${name}" appears more than once in ${side} table`, at);
  return found;
}

/** Names that both sides have: USING, or NATURAL's. 42701 */
function commonNames(
  source: SourceJoinNode,
  left: readonly ScopeColumn[],
  right: readonly ScopeColumn[],
  { semantics }: BindState,
): readonly string[] {
  const isOnRight = ({ name }: ScopeColumn): boolean => {
    const isNamed = columnTest(name, semantics);
    return right.some((column) => isNamed(column.name));
  };
  if (source.natural) return left.filter(isOnRight).map(({ name }) => name);
  const twice = source.using.find((name, index) => source.using.indexOf(name) !== index);
  if (twice !== undefined)
    throw fault(SQLSTATE.duplicate_column, `column name "${twice}" appears more than once in USING clause`, source.at);
  return source.using;
}

class JoinBinder {
  private readonly source: SourceJoinNode;
  private readonly binder: FromBinder;
  private readonly left: BoundFrom;
  private readonly right: BoundFrom;
  private readonly lateral: boolean;

  constructor(source: SourceJoinNode, binder: FromBinder, around: readonly ScopeRelation[]) {
    const { kind } = source;
    this.source = source;
    this.binder = binder;
    this.left = binder.item(source.left, around);
    const isReadable = kind !== 'right' && kind !== 'full';
    const { right, lateral } = binder.rightSide(this.left.names, () =>
      binder.item(source.right, [...around, ...siblings(this.left.names, isReadable ? 'yes' : 'no')]),
    );
    this.right = right;
    mustDiffer(this.left.names, this.right.names, source.right.at);
    this.lateral = lateral;
  }

  private kind(): BoundJoin['kind'] {
    return this.source.kind === 'cross' ? 'inner' : this.source.kind;
  }

  private joined(condition: BoundExpression | null): BoundJoin {
    const { lateral, left, right } = this;
    return { op: 'join', kind: this.kind(), left: left.relation, right: right.relation, condition, lateral, mark: -1 };
  }

  bind(): BoundFrom {
    const { source, left, right, binder } = this;
    const kind = this.kind();
    const sides = [
      maybeLacking(left, kind === 'right' || kind === 'full'),
      maybeLacking(right, kind === 'left' || kind === 'full'),
    ] as const;
    const locks = sides.flatMap((side) => side.locks);
    if (source.natural || source.using.length > 0) {
      const whole: LockTarget[] =
        source.alias === null
          ? []
          : [{ alias: binder.folded(source.alias.name, source.alias.quoted), kind: 'join', gets: [], nullable: false }];
      return { ...this.merged(sides), locks: [...locks, ...whole] };
    }
    const { on } = source;
    const clause = binder.clause([...left.names, ...right.names], 'JOIN conditions');
    const condition = on === null ? null : toBoolean(binder.state, bindExpr(on, clause), 'JOIN/ON', on.at);
    return { relation: this.joined(condition), names: sides.flatMap((side) => side.names), locks };
  }

  /** USING and NATURAL: the common columns once, then the rest of the left side, then that of the right. */
  private merged(sides: readonly [BoundFrom, BoundFrom]): Pick<BoundFrom, 'relation' | 'names'> {
    const { source, binder } = this;
    const { at } = source;
    const within = [starColumns(this.left.names), starColumns(this.right.names)] as const;
    const above = [starColumns(sides[0].names), starColumns(sides[1].names)] as const;
    const added: BoundProject['columns'][number][] = [];
    const conditions: BoundExpression[] = [];
    const merged = new Set<ScopeColumn>();
    const common = commonNames(source, ...within, binder.state).map((name) => {
      const [left, right] = [
        usingColumn(name, within[0], 'left', binder.state, at),
        usingColumn(name, within[1], 'right', binder.state, at),
      ];
      for (const column of [left, right]) column.mayRead?.();
      conditions.push(this.equal(left, right));
      const [under, beside] = [above[0][within[0].indexOf(left)], above[1][within[1].indexOf(right)]];
      merged.add(under).add(beside);
      return this.mergedColumn(left.name, under, beside, added);
    });
    const rest = above.flat().filter((column) => !merged.has(column));
    const joined = this.joined(conditions.length === 0 ? null : logic('and', conditions));
    const relation: BoundRelation = added.length === 0 ? joined : { op: 'project', input: joined, columns: added };
    const plain = { schema: null, onRead: () => {} };
    const whole: ScopeRelation = {
      ...plain,
      alias: 'unnamed_join',
      name: 'unnamed_join',
      columns: [...common, ...rest],
      unnamed: true,
    };
    const inside = sides.flatMap((side) => side.names).map((one): ScopeRelation => ({ ...one, qualifiedOnly: true }));
    const all = [...inside, whole];
    if (source.alias !== null) {
      const alias = binder.folded(source.alias.name, source.alias.quoted);
      const named: ScopeRelation = { ...plain, alias, name: alias, columns: common, qualifiedOnly: true };
      mustDiffer(all, [named], source.alias.at);
      all.push(named);
    }
    return { relation, names: all };
  }

  private node(column: ScopeColumn): BoundExpression {
    return columnNode(column.column, column.type, this.source.at, this.binder.state);
  }

  private equal(left: ScopeColumn, right: ScopeColumn): BoundExpression {
    const { state } = this.binder;
    const { at } = this.source;
    const equal = operatorCall(state, state.semantics.comparison.equal, [this.node(left), this.node(right)], at);
    return toBoolean(state, equal, 'JOIN/USING', at);
  }

  /** What the common column holds: the left side's value, or the right's where the left may lack. 42804 */
  private mergedColumn(
    name: string,
    left: ScopeColumn,
    right: ScopeColumn,
    added: BoundProject['columns'][number][],
  ): ScopeColumn {
    const { state } = this.binder;
    const { at, kind } = this.source;
    const { nodes, type } = castCommon(state, [this.node(left), this.node(right)], 'JOIN/USING', [at, at]);
    const nullable = nodes.every((node) => node.type.nullable);
    const whole: BoundExpression =
      kind === 'full'
        ? { op: 'coalesce', arguments: nodes, type: withNullable(type, nullable) }
        : nodes[kind === 'right' ? 1 : 0];
    const from = kind === 'right' ? right : left;
    if (whole.op === 'column') return { ...from, name };
    const column = state.newColumn();
    added.push({ column, expression: whole });
    return { name, column, type: whole.type, table: 0, attribute: 0 };
  }
}

/** `around`: what stands further left in FROM. */
export const bindJoin = (source: SourceJoinNode, binder: FromBinder, around: readonly ScopeRelation[]): BoundFrom =>
  new JoinBinder(source, binder, around).bind();
