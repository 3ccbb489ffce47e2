import { studentQuantile } from './significance.ts';

/**
 * A number under one seed; `seed` is absent in an experiment without seeds. `source` is the stage that measured it:
 * where a seed changes nothing, several seeds share one stage, and one measurement must not pass for many.
 */
export type SeedValue = Readonly<{ seed?: number; value: number; source: string }>;

export type Summary = Readonly<{ mean: number; sd?: number; n: number }>;

/** Of a paired t test: where the true mean lies with 95 % confidence, and whether 0 lies outside. */
export type Interval = Readonly<{ low: number; high: number; excludesZero: boolean }>;

/** A difference of two rows, taken seed by seed: what the seeds share cancels. */
export type Difference = Readonly<{ mean: number; sd?: number; n: number; interval?: Interval }>;

const confidence = 0.95;

/** Mean and sample standard deviation (n - 1); undefined without numbers. */
export function summarise(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, n: 1 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)), n: values.length };
}

/** The same over distinct measurements. */
export function summariseSeeds(values: readonly SeedValue[]): Summary | undefined {
  return summarise([...new Map(values.map(({ source, value }) => [source, value])).values()]);
}

/** `ours - theirs` over the seeds that both have; undefined when they share none. */
export function pairedDifference(ours: readonly SeedValue[], theirs: readonly SeedValue[]): Difference | undefined {
  const bySeed = new Map(theirs.map((item) => [item.seed, item]));
  const differences = ours.flatMap(({ seed, value, source }) => {
    const other = bySeed.get(seed);
    return other === undefined ? [] : [{ value: value - other.value, source: `${source}\n${other.source}` }];
  });
  const summary = summariseSeeds(differences);
  return summary === undefined ? undefined : withInterval(summary);
}

/** A mean of differences with its interval, where it has one. */
export function withInterval(summary: Summary): Difference {
  const interval = meanInterval(summary);
  return interval === undefined ? summary : { ...summary, interval };
}

/**
 * Student's 95 % interval of a mean, n - 1 degrees of freedom. None for one value, and none where all values are equal:
 * scores come in steps, so that a few equal differences say nothing of how far the next would be.
 */
export function meanInterval({ mean, sd, n }: Summary): Interval | undefined {
  if (sd === undefined || sd <= 1e-9 * Math.max(1, Math.abs(mean))) return undefined;
  const reach = (studentQuantile(confidence, n - 1) * sd) / Math.sqrt(n);
  return { low: mean - reach, high: mean + reach, excludesZero: Math.abs(mean) > reach };
}

/** Per seed, the mean over columns; seeds that miss a column are left out, or the means would not be comparable. */
export function averageBySeed(columns: readonly (readonly SeedValue[])[]): readonly SeedValue[] {
  const [first, ...rest] = columns;
  if (first === undefined) return [];
  return first.flatMap(({ seed, value, source }) => {
    const others = rest.flatMap((column) => column.find((item) => item.seed === seed) ?? []);
    if (others.length < rest.length) return [];
    const sum = others.reduce((total, other) => total + other.value, value);
    const sources = [source, ...others.map((other) => other.source)].join('\n');
    return [{ ...(seed === undefined ? {} : { seed }), value: sum / columns.length, source: sources }];
  });
}

/** The number as it is printed: fixed decimals, never `-0.0`. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/** The same with a sign: `+1.9`, `-0.4`, `0.0`. */
export function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return Number(text) > 0 ? `+${text}` : text;
}
