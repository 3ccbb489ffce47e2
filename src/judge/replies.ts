import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '../hash.ts';
import { ProblemError } from '../problem.ts';

/** Replies that were paid for once, one file each under the digest of their request. */
export interface Replies {
  get(request: string): Promise<string | undefined>;
  keep(request: string, reply: string): Promise<void>;
}

/**
 * Replies in a folder. A reply lies there whole or not at all, so that a killed run has every one that came, and several
 * processes may use the folder at once.
 */
export function openReplies(folder: string): Replies {
  const fileOf = (request: string): string => {
    const digest = sha256(request);
    return join(folder, digest.slice(0, 2), `${digest}.json`);
  };
  return {
    async get(request) {
      const file = fileOf(request);
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (text === undefined) return undefined;
      const reply = replyIn(text);
      if (reply !== undefined) return reply;
      throw new ProblemError({
        code: 'damaged-reply',
        message: `${file} holds no reply`,
        hint: 'remove the file: the judge is asked again',
      });
    },
    async keep(request, reply) {
      const file = fileOf(request);
      await mkdir(dirname(file), { recursive: true });
      const fresh = `${file}.${process.pid}.new`;
      await writeFile(fresh, `${JSON.stringify({ request: JSON.parse(request) as unknown, reply })}\n`);
      await rename(fresh, file);
    },
  };
}

function replyIn(text: string): string | undefined {
  try {
    const { reply } = JSON.parse(text) as { reply?: unknown };
    return typeof reply === 'string' ? reply : undefined;
  } catch {
    return undefined;
  }
}
