/** Random changes and definitions over random tables; queries are in random-queries.ts. */

import { Expressions, shortened } from './random-expressions.ts';
import { KEYS_MAX, Queries, SHOWN } from './random-queries.ts';
import { type RandomColumn, type RandomTable, randomIndex } from './random-schema.ts';
import { randomValue } from './random-values.ts';
import { define, type Step, step } from './step.ts';
import { bareType, copyOf, given, joined, nodesOf, optional, type Tree, tree } from './tree.ts';

export class Statements extends Queries {
  private indexNumber = 0;

  /** Any statement but CREATE TABLE. */
  any(table: RandomTable): Step {
    return this.chance(0.06) ? this.definition(table) : this.data(table);
  }

  /** A query or a change. */
  data(table: RandomTable): Step {
    const draw = this.random() * 0.94;
    if (draw < 0.52) return this.query(table);
    if (draw < 0.68) return this.insert(table);
    if (draw < 0.76) return this.upsert(table);
    if (draw < 0.88) return this.update(table);
    return this.remove(table);
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

  private returning(table: RandomTable, prefix = ''): Tree {
    if (!this.chance(0.5)) return tree('');
    if (this.chance(0.3)) return optional(` returning ${prefix}*`);
    const expressions = new Expressions(this.random, table, prefix);
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
    if (type === 'text' || type === 'varchar') return tree('text', 'left(', made, `, ${length})`);
    return type === 'bytea' ? tree(type, 'substr(', made, `, 1, ${length})`) : made;
  }

  private update(table: RandomTable): Step {
    const alias = this.chance(0.2) ? 'q.' : '';
    const expressions = new Expressions(this.random, table, alias);
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
    const [left, right] = columns;
    if (columns.length === 2 && columns.every(({ name }) => name !== 'id') && this.chance(0.4)) {
      const pair = [left, right].map((column) => this.kept(bareType(column.type), expressions));
      sets.splice(0, 2, tree('', `(${left.name}, ${right.name}) = ${this.pick(['', 'row '])}(`, joined(pair), ')'));
    }
    const where = one ? tree('', ' where id = ', given(table.columns[0].type, this.key(), true)) : this.where(expressions, 0.9);
    const head = `update ${table.name}${alias === '' ? '' : ' as q'} set `;
    const text = tree('', head, joined(sets, ', ', true), where, this.returning(table, alias));
    return step('change', table.name, text, { draws: table.hasSequence });
  }

  remove(table: RandomTable): Step {
    const alias = this.chance(0.2) ? 'q.' : '';
    const expressions = new Expressions(this.random, table, alias);
    const one = this.chance(0.5);
    const where = one
      ? tree('', ' where id = ', given(table.columns[0].type, this.key(), true))
      : tree('', ` where id % ${this.pick([3, 5, 7])} = ${this.pick([0, 1])} and `, expressions.condition(2));
    const head = `delete from ${table.name}${alias === '' ? '' : ' as q'}`;
    return step('change', table.name, tree('', head, where, this.returning(table, alias)));
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
