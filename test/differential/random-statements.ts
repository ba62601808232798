/** Random statements over random tables. */

import { pick, type Random } from '../../engine/sblr/source-fixture.ts';
import { EXACT, Expressions, shortened } from './random-expressions.ts';
import { isOrdered, type RandomColumn, type RandomTable, randomIndex } from './random-schema.ts';
import { randomValue } from './random-values.ts';
import { define, type Step, step } from './step.ts';
import { bareType, copyOf, given, joined, nodesOf, optional, type Tree, tree } from './tree.ts';

const SHOWN =
  'bool int2 int4 int8 numeric float4 float8 text varchar char bytea date time timestamp timestamptz interval uuid json jsonb'.split(
    ' ',
  );
/** Equal values of these look the same. */
const GROUPED = 'bool int2 int4 int8 numeric text varchar char bytea date time timestamp timestamptz uuid'.split(' ');
const EXTREMES = 'int2 int4 int8 numeric float8 text date time timestamp timestamptz'.split(' ');
const KEYS_MAX = 90;

export class Statements {
  readonly random: Random;
  private indexNumber = 0;

  constructor(random: Random) {
    this.random = random;
  }

  private pick<T>(list: readonly T[]): T {
    return pick(this.random, list);
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private upTo(most: number): number {
    return 1 + Math.floor(this.random() * most);
  }

  private some<T>(list: readonly T[], least: number, most: number): T[] {
    const rest = [...list];
    const count = least + Math.floor(this.random() * (most - least + 1));
    const chosen: T[] = [];
    while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(Math.floor(this.random() * rest.length), 1));
    return chosen;
  }

  /** Any statement but CREATE TABLE. */
  any(table: RandomTable): Step {
    const draw = this.random();
    if (draw < 0.52) return this.query(table);
    if (draw < 0.68) return this.insert(table);
    if (draw < 0.76) return this.upsert(table);
    if (draw < 0.88) return this.update(table);
    if (draw < 0.94) return this.remove(table);
    return this.definition(table);
  }

  /** The same statement with other values: its text is known by then. */
  again(old: Step, table: RandomTable): Step {
    const text = copyOf(old.text);
    for (const { value } of nodesOf(text))
      if (value !== null && this.chance(0.7)) value.text = shortened(this.another(value.type, value.text), table);
    return { ...old, text };
  }

  private another(type: string, text: string | null): string | null {
    if (text !== null && /^\d{1,2}$/.test(text)) return String(Math.floor(this.random() * KEYS_MAX));
    return randomValue(type, this.random);
  }

  // ---- queries ----

  query(table: RandomTable): Step {
    const draw = this.random();
    if (draw < 0.5) return this.plain(table);
    if (draw < 0.62) return this.distinct(table);
    if (draw < 0.72) return this.total(table);
    if (draw < 0.95) return this.grouped(table);
    return this.firstOfEach(table);
  }

  private where(expressions: Expressions, share = 0.75): Tree {
    if (!this.chance(share)) return tree('');
    if (this.chance(0.15)) return optional(' where ', this.byKey(expressions));
    const conditions = Array.from({ length: this.upTo(2) }, () => expressions.condition(this.upTo(3)));
    return optional(' where ', joined(conditions, ' and ', true));
  }

  private byKey({ table, prefix }: Expressions): Tree {
    const [id] = table.columns;
    const value = given(id.type, String(this.upTo(KEYS_MAX)), true);
    return tree('bool', `${prefix}id ${this.pick(['=', '=', '=', '<', '>='])} `, value);
  }

  private direction(): string {
    return this.pick(['', '', ' desc', ' asc', ' nulls first', ' desc nulls last']);
  }

  private limit(): Tree {
    if (this.chance(0.6)) return tree('');
    const count = (below: number): Tree => given('int8', this.chance(0.04) ? '-1' : String(Math.floor(this.random() * below)));
    const parts: Tree[] = [];
    if (this.chance(0.8)) parts.push(optional(' limit ', count(12)));
    if (this.chance(0.5)) parts.push(optional(' offset ', count(6)));
    return tree('', ...parts);
  }

  private named(item: Tree, at: number): Tree {
    return tree('', item, ` as x${at}`);
  }

