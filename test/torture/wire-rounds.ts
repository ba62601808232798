/**
 * Rounds over the wire: clients of a server move amounts, the process is ended with kill -9, started again, and must have kept all that
 * it acknowledged (wire-bank.ts).
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CREATE_BANK, faultOfBank, type Told, transferOnce } from './wire-bank.ts';
import { freePort, WireServer } from './wire-server.ts';

const CLIENTS = 8;

export interface WireTotals {
  rounds: number;
  /** Transfers that were acknowledged. */
  transfers: number;
  /** Milliseconds from the start of the process to the first answer, after a kill. */
  longestRestart: number;
}

export interface WireResult {
  readonly totals: WireTotals;
  readonly failure: string | null;
}

/** A round's load: until the server is gone. */
async function load(server: WireServer, told: Told, random: () => number, isOver: () => boolean): Promise<void> {
  try {
    const client = await server.client();
    while (!isOver()) await transferOnce(client, told, random);
    await client.end();
  } catch (error) {
    if (!isOver()) throw error;
  }
}

/** Random numbers that follow from a seed. */
export function randomOf(seed: number): () => number {
  let state = seed % 2147483647 || 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

async function round(
  server: WireServer,
  told: readonly Told[],
  random: () => number,
  totals: WireTotals,
): Promise<string | null> {
  let isOver = false;
  const begun = told.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const loads = told.map((one) => load(server, one, randomOf(1 + Math.floor(random() * 1e9)), () => isOver));
  await new Promise((resolve) => setTimeout(resolve, 200 + random() * 1000));
  isOver = true;
  await server.end('SIGKILL');
  await Promise.all(loads);
  totals.transfers += told.reduce((sum, { acknowledged }) => sum + acknowledged, 0) - begun;
  const started = performance.now();
  await server.start();
  const client = await server.client();
  await client.query('select 1');
  totals.longestRestart = Math.max(totals.longestRestart, performance.now() - started);
  const fault = await faultOfBank(client, told);
  await client.end();
  totals.rounds++;
  return fault;
}

/** So many rounds, or as many as there is time for. */
export async function runWireRounds(
  seed: number,
  rounds: number,
  seconds: number,
  progress: (totals: WireTotals) => void,
): Promise<WireResult> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-wire-torture-'));
  const server = new WireServer(join(directory, 'data'), await freePort(), ['--cache', '64MB']);
  const totals: WireTotals = { rounds: 0, transfers: 0, longestRestart: 0 };
  const random = randomOf(seed);
  const told = Array.from({ length: CLIENTS }, (_, client): Told => ({ client, acknowledged: 0 }));
  const until = performance.now() + seconds * 1000;
  let failure: string | null = null;
  try {
    await server.start();
    const client = await server.client();
    await client.query(CREATE_BANK);
    await client.end();
    while (failure === null && totals.rounds < rounds && performance.now() < until) {
      failure = await round(server, told, random, totals);
      progress(totals);
    }
  } finally {
    await server.end('SIGTERM');
  }
  if (failure === null) rmSync(directory, { recursive: true });
  else failure += `\nround ${totals.rounds}, seed ${seed}; the database is in ${directory}`;
  return { totals, failure };
}
