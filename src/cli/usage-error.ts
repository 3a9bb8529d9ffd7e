/** A command line that makes no sense: exit status 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}