  private plain(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table, this.chance(0.2) ? 'q.' : '');
    const items = this.chance(0.15)
      ? ['*']
      : Array.from({ length: this.upTo(5) }, (_, at) => this.named(expressions.of(this.pick(SHOWN), this.upTo(3)), at));
    const isOrdered = this.chance(0.6);
    const keys = isOrdered ? Array.from({ length: this.upTo(3) - 1 }, () => this.sortKey(expressions)) : [];
    const order = isOrdered
      ? tree(
          '',
          ' order by ',
          joined([...keys.map((key) => optional(key, ', ')), tree('', `${expressions.prefix}id${this.direction()}`)], ''),
        )
      : tree('');
    const limit = this.limit();
    const lock = this.chance(0.08) ? optional(this.pick([' for update', ' for share', ' for no key update'])) : tree('');
    const from = ` from ${table.name}${expressions.prefix === '' ? '' : ' as q'}`;
    const text = tree('', 'select ', joined(items, ', ', true), from, this.where(expressions), order, limit, lock);
    return step('query', table.name, text, { isOrdered, onlyCount: !isOrdered && limit.parts.length > 0 });
  }

  private sortKey(expressions: Expressions): Tree {
    const columns = expressions.table.columns.filter(({ type }) => isOrdered(type));
    const key = this.chance(0.6)
      ? expressions.column(this.pick(columns))
      : expressions.of(this.pick(SHOWN.filter((type) => type !== 'json')), this.upTo(2));
    return tree('', key, this.direction());
  }

  private keys(expressions: Expressions, most: number): Tree[] {
    const columns = expressions.table.columns.filter(({ type }) => GROUPED.includes(bareType(type)));
    return Array.from({ length: this.upTo(most) }, () =>
      this.chance(0.75) ? expressions.column(this.pick(columns)) : expressions.of(this.pick(GROUPED), this.upTo(2)),
    );
  }

  private distinct(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const items = this.keys(expressions, 3);
    const order = items.map((_, at) => `${at + 1}${this.direction()}`).join(', ');
    const limit = this.limit();
    const names = items.map((item, at) => this.named(item, at));
    const text = tree(
      '',
      'select distinct ',
      joined(names),
      ` from ${table.name}`,
      this.where(expressions),
      ` order by ${order}`,
      limit,
    );
    return step('query', table.name, text, { isOrdered: true, looseScale: true });
  }

  private firstOfEach(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const [key] = this.keys(expressions, 1);
    const more = expressions.of(this.pick(SHOWN), 2);
    const parts = ['select distinct on (', key, ') ', more, ` as x0, id from ${table.name}`, this.where(expressions)];
    const text = tree('', ...parts, ' order by ', key, this.direction(), `, id${this.direction()}`, this.limit());
    return step('query', table.name, text, { isOrdered: true });
  }

  private aggregate(expressions: Expressions): Tree {
    const depth = this.upTo(2) - 1;
    const exact = (): Tree => expressions.of(this.pick(EXACT), depth);
    const extreme = this.pick(EXTREMES);
    const form = this.pick([
      () => tree('int8', 'count(*)'),
      () => tree('int8', 'count(', expressions.of(this.pick(SHOWN), depth), ')'),
      () => tree('int8', 'count(distinct ', expressions.of(this.pick(GROUPED), depth), ')'),
      () => tree('', 'sum(', exact(), ')'),
      () => tree('', 'avg(', exact(), ')'),
      () => tree('', 'sum(distinct ', expressions.of(this.pick(['int4', 'int8']), depth), ')'),
      () => tree('', this.pick(['min(', 'max(']), expressions.of(extreme, depth), ')'),
      () => tree('', this.pick(['min(', 'max(']), expressions.of(extreme, depth), ')'),
      () => tree('bool', this.pick(['bool_and(', 'bool_or(', 'every(']), expressions.of('bool', depth), ')'),
      () => tree('text', 'string_agg(', expressions.of('text', depth), `, ';' order by id${this.direction()})`),
      () =>
        tree('', this.pick(['stddev(', 'variance(', 'var_pop(']), expressions.of(this.pick(['int2', 'int4', 'numeric']), 0), ')'),
      () => tree('', this.pick(['bit_and(', 'bit_or(']), expressions.of('int4', depth), ')'),
      () => tree('', 'sum(', expressions.of('int2', 0), '::float8)'),
    ])();
    if (this.chance(0.12)) form.parts.push(optional(' filter (where ', expressions.condition(2), ')'));
    return form;
  }

  private total(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const items = Array.from({ length: this.upTo(4) }, (_, at) => this.named(this.aggregate(expressions), at));
    const having = this.chance(0.1) ? optional(' having count(*) > ', given('int8', String(this.upTo(5)))) : '';
    const text = tree('', 'select ', joined(items, ', ', true), ` from ${table.name}`, this.where(expressions), having);
    return step('query', table.name, text, { looseScale: true });
  }

  private grouped(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const keys = this.keys(expressions, 2);
    const items = keys.map((key, at) => this.named(key, at));
    for (let at = 0, most = this.upTo(3); at < most; at++) items.push(this.named(this.aggregate(expressions), keys.length + at));
    const by = this.chance(0.3) ? keys.map((_, at) => String(at + 1)).join(', ') : joined(keys);
    const having = this.chance(0.25) ? optional(' having ', this.aggregateCondition(expressions)) : tree('');
    const isOrdered = this.chance(0.5);
    const order = isOrdered ? ` order by ${keys.map((_, at) => `${at + 1}${this.direction()}`).join(', ')}` : '';
    const limit = this.limit();
    const text = tree(
      '',
      'select ',
      joined(items),
      ` from ${table.name}`,
      this.where(expressions),
      ' group by ',
      by,
      having,
      order,
      limit,
    );
    return step('query', table.name, text, { isOrdered, onlyCount: !isOrdered && limit.parts.length > 0, looseScale: true });
  }

  private aggregateCondition(expressions: Expressions): Tree {
    const forms = [
      () => tree('bool', 'count(*) > ', given('int8', String(this.upTo(3)))),
      () => tree('bool', 'sum(', expressions.of('int4', 1), ') is not null'),
      () => tree('bool', 'min(', expressions.of('int4', 1), ') < ', this.value('int4')),
    ];
    return this.pick(forms)();
  }

  private value(type: string): Tree {
    return given(type, randomValue(type, this.random));
  }

  // ---- changes ----

  private key(): string {
    return String(this.upTo(KEYS_MAX));
  }

  private newValue(table: RandomTable, column: RandomColumn, edges = 0.12): Tree {
    if (column.name === 'id') return given(column.type, this.key(), true);
    if (column.hasDefault && this.chance(0.2)) return tree('', 'default');
    const draw = (): string | null => shortened(randomValue(column.type, this.random, edges), table);
    const value = given(bareType(column.type), draw(), true);
    while (value.value !== null && value.value.text === null && column.notNull && this.chance(0.97)) value.value.text = draw();
    return value;
  }

  private columnsToFill(table: RandomTable): RandomColumn[] {
    const [id, ...others] = table.columns;
    const chosen = others.filter(({ notNull, hasDefault }) => this.chance(notNull && !hasDefault ? 0.95 : 0.8));
    return table.hasSequence && this.chance(0.7) ? chosen : [id, ...chosen];
  }

  private returning(table: RandomTable): Tree {
    if (!this.chance(0.5)) return tree('');
    if (this.chance(0.3)) return optional(' returning *');
    const expressions = new Expressions(this.random, table);
    const items = Array.from({ length: this.upTo(3) }, (_, at) => this.named(expressions.of(this.pick(SHOWN), this.upTo(2)), at));
    return optional(' returning ', joined(items, ', ', true));
  }

  /** VALUES of so many rows at most. */
  insert(table: RandomTable, most = 5): Step {
    if (this.chance(0.1)) return this.insertQuery(table);
    const columns = this.columnsToFill(table);
    if (columns.length === 0) {
      return step('change', table.name, tree('', `insert into ${table.name} default values`, this.returning(table)), {
        draws: table.hasSequence,
      });
    }
    const text = tree('', ...this.insertHead(table, columns, most), this.returning(table));
    return step('change', table.name, text, { draws: table.hasSequence });
  }

  private insertHead(table: RandomTable, columns: readonly RandomColumn[], most: number): (string | Tree)[] {
    const rows = Array.from({ length: this.upTo(most) }, () =>
      tree('', '(', joined(columns.map((one) => this.newValue(table, one))), ')'),
    );
    return [`insert into ${table.name} (${columns.map(({ name }) => name).join(', ')}) values `, joined(rows, ', ', true)];
  }

  private insertQuery(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const columns = this.some(
      table.columns.slice(1).filter(({ isUnique }) => !isUnique),
      1,
      4,
    );
    const items = columns.map((column) => this.kept(bareType(column.type), expressions));
    const names = ['id', ...columns.map(({ name }) => name)].join(', ');
    const from = ` from ${table.name} where id < `;
    const text = tree('', `insert into ${table.name} (${names}) select `, joined([`id + ${100 * this.upTo(9)}`, ...items]), from);
    text.parts.push(given(table.columns[0].type, this.key(), true), this.returning(table));
    return step('change', table.name, text);
  }

  upsert(table: RandomTable): Step {
    const columns = table.columns.filter(({ name }) => name === 'id' || this.chance(0.85));
    const head = this.insertHead(table, columns, 3);
    if (this.chance(0.3)) {
      const target = this.chance(0.4) ? '' : ` (${this.pick(table.targets)})`;
      return step('change', table.name, tree('', ...head, ` on conflict${target} do nothing`, this.returning(table)), {
        draws: table.hasSequence,
      });
    }
    const expressions = new Expressions(this.random, table, `${table.name}.`);
    const sets = this.some(table.columns.slice(1), 1, 3).map((column) => {
      const type = bareType(column.type);
      const draw = this.random();
      if (draw < 0.5) return tree('', `${column.name} = excluded.${column.name}`);
      if (draw < 0.6) return tree('', `${column.name} = default`);
      return tree('', `${column.name} = `, this.kept(type, expressions));
    });
    const where = this.chance(0.3) ? optional(' where ', expressions.condition(2)) : '';
    const action = [` on conflict (${this.pick(table.targets)}) do update set `, joined(sets, ', ', true), where];
    // RETURNING names the table's columns.
    return step('change', table.name, tree('', ...head, ...action, this.returning(table)), { draws: table.hasSequence });
  }

  /** An expression to store: texts do not grow without an end. */
  private kept(type: string, expressions: Expressions): Tree {
    const made = expressions.of(type, this.upTo(3));
    const length = expressions.table.hasLong ? 3000 : 300;
    if (type === 'text') return tree('text', 'left(', made, `, ${length})`);
    return type === 'bytea' ? tree(type, 'substr(', made, `, 1, ${length})`) : made;
  }

  private update(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const one = this.chance(0.35);
    const columns = this.some(
      table.columns.filter(({ isUnique }) => one || !isUnique),
      1,
      3,
    );
    if (columns.length === 0) return this.query(table);
    const sets = columns.map((column) => {
      if (column.name === 'id') return tree('', 'id = ', given(column.type, this.key(), true));
      if (this.chance(0.1)) return tree('', `${column.name} = default`);
      if (this.chance(0.3)) return tree('', `${column.name} = `, expressions.bareValue(column));
      return tree('', `${column.name} = `, this.kept(bareType(column.type), expressions));
    });
    const where = one ? tree('', ' where id = ', given(table.columns[0].type, this.key(), true)) : this.where(expressions, 0.9);
    const text = tree('', `update ${table.name} set `, joined(sets, ', ', true), where, this.returning(table));
    return step('change', table.name, text, { draws: table.hasSequence });
  }

  private remove(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const one = this.chance(0.5);
    const where = one
      ? tree('', ' where id = ', given(table.columns[0].type, this.key(), true))
      : tree('', ` where id % ${this.pick([3, 5, 7])} = ${this.pick([0, 1])} and `, expressions.condition(2));
    return step('change', table.name, tree('', `delete from ${table.name}`, where, this.returning(table)));
  }

  // ---- definitions ----

  index(table: RandomTable): Step {
    const text = randomIndex(this.random, table, this.indexNumber);
    table.indexes.push(`${table.name}_i${this.indexNumber++}`);
    return define(table.name, text);
  }

  private definition(table: RandomTable): Step {
    const draw = this.random();
    if (draw < 0.45) return this.index(table);
    if (draw < 0.65 && table.indexes.length > 0) {
      const [name] = table.indexes.splice(Math.floor(this.random() * table.indexes.length), 1);
      return define(table.name, tree('', `drop index if exists ${name}`));
    }
    return define(table.name, tree('', draw < 0.95 ? `analyze ${table.name}` : `truncate ${table.name}`));
  }
}
