import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { alive, BEAT, type Owner, self } from '../owner.ts';

/** One of several processes makes a file; it ends by release or with its process. */
export type Claim = Readonly<{ release(): Promise<void> }>;

/**
 * The right to make a file that others would make as well; undefined: somebody alive is making it. It saves work and
 * decides nothing: where two take over from a dead one at the same moment, both make the same bytes.
 */
export async function claim(file: string): Promise<Claim | undefined> {
  const path = `${file}.claim`;
  if (!(await create(path))) {
    if (await isHeld(path)) return undefined;
    await rm(path, { force: true });
    if (!(await create(path))) return undefined;
  }
  const beat = setInterval(() => void touch(path), BEAT);
  beat.unref();
  return {
    release: async () => {
      clearInterval(beat);
      await rm(path, { force: true });
    },
  };
}

async function create(path: string): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(self(Date.now())), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What others can see of an owner on another machine is the time of its file. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // released meanwhile
}

async function isHeld(path: string): Promise<boolean> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return alive({ ...ownerOf(text), beat: mtimeMs }, Date.now());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Somebody elsewhere, where the file is being written or was cut short: then its age decides. */
const NOBODY = { id: '', host: '', pid: 0, started: '' };

function ownerOf(text: string): Omit<Owner, 'beat'> {
  try {
    return { ...NOBODY, ...(JSON.parse(text) as Owner) };
  } catch {
    return NOBODY;
  }
}
