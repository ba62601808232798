/** Random relations of FROM: tables, and queries of every kind, each with a key of its own. */

import type { Random } from '../../engine/sblr/source-fixture.ts';
import { Expressions } from './random-expressions.ts';
import { Queries } from './random-queries.ts';
import type { RandomColumn, RandomTable } from './random-schema.ts';
import { bareType, optional, type Tree, tree } from './tree.ts';

/** Types whose values are equal when they look the same, but for the scale of a numeric. */
export const PLAIN = 'bool int2 int4 int8 numeric text varchar char bytea date time timestamp timestamptz uuid'.split(' ');
/** Types that are compared with one another. */
const FAMILIES: readonly (readonly string[])[] = [
  ['int2', 'int4', 'int8', 'numeric'],
  ['text', 'varchar'],
  ['date', 'timestamp'],
];

/** Columns of several relations, each under its qualified name. */
export class Wide extends Expressions {
  override column({ name, type }: RandomColumn): Tree {
    return tree(bareType(type), name);
  }
}

/** A relation of FROM: its text, its alias, the columns it has. */
export interface Source {
  readonly text: Tree;
  readonly alias: string;
  readonly columns: readonly RandomColumn[];
}

export const isComparable = (a: string, b: string): boolean =>
  a === b ? PLAIN.includes(a) : FAMILIES.some((types) => types.includes(a) && types.includes(b));

type Made = Omit<Source, 'alias'>;

/** What generators of queries over several relations share. */
export class Sources extends Queries {
  readonly tables: readonly RandomTable[];

  constructor(random: Random, tables: readonly RandomTable[]) {
    super(random);
    this.tables = tables;
  }

  protected other(): RandomTable {
    return this.pick(this.tables);
  }

  protected wide(sources: readonly Source[]): Wide {
    const [first] = sources;
    const columns = sources.flatMap(({ alias, columns: all }) => all.map((one) => ({ ...one, name: `${alias}.${one.name}` })));
    const table: RandomTable = { ...this.tables[0], name: '', columns, hasLong: false };
    return new Wide(this.random, table, `${first.alias}.`);
  }

  /** A table, or a query over one: it has a key `id` of its own in any case. */
  protected source(table: RandomTable, alias: string): Source {
    const { columns, name } = table;
    if (this.chance(0.6)) return { text: tree('', `${name} as ${alias}`), alias, columns };
    const { text, columns: made } = this.pick([
      () => this.plainSource(table),
      () => this.plainSource(table),
      () => this.numbered(table),
      () => this.groupedSource(table),
      () => this.firstOfEachSource(table),
      () => this.united(table),
      () => this.sideBySide(table),
      () => this.rows(),
    ])();
    return { text: tree('', '(', text, `) as ${alias}`), alias, columns: made };
  }

  private plainSource(table: RandomTable): Made {
    const where = this.where(new Expressions(this.random, table), 1);
    const order = this.chance(0.3) ? optional(` order by id limit ${this.upTo(30)}`) : '';
    return { text: tree('', `select * from ${table.name}`, where, order), columns: table.columns };
  }

  private made(name: string, type: string): RandomColumn {
    return { ...this.tables[0].columns[0], name, type };
  }

  private plainColumns({ columns }: RandomTable): RandomColumn[] {
    return columns.filter(({ type }) => PLAIN.includes(bareType(type)) && bareType(type) !== 'char');
  }

  /** Window functions beside the columns. */
  private numbered(table: RandomTable): Made {
    const by = this.pick(this.plainColumns(table)).name;
    const partition = this.chance(0.7) ? `partition by ${by} ` : '';
    const frame = this.pick([
      '',
      ' rows between 1 preceding and current row',
      ' range unbounded preceding',
      ' groups 1 preceding',
    ]);
    const made = this.pick([
      `row_number() over (${partition}order by id)`,
      `count(*) over (${partition}order by id${frame})`,
      `rank() over (${partition}order by ${by})`,
      `sum(id::int4) over (${partition}order by id${frame})`,
    ]);
    const text = tree('', `select *, ${made} as w0 from ${table.name}`, this.where(new Expressions(this.random, table), 0.4));
    return { text, columns: [...table.columns, this.made('w0', 'int8')] };
  }

  private groupedSource(table: RandomTable): Made {
    const key = this.pick(this.plainColumns(table));
    const having = this.chance(0.3) ? ' having count(*) > 1' : '';
    const where = this.where(new Expressions(this.random, table), 0.4);
    const text = tree(
      '',
      `select min(id) as id, ${key.name} as g0, count(*) as g1 from ${table.name}`,
      where,
      ` group by ${key.name}${having}`,
    );
    return { text, columns: [table.columns[0], this.made('g0', key.type), this.made('g1', 'int8')] };
  }

  private firstOfEachSource(table: RandomTable): Made {
    const key = this.pick(this.plainColumns(table)).name;
    const where = this.where(new Expressions(this.random, table), 0.4);
    const text = tree(
      '',
      `select distinct on (${key}) * from ${table.name}`,
      where,
      ` order by ${key}${this.direction()}, id${this.direction()}`,
    );
    return { text, columns: table.columns };
  }

  private united(table: RandomTable): Made {
    const other = this.other();
    const type = this.pick(PLAIN.filter((one) => one !== 'char'));
    const [left, right] = [table, other].map((one) => new Expressions(this.random, one));
    const parts = [`select id::int8 as id, `, left.of(type, 1), ` as u0 from ${table.name}`, this.where(left, 0.4)];
    const more = [` union all select id::int8 + 1000, `, right.of(type, 1), ` from ${other.name}`, this.where(right, 0.4)];
    return { text: tree('', ...parts, ...more), columns: [this.made('id', 'int8'), this.made('u0', type)] };
  }

  private sideBySide(table: RandomTable): Made {
    const other = this.other();
    const column = this.pick(this.plainColumns(other));
    const text = tree(
      '',
      `select l.id, r.${column.name} as j0, l.id % 3 as j1 from ${table.name} as l left join ${other.name} as r on l.id = r.id`,
    );
    return { text, columns: [table.columns[0], this.made('j0', column.type), this.made('j1', table.columns[0].type)] };
  }

  private rows(): Made {
    const rows = Array.from(
      { length: this.upTo(4) },
      (_, at) => `(${this.upTo(20) + at * 20}, ${this.pick(["'a'", "'abc'", 'null', "''"])})`,
    );
    return {
      text: tree('', `select * from (values ${rows.join(', ')}) as v(id, v0)`),
      columns: [this.made('id', 'int4'), this.made('v0', 'text')],
    };
  }

  /** Expressions over one source. */
  protected over({ alias, columns }: Source): Expressions {
    return new Expressions(this.random, { ...this.tables[0], columns: [...columns], hasLong: false }, `${alias}.`);
  }

  protected equality(left: Source, right: Source): Tree {
    if (this.chance(0.35)) return tree('bool', `${left.alias}.id = ${right.alias}.id`);
    const pairs = left.columns.flatMap((a) =>
      right.columns.filter((b) => isComparable(bareType(a.type), bareType(b.type))).map((b) => [a, b] as const),
    );
    const [a, b] = pairs.length === 0 ? [left.columns[0], right.columns[0]] : this.pick(pairs);
    return tree('bool', `${left.alias}.${a.name} = ${right.alias}.${b.name}`);
  }
}
