import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The reference set: GOLDEN_DIR, or the one in test/golden. */
export const goldenDir = resolve(process.env['GOLDEN_DIR'] ?? join(import.meta.dirname, 'golden'));

export type GoldenCase = Readonly<{ name: string; kind: string } & Record<string, unknown>>;

/** Every folder of the set that holds `file`. */
export function goldenFolders(file: string): readonly string[] {
  return readdirSync(goldenDir).filter((name) => existsSync(join(goldenDir, name, file)));
}

export function goldenCases(folder: string): readonly GoldenCase[] {
  return (JSON.parse(readFileSync(join(goldenDir, folder, 'cases.json'), 'utf8')) as { cases: GoldenCase[] }).cases;
}
