/** Random changes whose rows and values come from other relations: subqueries, FROM, USING, INSERT from joins. */

import { Expressions } from './random-expressions.ts';
import { JoinQueries } from './random-joins.ts';
import type { RandomColumn, RandomTable } from './random-schema.ts';
import type { Source } from './random-sources.ts';
import { type Step, step } from './step.ts';
import { bareType, joined, optional, type Tree, tree } from './tree.ts';

/** Types of which a value is stored as it was read. */
const KEPT = ['bool', 'int2', 'int4', 'int8', 'text', 'date', 'timestamptz', 'uuid', 'bytea'];

export class JoinChanges extends JoinQueries {
  /** A change of the table by what others hold. */
  changing(table: RandomTable): Step {
    return this.pick([
      () => this.updateWhere(table),
      () => this.updateFrom(table),
      () => this.deleteWhere(table),
      () => this.insertFrom(table),
      () => this.insertFrom(table),
    ])();
  }

  private settable(table: RandomTable): RandomColumn[] {
    return table.columns.slice(1).filter(({ isUnique, type }) => !isUnique && KEPT.includes(bareType(type)));
  }

  private target(table: RandomTable): Source {
    return { text: tree('', `${table.name} as a`), alias: 'a', columns: table.columns };
  }

  private returning(): Tree {
    return this.chance(0.4) ? optional(' returning a.id') : tree('');
  }

  private updateWhere(table: RandomTable): Step {
    const [column] = this.some(this.settable(table), 1, 1);
    if (column === undefined) return this.joining(table);
    const type = bareType(column.type);
    const own = new Expressions(this.random, table, 'a.');
    const source = this.target(table);
    const value =
      type === 'int8' && this.chance(0.4)
        ? tree('', `(select count(*) from ${this.other().name} as i where i.id < a.id)`)
        : own.of(type, 1);
    const parts = [`update ${table.name} as a set ${column.name} = `, value, ' where ', this.subqueryCondition(source)];
    return step('change', table.name, tree('', ...parts, this.returning()), { draws: table.hasSequence });
  }

  /** Joined by the key, so that it is told which row of FROM a row goes with. */
  private updateFrom(table: RandomTable): Step {
    const other = this.other();
    const pairs = this.settable(table).flatMap((to) =>
      other.columns.filter(({ type }) => bareType(type) === bareType(to.type)).map((from) => [to, from] as const),
    );
    if (pairs.length === 0) return this.joining(table);
    const [to, from] = this.pick(pairs);
    const more = this.chance(0.5) ? optional(' and ', new Expressions(this.random, other, 'b.').condition(1)) : '';
    const parts = [`update ${table.name} as a set ${to.name} = b.${from.name} from ${other.name} as b where a.id = b.id`, more];
    return step('change', table.name, tree('', ...parts, this.returning()), { draws: table.hasSequence });
  }

  private deleteWhere(table: RandomTable): Step {
    const source = this.target(table);
    const few = ` and a.id % ${this.pick([3, 5, 7])} = 1`;
    if (this.chance(0.4)) {
      const other = this.other();
      const right: Source = { text: tree('', `${other.name} as b`), alias: 'b', columns: other.columns };
      const parts = [`delete from ${table.name} as a using ${other.name} as b where `, this.equality(source, right), few];
      return step('change', table.name, tree('', ...parts, this.returning()));
    }
    const parts = [`delete from ${table.name} as a where `, this.subqueryCondition(source), few];
    return step('change', table.name, tree('', ...parts, this.returning()));
  }

  private insertFrom(table: RandomTable): Step {
    const columns = this.some(this.settable(table), 0, 2);
    const { text: from, sources } = this.from(this.other());
    const expressions = this.wide(sources);
    const items = columns.map(({ type }) => expressions.of(bareType(type), 1));
    const names = ['id', ...columns.map(({ name }) => name)].join(', ');
    const id = `100 + ${this.upTo(9)} * a.id + coalesce(b.id, 0)`;
    // Which of two rows with one key is there first hangs on their order.
    const conflict = this.chance(0.5) ? `${this.keyOrder(sources)} on conflict do nothing` : '';
    const parts = [
      `insert into ${table.name} (${names}) select `,
      joined([id, ...items]),
      ' from ',
      from,
      ' where a.id < 40',
      conflict,
    ];
    return step('change', table.name, tree('', ...parts), { draws: table.hasSequence });
  }
}
