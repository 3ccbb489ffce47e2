import stringWidth from 'string-width';

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

/** Columns that a text takes on a terminal, escape codes not counted. */
export function widthOf(text: string): number {
  return /^[\x20-\x7E]*$/.test(text) ? text.length : stringWidth(text);
}

export function padLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

export function padRight(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Shortens in the middle, keeping more of the end: names of one table tend to differ there. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 1) return '…'.slice(0, width);
  const letters = [...text];
  const head = Math.floor((width - 1) / 3);
  let tail = width - 1 - head;
  while (tail > 0 && widthOf(letters.slice(-tail).join('')) > width - 1 - head) tail -= 1;
  return `${letters.slice(0, head).join('')}…${tail === 0 ? '' : letters.slice(-tail).join('')}`;
}

/** Breaks at spaces into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number, indent = ''): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** `0.4 s`, `12 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
