/** The anomalies of isolation (test/sql/anomalies.ts) by clients of a server with several workers, at each level. */

import { type Played, type Player, playAnomalies } from '../sql/anomalies.ts';
import * as send from './raw-client.ts';
import { fieldsOf, type Message, type RawClient, rawClient, valuesOf } from './raw-client.ts';

const LOOK_MS = 2;

/** Rows as objects, by the names in their description. */
function rowsOf(messages: readonly Message[]): Record<string, unknown>[] {
  const described = messages.find(({ type }) => type === 'T');
  if (described === undefined) return [];
  const names: string[] = [];
  let at = 2;
  for (let count = described.body.readInt16BE(0); count > 0; count--) {
    const end = described.body.indexOf(0, at);
    names.push(described.body.toString('utf8', at, end));
    at = end + 19;
  }
  const values = messages.filter(({ type }) => type === 'D').map(valuesOf);
  return values.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
}

async function ask(client: RawClient, text: string): Promise<Message[]> {
  client.send(send.query(text));
  return await client.until('Z');
}

class WirePlayer implements Player {
  readonly #client: RawClient;
  readonly #watcher: RawClient;

  constructor(client: RawClient, watcher: RawClient) {
    this.#client = client;
    this.#watcher = watcher;
  }

  run(text: string): Promise<unknown> {
    return ask(this.#client, text);
  }

  async step(text: string): Promise<Played> {
    const call = { code: '', rows: [] as Record<string, unknown>[], answered: Promise.resolve() };
    let isAnswered = false;
    call.answered = ask(this.#client, text).then((messages) => {
      isAnswered = true;
      const error = messages.find(({ type }) => type === 'E');
      if (error !== undefined) call.code = fieldsOf(error).C;
      call.rows = rowsOf(messages);
    });
    while (!isAnswered && !(await this.#isWaiting()))
      await Promise.race([call.answered, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
    return call;
  }

  async #isWaiting(): Promise<boolean> {
    const waits = `select 1 as one from pg_locks where pid = ${this.#client.key?.process} and not granted`;
    return rowsOf(await ask(this.#watcher, waits)).length > 0;
  }
}

export async function isolationOverTheWire(port: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 4 }, () => rawClient(port)));
  const [watcher, ...others] = clients;
  await playAnomalies(
    others.map((client) => new WirePlayer(client, watcher)),
    (text) => ask(watcher, text),
    async (text) => rowsOf(await ask(watcher, text)),
  );
  await ask(watcher, 'drop table test');
  for (const client of clients) client.end();
}
