/** How emphasis is written. `plain` has no escape codes at all, `mono` keeps weight but no colour (NO_COLOR). */
export type Style = 'plain' | 'mono' | 'colour';

export type Tone = 'bold' | 'underline' | 'dim' | 'good' | 'bad' | 'warn' | 'accent';

const codes: Readonly<Record<Tone, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  underline: [4, 24],
  dim: [2, 22],
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  accent: [36, 39],
};
const weights: readonly Tone[] = ['bold', 'underline', 'dim'];

export function paint(style: Style, tone: Tone | undefined, text: string): string {
  if (tone === undefined || style === 'plain' || text === '') return text;
  if (style === 'mono' && !weights.includes(tone)) return text;
  const [on, off] = codes[tone];
  return `\u001B[${on}m${text}\u001B[${off}m`;
}

/** `2026-11-23 11:06` of an ISO time. */
export function minuteOf(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

/** `0.4 s`, `12 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`, `38 years`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`;
  const hours = Math.round(minutes / 60);
  const years = Math.round(hours / 24 / 365.25);
  return years >= 10 ? `${years} years` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes for people, in steps of 1000: `812 B`, `3.4 MB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${units[unit]}`;
}
