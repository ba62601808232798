/** What the shell itself has to complain of: said as it is, without a code. */
export class ShellError extends Error {
  override readonly name = 'ShellError';
}
