// The few statistics that the tables need.

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, x) => sum + Math.log(x), 0) / values.length);
}

/** Least-squares slope of log y over log x: the exponent of a power law. */
export function exponent(xs, ys) {
  const u = xs.map(Math.log);
  const v = ys.map(Math.log);
  const mean = (a) => a.reduce((s, x) => s + x, 0) / a.length;
  const [mu, mv] = [mean(u), mean(v)];
  const up = u.reduce((s, x, i) => s + (x - mu) * (v[i] - mv), 0);
  return up / u.reduce((s, x) => s + (x - mu) ** 2, 0);
}
