/**
 * Holds databases of PGlite and lends them, one a connection; started by run-tests.ts. `node test/peer/postgresql-host.ts SOCKET`
 * What a borrower leaves behind is dropped; an instance that cannot be cleared is closed.
 */
import { PGlite } from '@electric-sql/pglite';
import { createServer, type Socket } from 'node:net';
import { Frames, frameOf } from './frames.ts';

/** Each by itself: some of them want no transaction around. */
const CLEAR = [
  'rollback',
  'reset session authorization',
  'discard all',
  `do $$ declare it record; begin
  for it in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema$)' loop
    execute format('drop schema %I cascade', it.nspname);
  end loop;
  for it in select rolname from pg_roles where rolname !~ '^pg_' and rolname <> current_user loop
    execute format('drop owned by %I cascade', it.rolname);
    execute format('drop role %I', it.rolname);
  end loop;
end $$`,
  'create schema public',
  'grant usage on schema public to public',
  'set search_path to public',
];

const idle: PGlite[] = [];

/** Nothing of a borrower is left but numbers that grow. */
async function giveBack(instance: PGlite): Promise<void> {
  try {
    for (const statement of CLEAR) await instance.exec(statement);
    idle.push(instance);
  } catch (error) {
    console.error(`PostgreSQL could not be cleared, the next file gets a new one: ${error}`);
    await instance.close();
  }
}

function lend(socket: Socket): void {
  const frames = new Frames();
  const last = idle.pop();
  const lent = last === undefined ? PGlite.create() : Promise.resolve(last);
  let work: Promise<unknown> = lent;
  socket.on('data', (bytes: Buffer) => {
    for (const message of frames.take(bytes)) {
      work = work.then(async () => {
        const answer = await (await lent).execProtocolRaw(message, { syncToFs: false });
        if (!socket.destroyed) socket.write(frameOf(answer));
      });
      work.catch((error) => socket.destroy(error));
    }
  });
  // An error ends the connection; 'close' follows it.
  socket.on('error', () => {});
  socket.on('close', () => work.then(async () => giveBack(await lent)).catch((error) => console.error(`${error}`)));
}

const server = createServer(lend);
server.listen(process.argv[2], () => process.send?.('ready'));
// Whoever started this has gone.
process.on('disconnect', () => process.exit());
