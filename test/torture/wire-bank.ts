/**
 * What clients over the wire do, and what must be left of it: each moves amounts between accounts and writes down, in the same
 * transaction, which of its transfers it was.
 *
 *   account(id, amount)     the sum of all amounts stays 0, each is the sum of its transfers
 *   transfer(client, number, source, target, amount)     of each client: 1, 2, 3 ... without a gap, up to what was acknowledged or one more
 */

import type pg from 'pg';

const ACCOUNTS = 50;

export const CREATE_BANK = `create table account (id int primary key, amount bigint not null);
  insert into account select g, 0 from generate_series(1, ${ACCOUNTS}) g;
  create table transfer (client int, number int, source int, target int, amount int, primary key (client, number))`;

/** What a client was told. */
export interface Told {
  readonly client: number;
  /** Its last transfer whose commit was acknowledged. */
  acknowledged: number;
}

/** Failures that a client runs again after. */
const AGAIN = new Set(['40001', '40P01']);

/** The next transfer. False: it has failed and was rolled back. Rejects when the connection is lost. */
export async function transferOnce(client: pg.Client, told: Told, random: () => number): Promise<boolean> {
  const [source, target] = [1 + Math.floor(random() * ACCOUNTS), 1 + Math.floor(random() * ACCOUNTS)];
  const amount = 1 + Math.floor(random() * 1000);
  const number = told.acknowledged + 1;
  try {
    await client.query('begin');
    await client.query('update account set amount = amount - $1 where id = $2', [amount, source]);
    await client.query('update account set amount = amount + $1 where id = $2', [amount, target]);
    await client.query('insert into transfer values ($1, $2, $3, $4, $5)', [told.client, number, source, target, amount]);
    await client.query('commit');
  } catch (error) {
    if (!AGAIN.has((error as { code?: string }).code ?? '')) throw error;
    await client.query('rollback');
    return false;
  }
  told.acknowledged = number;
  return true;
}

const DIFFERENT = `select count(*) as wrong from account a where amount <>
  coalesce((select sum(t.amount) from transfer t where t.target = a.id), 0)
  - coalesce((select sum(t.amount) from transfer t where t.source = a.id), 0)`;

/** What is wrong; null: nothing. Those who were in doubt know now what became of their last transfer. */
export async function faultOfBank(client: pg.Client, told: readonly Told[]): Promise<string | null> {
  const { rows } = await client.query('select client, count(*)::int as count, max(number) as last from transfer group by client');
  for (const one of told) {
    const { count, last } = rows.find((row) => row.client === one.client) ?? { count: 0, last: 0 };
    if (count !== last) return `client ${one.client} has ${count} transfers, the last has number ${last}`;
    if (last < one.acknowledged) return `client ${one.client} was told of transfer ${one.acknowledged}, and ${last} is the last`;
    if (last > one.acknowledged + 1)
      return `client ${one.client} has transfer ${last}, and had begun ${one.acknowledged + 1} only`;
    one.acknowledged = last;
  }
  const sum = (await client.query('select sum(amount)::int as sum from account')).rows[0].sum;
  if (sum !== 0) return `the amounts sum up to ${sum}`;
  const { wrong } = (await client.query(DIFFERENT)).rows[0];
  return wrong === '0' ? null : `${wrong} accounts have not what their transfers say`;
}
