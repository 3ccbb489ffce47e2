import { paint, type Style, sizeText } from '../report/style.ts';
import { openStore } from '../store/sqlite.ts';
import { type Verified, verify } from '../store/verify.ts';
import { count } from '../ui/words.ts';
import type { Context } from './context.ts';
import { json } from './output.ts';

/** `sea verify`: reads every output again. Fails when one was damaged; the next run makes it again. */
export async function verifyStore(options: Readonly<{ json?: boolean }>, { output, cache }: Context): Promise<number> {
  const store = openStore(cache, 'write');
  try {
    const result = await verify(store);
    output.out(options.json === true ? json(result) : resultText(result, output.style));
    return result.damaged.length === 0 ? 0 : 1;
  } finally {
    store.close();
  }
}

function resultText({ checked, bytes, damaged }: Verified, style: Style): string {
  const lines = damaged.flatMap(({ digest, stages, files, aside }) => {
    const what = files.every((file) => file === '') ? '' : `: ${files.slice(0, 5).join(', ')}`;
    const where = aside === undefined ? 'nothing of it is left' : `set aside at ${aside}`;
    return [`${paint(style, 'bad', 'damaged')} ${digest.slice(0, 12)} of ${stages.join(', ')}${what}`, `  ${where}`];
  });
  const words = damaged.length === 0 ? 'all as they were' : `${damaged.length} damaged; the next run makes them again`;
  return [...lines, `${count(checked, 'output')}, ${sizeText(bytes)}: ${words}`].join('\n');
}
