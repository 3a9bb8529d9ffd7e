/** The values that are there more than once. */
export function repeated<T>(values: Iterable<T>): Set<T> {
  const [seen, again] = [new Set<T>(), new Set<T>()];
  for (const value of values) (seen.has(value) ? again : seen).add(value);
  return again;
}
