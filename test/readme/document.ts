import { readFileSync } from 'node:fs';
import { dirname, join, normalize, posix, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..', '..');
export const fileText = (path: string): string => readFileSync(join(root, path), 'utf8');
export const readme = fileText('README.md');

/** Code blocks of a language, in order, without fences. */
export function blocks(language: string): readonly string[] {
  return Array.from(
    readme.matchAll(/^```(\w+)\n(.*?)^```$/gms),
    ([, name, text = '']) => [name, text] as const,
  ).flatMap(([name, text]) => (name === language ? [text] : []));
}

/** `code` in running text and tables. */
export function inlineCode(): readonly string[] {
  const prose = readme.replace(/^```.*?^```$/gms, '');
  return Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, text = '']) => text);
}

/** An example as it reads once it has moved to its place below src/: only where its imports lead changes. */
export function movedText(from: string, to: string): string {
  return fileText(from).replace(/from '(\.[^']*)'/g, (whole, path: string) => {
    const target = normalize(join(dirname(from), path));
    if (!target.startsWith('src/')) return whole;
    const moved = posix.relative(dirname(to), target);
    return `from '${moved.startsWith('.') ? moved : `./${moved}`}'`;
  });
}

/** The lines of `part` that are not, in this order, lines of `whole`; a comment after two spaces is not compared. */
export function foreignLines(part: string, whole: string): readonly string[] {
  const lines = whole.split('\n').map((line) => line.trimEnd());
  let at = 0;
  return part
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ {2}# .*$/, '').trimEnd())
    .filter((line) => {
      const found = lines.indexOf(line, at);
      if (found >= 0) at = found + 1;
      return found < 0;
    });
}

/** What a shell makes of a command line: words without quotes, without the comment behind them. */
export function words(line: string): readonly string[] {
  const found = line.replace(/ +# .*$/, '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g);
  return Array.from(found, ([, single, double, bare]) => single ?? double ?? bare ?? '');
}

export type Exchange = Readonly<{ command: string; output: string }>;

/** A console block as commands and what the README says they print. */
export function exchanges(block: string): readonly Exchange[] {
  return block.split(/^\$ /m).flatMap((part) => {
    const [command = '', ...output] = part.trimEnd().split('\n');
    return command === '' ? [] : [{ command, output: output.join('\n') }];
  });
}

/** A printed text as a pattern: times, dates and keys are any, a line `...` stands for any lines. */
export function patternOf(output: string): RegExp {
  const lines = output.split('\n').map((line) => {
    if (line === '...') return '(?:.*\\n)*?';
    const escaped = line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return `${escaped
      .replace(/\d+\\\.\d s\b/g, '\\d+\\.\\d s')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC')
      .replace(/key [0-9a-f]{12}/g, 'key [0-9a-f]{12}')}\\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}
