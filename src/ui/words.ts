import type { Why } from '../run/event.ts';
import type { Metrics } from '../stages/kind.ts';

/** Why a stage is in the state it is in, for people. */
export const whyWords: Readonly<Record<Why, string>> = {
  cached: 'cached',
  'never-run': 'never run',
  'params-changed': 'a parameter changed',
  'input-changed': 'an input changed',
  'version-changed': 'its kind has a new version',
  forced: 'forced',
  evicted: 'its output is no longer stored',
  'source-changed': 'a file that it reads changed',
  'input-runs': 'an input runs first',
  'source-missing': 'a file that it reads is not there',
  'input-blocked': 'an input cannot run',
};

/** A number as short as it can be told: 4 significant digits, no exponent below a million. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  if (size >= 1000) return value.toFixed(0);
  return String(Number(value.toPrecision(4)));
}

/** `loss 2.31, accuracy 55`: the first few numbers, headline numbers before details with dots in their names. */
export function metricsText(metrics: Metrics, most = 3): string {
  const entries = Object.entries(metrics);
  const plain = entries.filter(([name]) => !name.includes('.'));
  const shown = (plain.length > 0 ? plain : entries).slice(0, most);
  return shown.map(([name, value]) => `${name} ${shortNumber(value)}`).join(', ');
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
