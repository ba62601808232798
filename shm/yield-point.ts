/**
 * Yield points: the places between two steps of a protocol where a test scheduler may let another session run.
 *
 * They cost nothing in production: a hot file copies TESTING into a module constant, which the compiler folds away.
 *
 *   const testing = TESTING;
 *   ...
 *   if (testing) yieldPoint('commit.published');
 */

/** True in test builds. Read once: a process is a test build from its first module on, or never. */
export const TESTING: boolean = process.env.SCRATCHBIRD_TEST_BUILD === '1';

/** Called at every yield point with its name. It returns when the session may go on, or throws to end it there. */
export type YieldHook = (name: string) => void;

let installed: YieldHook | null = null;

/** Installs the hook of this thread, or takes it out (null). Returns the one that was there, so that tests can nest. */
export function setYieldHook(hook: YieldHook | null): YieldHook | null {
  const before = installed;
  installed = hook;
  return before;
}

/** Lets the installed hook run; without one it returns at once. Names read `mechanism.step`. */
export function yieldPoint(name: string): void {
  if (installed !== null) installed(name);
}

/** True while a hook is installed: then waiting loops let it run instead of sleeping, so that others get their turn. */
export function hasYieldHook(): boolean {
  return installed !== null;
}
