// `npm run bench [name ...]`: runs every *.bench.mjs of this folder, or those named, one after another.
// Each exports `bench(): Promise<void>` and prints its own table.
import { readdirSync } from 'node:fs';

const asked = process.argv.slice(2);
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.slice(0, -'.bench.mjs'.length))
  .sort();
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no bench "${unknown.join('", "')}"; there are: ${names.join(', ')}`);
for (const name of asked.length > 0 ? asked : names) {
  process.stdout.write(`\n== ${name}\n`);
  const { bench } = await import(`./${name}.bench.mjs`);
  await bench();
}
