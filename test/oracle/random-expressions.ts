/** Random SQL expressions over the table t of engine/plan/bind/catalog-fixture.ts, leaning towards what is ambiguous. */

import { pick, type Random } from '../../engine/sblr/source-fixture.ts';

export const COLUMNS = 'id a b s v c n p f r i k d ts tz iv j u y'.split(' ');
const CONSTANTS = ["'1'", "'x'", 'null', '1', '1.5', '3000000000', 'true', "date '2020-01-01'", '0', '-7', '1e3', "''"];
const OPERATORS = '+ - * / % || = < >= <> ~~ ^ & << -> ->>'.split(' ');
const FUNCTIONS = (
  'abs round ceil length upper sqrt sign ascii to_hex md5 reverse initcap floor ln power mod substr left concat octet_length ' +
  'justify_days age date_trunc extract lpad replace chr repeat strpos to_char quote_literal'
).split(' ');
const TYPES = ['int', 'text', 'varchar(5)', 'char(3)', 'numeric(8,2)', 'date', 'timestamp', 'bool', 'float8', 'bigint'].concat([
  'smallint',
  'interval',
  'time',
  'uuid',
  'jsonb',
  'numeric',
  'real',
  'timestamptz',
]);
const AGGREGATES = 'count sum avg min max bool_and string_agg stddev bit_or every'.split(' ');

export interface Choice {
  /** Parameters may stand in it. */
  readonly parameters: boolean;
  readonly aggregates: boolean;
}

/** One operator, function or form over columns and constants; `depth` more below. */
export function randomExpression(random: Random, choice: Choice, depth = 0): string {
  const leaf = (): string => {
    if (choice.parameters && random() < 0.04) return '$1';
    return random() < 0.65 ? pick(random, COLUMNS) : pick(random, CONSTANTS);
  };
  const o = (): string =>
    depth > 0 && random() < 0.5 ? `(${randomExpression(random, { ...choice, aggregates: false }, depth - 1)})` : leaf();
  const plain = (): string => (random() < 0.65 ? pick(random, COLUMNS) : pick(random, CONSTANTS));
  const args = () => [plain(), o(), o()].slice(0, 1 + Math.floor(random() * 3)).join(', ');
  const forms: (() => string)[] = [
    () => `${o()} ${pick(random, OPERATORS)} ${o()}`,
    () => `${o()} ${pick(random, OPERATORS)} ${o()}`,
    () => `${o()} ${pick(random, OPERATORS)} ${o()}`,
    () => `coalesce(${o()}, ${o()})`,
    () => `case when k then ${o()} else ${o()} end`,
    () => `case ${o()} when ${o()} then 1 when ${o()} then 2 end`,
    () => `${pick(random, ['greatest', 'least'])}(${o()}, ${o()})`,
    () => `nullif(${o()}, ${o()})`,
    () => `${o()} ${pick(random, ['', 'not '])}in (${o()}, ${o()}, ${o()})`,
    () => `${o()} ${pick(random, ['', 'not '])}between ${pick(random, ['', 'symmetric '])}${o()} and ${o()}`,
    () => `${o()} is ${pick(random, ['', 'not '])}distinct from ${o()}`,
    () => `- ${o()}`,
    () => `${o()} ${pick(random, ['', 'not '])}like ${o()}`,
    () => `not ${o()}`,
    () => `${o()} ${pick(random, ['and', 'or'])} ${o()}`,
    () => `${pick(random, FUNCTIONS)}(${args()})`,
    () => `cast(${o()} as ${pick(random, TYPES)})`,
    () => `${o()} is ${pick(random, ['', 'not '])}${pick(random, ['null', 'true', 'false', 'unknown'])}`,
    () => `${pick(random, ['int4', 'text', 'date', 'float8'])}(${plain()})`,
  ];
  if (choice.aggregates && random() < 0.08) return `${pick(random, AGGREGATES)}(${plain()})`;
  return pick(random, forms)();
}
