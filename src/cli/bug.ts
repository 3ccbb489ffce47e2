import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../folder.ts';

/** Writes the trace of an unexpected error to a file; returns the line that says where. */
export function reportBug(error: unknown, cache: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const [first = message] = message.split('\n');
  return `sea: ${first}\nThis is a bug in seagraph. Please report it with the trace in ${writeTrace(error, cache)}`;
}

function writeTrace(error: unknown, cache: string): string {
  const name = `error-${new Date().toISOString().replace(/[:.]/g, '-')}-${process.pid}.log`;
  const about = [`node ${process.version} on ${process.platform}`, `arguments: ${process.argv.slice(2).join(' ')}`];
  const text = `${[...about, '', traceOf(error)].join('\n')}\n`;
  for (const folder of [join(cache, 'errors'), tmpdir()]) {
    const file = join(folder, name);
    try {
      makeFolder(folder);
      writeFileSync(file, text);
      return file;
    } catch {
      // the cache itself may be what failed; the next place is tried
    }
  }
  return `this text, for no file could be written:\n${text}`;
}

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${traceOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
