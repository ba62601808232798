/**
 * Turn taking between the scheduler (main thread) and the sessions (one worker thread each): exactly one of them runs.
 *
 *   session s, 128 bytes from s * 128:
 *   +0  state    RUNNING | AT_POINT | WAITING | DONE
 *   +4  grant    turns given so far; the session sleeps on it, the scheduler adds one and wakes it
 *   +8  length   bytes of the point's name
 *   +16 name     what yieldPoint was called with, ASCII, cut at 112 bytes
 *   and one word behind all sessions: the scheduler's bell, which a session adds one to when it stops.
 *
 * A point whose name ends in 'wait' stands in a waiting loop: the session cannot get on until another one has moved, so the
 * scheduler does not give it a turn before that.
 */

export const RUNNING = 0;
export const AT_POINT = 1;
export const WAITING = 2;
export const DONE = 3;

const SESSION_BYTES = 128;
const GRANT_WORD = 1;
const LENGTH_WORD = 2;
const NAME_BYTE = 16;
const NAME_BYTES_MAX = SESSION_BYTES - NAME_BYTE;
/**
 * A session that does not stop within so many looks, a second apart, is stuck outside every yield point. Looks are counted, not the clock:
 * a process that was stopped for a while has looked once.
 */
const LOOKS_MAX = 120;
const LOOK_MILLISECONDS = 1000;

export type TurnBuffer = SharedArrayBuffer;

export function createTurns(sessions: number): TurnBuffer {
  return new SharedArrayBuffer(SESSION_BYTES * (sessions + 1));
}

const sessionWord = (session: number): number => (session * SESSION_BYTES) >>> 2;
const bellWord = (words: Int32Array): number => (words.length * 4 - SESSION_BYTES) >>> 2;

/** Session side: reports where it stands, then sleeps until it is given the next turn. */
export function stopAt(buffer: TurnBuffer, session: number, name: string): void {
  const words = new Int32Array(buffer);
  const bytes = new Uint8Array(buffer);
  const word = sessionWord(session);
  const length = Math.min(name.length, NAME_BYTES_MAX);
  for (let i = 0; i < length; i++) bytes[session * SESSION_BYTES + NAME_BYTE + i] = name.charCodeAt(i);
  words[word + LENGTH_WORD] = length;
  const granted = Atomics.load(words, word + GRANT_WORD);
  report(words, word, name.endsWith('wait') ? WAITING : AT_POINT);
  while (Atomics.load(words, word + GRANT_WORD) === granted) Atomics.wait(words, word + GRANT_WORD, granted);
}

/** Session side: this session has nothing more to do in this run. */
export function finish(buffer: TurnBuffer, session: number): void {
  const words = new Int32Array(buffer);
  report(words, sessionWord(session), DONE);
}

function report(words: Int32Array, word: number, state: number): void {
  Atomics.store(words, word, state);
  Atomics.add(words, bellWord(words), 1);
  Atomics.notify(words, bellWord(words));
}

/** Scheduler side: the state in which the session stopped. */
export function stateOf(buffer: TurnBuffer, session: number): number {
  return Atomics.load(new Int32Array(buffer), sessionWord(session));
}

/** Scheduler side: the name of the point where the session stands. */
export function pointOf(buffer: TurnBuffer, session: number): string {
  const length = new Int32Array(buffer)[sessionWord(session) + LENGTH_WORD];
  const start = session * SESSION_BYTES + NAME_BYTE;
  return Buffer.from(new Uint8Array(buffer).slice(start, start + length)).toString('latin1');
}

/** Scheduler side: lets the session run on, and returns when it has stopped again. */
export function giveTurn(buffer: TurnBuffer, session: number): void {
  const words = new Int32Array(buffer);
  const word = sessionWord(session);
  Atomics.store(words, word, RUNNING);
  Atomics.add(words, word + GRANT_WORD, 1);
  Atomics.notify(words, word + GRANT_WORD);
  awaitStop(buffer, session);
}

/** Scheduler side: returns when the session stands at a point or is done; throws when it is stuck. */
export function awaitStop(buffer: TurnBuffer, session: number): void {
  const words = new Int32Array(buffer);
  const word = sessionWord(session);
  const bell = bellWord(words);
  for (let looks = 0; looks < LOOKS_MAX; ) {
    const rung = Atomics.load(words, bell);
    if (Atomics.load(words, word) !== RUNNING) return;
    if (Atomics.wait(words, bell, rung, LOOK_MILLISECONDS) === 'timed-out') looks++;
  }
  throw new Error(`session ${session} hangs between yield points, last at '${pointOf(buffer, session)}'`);
}

/** Scheduler side, between two runs: every session counts as running until it reports again. */
export function resetTurns(buffer: TurnBuffer, sessions: number): void {
  const words = new Int32Array(buffer);
  for (let session = 0; session < sessions; session++) Atomics.store(words, sessionWord(session), RUNNING);
}
