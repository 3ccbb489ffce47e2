import type { Problem } from '../problem.ts';
import { placeOf, type Source } from './node.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what YAML files may not hold
const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;
/** With the only line end that YAML knows besides LF and CR LF, and no editor writes any more. */
const unwanted = new RegExp(`${control.source}|\\r(?!\\n)`);

/** Whether a text is one line that shows as it is. */
export function isPrintable(text: string): boolean {
  return !control.test(text) && !/[\r\n\t]/.test(text);
}

/** False, with a problem, where a file holds what is no text. */
export function isText(source: Source, problems: Problem[]): boolean {
  const found = unwanted.exec(source.text);
  if (found === null) return true;
  const isReturn = found[0] === '\r';
  const number = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  problems.push({
    code: 'bad-character',
    message: isReturn ? 'a line ends with CR alone' : `U+${number} is no character of a text`,
    at: placeOf({ source, start: found.index }),
    hint: isReturn ? 'save the file with line ends LF or CR LF' : 'remove it; in double quotes it is written \\x..',
  });
  return false;
}
